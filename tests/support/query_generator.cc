#include "tests/support/query_generator.h"

#include "libprom/model/sample.h"

namespace prom::test {

int QueryGenerator::below(int count) {
  return std::uniform_int_distribution<int>(0, count - 1)(random_);
}

OracleSeries QueryGenerator::series() {
  constexpr std::int64_t kHourMs = 3'600'000;
  OracleSeries all;
  for (const char* name : {"requests_total", "memory", "load"}) {
    for (const char* x : {"1", "2"}) {
      for (const char* y : {"a", "b", "c"}) {
        if (chance(25)) continue;
        const bool counter = name[0] == 'r';
        auto& points = all[Labels{{"__name__", name}, {"x", x}, {"y", y}}];
        double value = below(100);
        const int interval = 10'000 + below(4) * 10'000;
        for (std::int64_t t = below(20'000); t < kHourMs;
             t += interval + below(500)) {
          if (chance(3)) t += interval * (1 + below(20));  // a gap
          if (counter && chance(3)) value = 0;
          value =
              counter ? value + below(50) / 4.0 : below(20'000) / 7.0 - 1000;
          points[t] = value;
          if (chance(1)) points[t] = normal_nan();
          if (chance(2)) points[t] = stale_nan();
        }
      }
    }
  }
  return all;
}

std::string QueryGenerator::modifiers() {
  std::string text;
  if (chance(15)) text += " offset " + one_of("1m", "7m", "-3m", "33s");
  if (chance(7)) text += " @ " + one_of("600", "1234.5", "3000");
  return text;
}

std::string QueryGenerator::selector() {
  std::string text = one_of("requests_total", "memory", "load", "missing");
  if (chance(40)) {
    text += one_of(R"({x="1"})", R"({y=~"a|b"})", R"({y!="c"})",
                   R"({x!~"2.*",y="a"})");
  }
  return text;
}

std::string QueryGenerator::window(int depth) {
  const std::string range = one_of("1m", "2m30s", "5m", "17m");
  std::string inner = selector() + "[" + range + "]" + modifiers();
  if (depth > 0 && chance(20)) {
    inner = "(" + vector(depth - 1) + ")[" + range + ":" +
            one_of("", "20s", "47s", "1m") + "]" + modifiers();
  }
  if (chance(10)) {
    return "quantile_over_time(" + one_of("0.3", "0.9", "1") + "," + inner +
           ")";
  }
  if (chance(10)) {
    return "predict_linear(" + inner + "," + one_of("60", "-10") + ")";
  }
  return one_of("rate", "increase", "delta", "irate", "idelta", "resets",
                "changes", "deriv", "sum_over_time", "avg_over_time",
                "min_over_time", "max_over_time", "count_over_time",
                "last_over_time", "first_over_time", "present_over_time",
                "stddev_over_time", "stdvar_over_time", "absent_over_time") +
         "(" + inner + ")";
}

std::string QueryGenerator::scalar(int depth) {
  if (depth > 0 && chance(20)) return "scalar(" + vector(depth - 1) + ")";
  if (chance(15)) return "time()";
  if (chance(10)) return "(" + scalar(0) + " * " + scalar(0) + ")";
  return one_of("0", "1", "2.5", "-3", "100", "1e3");
}

std::string QueryGenerator::binary(int depth) {
  const std::string lhs = "(" + vector(depth - 1) + ")";
  if (chance(35)) {
    const std::string op =
        one_of("+", "-", "*", "/", "%", ">", "<=", "==", "> bool", "!= bool");
    return chance(50) ? lhs + op + scalar(depth - 1)
                      : scalar(depth - 1) + op + lhs;
  }
  const std::string rhs = "(" + vector(depth - 1) + ")";
  const std::string match =
      one_of("", " on(x,y) ", " ignoring(y) ", " on(x) ", " on() ");
  if (chance(35)) {
    return lhs + one_of(" and ", " or ", " unless ") + match + rhs;
  }
  std::string group;
  if (!match.empty() && chance(50)) {
    group = one_of(" group_left ", " group_right ", " group_left(y) ");
  }
  return lhs + one_of("+", "-", "*", "/", ">", "< bool ") + match + group + rhs;
}

std::string QueryGenerator::aggregate(int depth) {
  const std::string by =
      one_of("", " by (x) ", " by (x,y) ", " without (y) ", " by (none) ");
  const std::string inner = "(" + vector(depth - 1) + ")";
  if (chance(15)) {
    return one_of("topk", "bottomk") + by + "(" + one_of("1", "2", "0") + "," +
           inner + ")";
  }
  if (chance(10)) {
    return "quantile" + by + "(" + one_of("0.5", "0.95") + "," + inner + ")";
  }
  return one_of("sum", "avg", "count", "min", "max", "group", "stddev",
                "stdvar") +
         by + inner;
}

std::string QueryGenerator::vector(int depth) {
  if (depth <= 0) return chance(60) ? selector() + modifiers() : window(0);
  const int choice = below(100);
  if (choice < 15) return selector() + modifiers();
  if (choice < 40) return window(depth);
  if (choice < 60) return aggregate(depth);
  if (choice < 82) return binary(depth);
  if (choice < 85) return "absent(" + vector(depth - 1) + ")";
  if (choice < 88) return "vector(" + scalar(depth - 1) + ")";
  if (choice < 91) return "-(" + vector(depth - 1) + ")";
  if (choice < 94) return "clamp_min(" + vector(depth - 1) + ", 5)";
  return one_of("abs", "ceil", "floor", "sqrt", "sgn", "round") + "(" +
         vector(depth - 1) + ")";
}

std::string QueryGenerator::expression() {
  return chance(5) ? scalar(3) : vector(3);
}

}  // namespace prom::test
