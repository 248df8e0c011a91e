#include "libprom/store/metrics.h"

#include <gtest/gtest.h>

#include "libprom/exposition/parser.h"

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

TEST(StoreMetrics, AreAnExpositionThatParses) {
  TemporaryDirectory directory;
  FakeClock clock;
  auto writer = Writer::open(directory.path() + "/store", {},
                             os::real_file_system(), clock);
  ASSERT_TRUE(writer) << writer.error().message;
  const wire::Loose loose{
      .source = 1,
      .sequence = 1,
      .items = {{Labels{{"__name__", "a"}}, clock.wall_ms(), 1}}};
  ASSERT_TRUE((*writer)->add(loose));
  ASSERT_TRUE((*writer)->commit());

  StoreMetrics metrics;
  metrics.clients = 3;
  const std::string text = metrics.text(**writer);
  exposition::Parser parser(text, exposition::Format::kText);
  int samples = 0;
  while (true) {
    const auto item = parser.next();
    ASSERT_TRUE(item) << item.error().message;
    if (*item == exposition::Parser::Item::kEnd) break;
    samples += *item == exposition::Parser::Item::kSample ? 1 : 0;
  }
  EXPECT_GT(samples, 25);
  EXPECT_NE(text.find("prometheus_tsdb_head_series 1\n"), std::string::npos);
  EXPECT_NE(text.find("prom_store_append_clients_total 3\n"),
            std::string::npos);
  EXPECT_NE(text.find("\nprocess_start_time_seconds "), std::string::npos);
}

}  // namespace
}  // namespace prom::store
