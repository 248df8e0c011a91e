// Any bytes as a template, executed as text and as HTML over hostile data:
// nothing crashes, nothing runs on, and no output is longer than the limit.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "libprom/template/alert_data.h"
#include "libprom/template/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace prom::templates;
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  NotificationData notification;
  notification.status = "firing";
  notification.group_labels = {{{"alertname", "<script>"}, {"a", "\"'"}}};
  notification.alerts.push_back(
      {.status = "firing", .labels = {{{"x", "{{ . }}"}}}});
  for (const Functions* functions :
       {&alertmanager_functions(), &prometheus_functions()}) {
    const TemplateSet set(*functions);
    for (const bool html : {false, true}) {
      const auto out = set.expand(text, to_value(notification), {.html = html});
      if (out && out->size() > kOutputBytesMax) std::abort();
    }
  }
  return 0;
}
