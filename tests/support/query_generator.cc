#include "tests/support/query_generator.h"

#include <cmath>
#include <limits>

#include "libprom/model/sample.h"

namespace prom::test {

namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr double kInf = std::numeric_limits<double>::infinity();

}  // namespace

int QueryGenerator::below(int count) {
  return std::uniform_int_distribution<int>(0, count - 1)(random_);
}

std::string QueryGenerator::one_of(std::initializer_list<const char*> choices) {
  return choices.begin()[below(static_cast<int>(choices.size()))];
}

// -- Data

std::vector<std::int64_t> QueryGenerator::sample_times() {
  std::vector<std::int64_t> times;
  const int interval_s = 10 + below(4) * 10;
  for (std::int64_t t = below(20); t * 1000 < kHourMs;
       t += interval_s + below(3)) {
    if (chance(3)) t += interval_s * (1 + below(20));  // a gap
    times.push_back(t * 1000);
  }
  return times;
}

double QueryGenerator::gauge_value() {
  if (chance(2)) return normal_nan();
  if (chance(1)) return chance(50) ? kInf : -kInf;
  if (chance(2)) return chance(50) ? -0.0 : 0.0;
  return (below(2'000) - 600) / 4.0;
}

void QueryGenerator::add_floats(OracleData& data, bool counter) {
  const char* names[] = {"memory", "load", "exotic.metric"};
  const char* counters[] = {"requests_total", "errors_total", "work"};
  for (int i = 0; i < 3; ++i) {
    for (const char* x : {"1", "2"}) {
      for (const char* y : {"a", "b", "c"}) {
        if (chance(35)) continue;
        LabelsBuilder labels;
        labels.set("__name__", counter ? counters[i] : names[i]);
        labels.set("x", x).set("y", y);
        if (!counter && i == 2) {
          labels.set("odd name", "\x1b[31m\"\\\n").set("y", "\u2603");
          labels.set("instance", y);
        }
        if (counter && i == 1) labels.set("__type__", "counter");
        if (chance(3)) labels.set("extra", "z");
        auto& samples = data[labels.build()];
        double value = below(100);
        std::int64_t start = 0;
        for (const std::int64_t t : sample_times()) {
          if (counter && chance(3)) {
            value = 0;
            start = t - 1'000 * below(20);
          }
          value = counter ? value + below(50) / 4.0 : gauge_value();
          samples[t] = {{value, {}}, start};
          if (counter && chance(1)) samples[t].value.number = normal_nan();
          if (chance(2)) samples[t].value.number = stale_nan();
        }
      }
    }
  }
}

OracleHistogram QueryGenerator::histogram(bool custom) {
  OracleHistogram h;
  if (custom) {
    h.schema = kCustomBucketsSchema;
    h.bounds = chance(80) ? std::vector<double>{-1, 0, 1, 5, 10}
                          : std::vector<double>{0, 1, 10, 100};
  } else {
    h.schema = chance(80) ? 1 : below(4) - 1;
    // A zero bucket must not end inside of another one.
    h.zero_threshold = h.schema < 0 || chance(85) ? 0.001 : 0.5;
  }
  return h;
}

// One series' histograms grow from sample to sample as counters do.
void QueryGenerator::add_histograms(OracleData& data) {
  for (const char* name : {"hist", "hist_gauge", "nhcb", "mixed", "both"}) {
    for (const char* x : {"1", "2", "3"}) {
      if (chance(25)) continue;
      auto& samples = data[Labels{{"__name__", name}, {"x", x}, {"y", "a"}}];
      const bool gauge = std::string(name) == "hist_gauge";
      const bool mixed = std::string(name) == "mixed";
      bool custom = std::string(name) == "nhcb";
      OracleHistogram h = histogram(custom);
      for (const std::int64_t t : sample_times()) {
        if (chance(4)) {  // restarted, perhaps as something else
          if (mixed && chance(30)) custom = !custom;
          h = histogram(custom);
          if (chance(30)) h.hint = CounterResetHint::kReset;
        } else {
          h.hint = chance(20) ? CounterResetHint::kNotReset
                              : CounterResetHint::kUnknown;
        }
        for (int i = below(6); i > 0; --i) {
          const int size = custom ? static_cast<int>(h.bounds.size()) + 1 : 8;
          const double seen = 1 + below(4);
          const int bucket = below(size) - (custom ? 0 : 3);
          if (custom || chance(70)) {
            h.positive[bucket] += seen;
          } else if (chance(60)) {
            h.negative[bucket] += seen;
          } else {
            h.zero_count += seen;
          }
          h.count += seen;
          h.sum += seen * bucket / 2;
        }
        // The zero bucket has to end where a bucket does not begin inside.
        if (h.zero_threshold > 0.1) {
          std::erase_if(h.positive, [&](const auto& b) {
            if (b.first <= 0) h.zero_count += b.second;
            return b.first <= 0;
          });
          std::erase_if(h.negative, [&](const auto& b) {
            if (b.first <= 0) h.zero_count += b.second;
            return b.first <= 0;
          });
        }
        OracleHistogram seen = h;
        if (gauge) seen.hint = CounterResetHint::kGauge;
        if (chance(2)) seen.sum = normal_nan();
        if (chance(2)) seen.sum = stale_nan();
        if (std::isnan(seen.sum) && chance(50)) seen.count += 3;
        samples[t].value.histogram = std::move(seen);
        if (mixed && chance(25)) samples[t] = {{gauge_value(), {}}, 0};
      }
    }
  }
}

void QueryGenerator::add_classic(OracleData& data) {
  for (const char* name : {"latency_bucket", "both"}) {
    for (const char* x : {"1", "2"}) {
      if (chance(25)) continue;
      const auto times = sample_times();
      double total = 0;
      int rank = 0;
      for (const char* le : {"0.5", "1", "2.5", "+Inf", "soon"}) {
        if (chance(6) || (rank == 4 && chance(80))) continue;
        auto& samples =
            data[Labels{{"__name__", name}, {"x", x}, {"y", "a"}, {"le", le}}];
        double value = total;
        for (const std::int64_t t : times) {
          value += (++rank % 3) * (1 + below(5));
          const bool broken = chance(2);
          samples[t] = {{broken ? value / 2 : value, {}}, 0};
        }
        total += 100;
      }
    }
  }
}

void QueryGenerator::add_info(OracleData& data) {
  for (const char* instance : {"a", "b", "c"}) {
    for (const char* name : {"target_info", "build_info", "up"}) {
      if (chance(25)) continue;
      const std::string version = std::to_string(below(3));
      LabelsBuilder labels;
      labels.set("__name__", name).set("instance", instance).set("job", "j");
      if (name[0] != 'u') labels.set("version", version);
      auto& samples = data[labels.build()];
      for (const std::int64_t t : sample_times()) samples[t] = {{1, {}}, 0};
    }
  }
}

OracleData QueryGenerator::data() {
  OracleData all;
  add_floats(all, true);
  add_floats(all, false);
  add_histograms(all);
  add_classic(all);
  add_info(all);
  return all;
}

OracleTimes QueryGenerator::times() {
  const std::int64_t start = 600'000 + below(2'400) * 1'000;
  if (chance(50)) return {start, start, 0};
  const std::int64_t step = 1'000 * (1 + below(chance(50) ? 60 : 400));
  return {start, start + step * below(8) + below(2) * 500, step};
}

// -- Selectors

std::string QueryGenerator::modifiers() {
  std::string text;
  if (chance(12)) {
    text += " offset " +
            one_of({"1m", "7m", "-3m", "33s", "(2*30s)", "-47s", "0s"});
  }
  if (chance(7)) {
    text += " @ " + one_of({"600", "1234.5", "3000", "start()", "end()"});
  }
  return text;
}

std::string QueryGenerator::selector() {
  std::string text = one_of(
      {"requests_total", "errors_total", "work", "memory", "load", "hist",
       "hist_gauge", "nhcb", "mixed", "both", "latency_bucket", "up", "missing",
       R"({"exotic.metric"})", R"({__name__=~"requests_total|memory"})",
       R"({__name__=~"hist|load",x="1"})", R"({x="1"})", "target_info"});
  if (text.back() != '}' && chance(40)) {
    text += one_of({R"({x="1"})", R"({y=~"a|b"})", R"({y!="c"})",
                    R"({x!~"2.*",y="a"})", R"({x=~".+"})", R"({extra=""})",
                    R"({y=~"(?i)A"})", R"({x="1",x!="2"})"});
  }
  return text;
}

std::string QueryGenerator::range_selector() {
  return selector() + "[" +
         one_of({"10s", "1m", "2m30s", "5m", "17m", "(30s+1m)", "5m", "90"}) +
         "]";
}

std::string QueryGenerator::range(int depth) {
  if (depth > 0 && chance(22)) {
    return "(" + vector(depth - 1) + ")[" + one_of({"1m", "3m", "8m"}) + ":" +
           one_of({"", "20s", "47s", "1m", "2m"}) + "]" + modifiers();
  }
  return range_selector() + modifiers();
}

// -- Expressions

std::string QueryGenerator::fill(std::string_view form, int depth) {
  std::string text;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const char kind =
        form[i] == '$' && i + 1 < form.size() ? form[i + 1] : '\0';
    if (kind == 'v') {
      text += vector(depth - 1);
    } else if (kind == 's') {
      text += scalar(depth - 1);
    } else if (kind == 'r') {
      text += range(depth - 1);
    } else {
      text += form[i];
      continue;
    }
    ++i;
  }
  return text;
}

std::string QueryGenerator::scalar(int depth) {
  if (depth > 0 && chance(15)) return "scalar(" + vector(depth - 1) + ")";
  if (depth > 0 && chance(15)) {
    return "(" + scalar(depth - 1) +
           one_of({"+", "-", "*", "/", "%", "^", " atan2 ", "== bool ",
                   "> bool "}) +
           scalar(depth - 1) + ")";
  }
  if (depth > 0 && chance(6)) {
    return fill(one_of({"max_of($s,$s)", "min_of($s,$s)", "-$s"}), depth);
  }
  if (chance(8)) {
    return one_of({"time()", "pi()", "start()", "end()", "range()", "step()"});
  }
  return one_of({"0", "1", "2", "2.5", "-3", "100", "1e3", "0.5", "0.9", "NaN",
                 "Inf", "-Inf", "-0.0", "3", "0x10", "5m"});
}

std::string QueryGenerator::label_list() {
  return one_of({"(x)", "(x,y)", "(y)", "()", "(none)", "(__name__)",
                 "(instance)", "(le)", "(x,le)", "(y,\"odd name\")"});
}

std::string QueryGenerator::binary(int depth) {
  const std::string op =
      one_of({"+", "-", "*", "/", "%", "^", " atan2 ", ">", "<",
              "<=", ">=", "==", "!=", "> bool ", "!= bool ", "== bool ",
              "<= bool ", "</", ">/"});
  if (chance(35)) {
    return chance(60) ? fill("($v)" + op + "$s", depth)
                      : fill("$s" + op + "($v)", depth);
  }
  std::string match;
  if (chance(60)) match = one_of({" on", " ignoring"}) + label_list();
  if (chance(30)) {
    return fill("($v)" + one_of({" and", " or", " unless"}) + match + "($v)",
                depth);
  }
  if (!match.empty() && chance(45)) {
    match += one_of({" group_left", " group_right"}) +
             one_of({"", "", "()", "(y)", "(version)", "(x,y)"});
  }
  if (chance(12)) {
    match += one_of({" fill(0)", " fill_left(2)", " fill_right(-1.5)",
                     " fill_left(1) fill_right(2)"});
  }
  return fill("($v)" + op + match + "($v)", depth);
}

std::string QueryGenerator::aggregate(int depth) {
  std::string by;
  if (chance(75)) by = one_of({" by", " without"}) + label_list() + " ";
  if (chance(25)) {
    const std::string form =
        one_of({"topk%(", "bottomk%(", "limitk%(", "limit_ratio%("});
    const std::string count =
        chance(80) ? (form[5] == '_' ? one_of({"0.5", "-0.3", "0.9", "1", "2"})
                                     : one_of({"1", "2", "3", "0", "2.7"}))
                   : "$s";
    std::string text = form + count + ",$v)";
    text.replace(text.find('%'), 1, by);
    return fill(text, depth);
  }
  if (chance(10)) return fill("quantile" + by + "($s,$v)", depth);
  if (chance(7)) {
    return fill("count_values" + by + R"~(("v",$v))~", depth);
  }
  return one_of({"sum", "sum", "avg", "count", "min", "max", "group", "stddev",
                 "stdvar"}) +
         by + "(" + vector(depth - 1) + ")";
}

std::string QueryGenerator::histogram_call(int depth) {
  const char* inner[] = {"$v",
                         "hist",
                         "nhcb",
                         "both",
                         "latency_bucket",
                         "rate(hist[5m])",
                         "sum by (x,le) (rate(latency_bucket[3m]))",
                         "sum(hist)",
                         R"({__name__=~"both|hist"})",
                         "increase(nhcb[4m])"};
  std::string form = one_of(
      {"histogram_count(%)", "histogram_sum(%)", "histogram_avg(%)",
       "histogram_stddev(%)", "histogram_stdvar(%)", "histogram_quantile($s,%)",
       "histogram_quantile(0.9,%)", "histogram_quantile(0.2,%)",
       "histogram_fraction(0,1,%)", "histogram_fraction($s,$s,%)",
       R"~(histogram_quantiles(%,"q",0.1,0.7))~"});
  form.replace(form.find('%'), 1, inner[below(10)]);
  return fill(form, depth);
}

std::string QueryGenerator::label_call(int depth) {
  return fill(
      one_of({R"~(label_replace($v,"z","$$1-x","y","(.*)"))~",
              R"~(label_replace($v,"y","","x","1"))~",
              R"~(label_replace($v,"__name__","n_${y}","y","(?P<y>a|b)"))~",
              R"~(label_replace($v,"z","$1","__name__","(.).*"))~",
              R"~(label_join($v,"j","-","x","y","missing"))~",
              R"~(label_join($v,"y","","x"))~",
              R"~(sort_by_label($v,"y","x"))~",
              R"~(sort_by_label_desc($v,"x"))~", "sort($v)~", "sort_desc($v)~",
              "info($v)~", "info(up)~", R"~(info(up,{version=~".+"}))~",
              R"~(info($v,{__name__="build_info"}))~",
              R"~(info(up,{__name__=~".+_info",version!="1"}))~"}),
      depth);
}

std::string QueryGenerator::vector(int depth) {
  if (depth <= 0) {
    if (chance(55)) return selector() + modifiers();
    if (chance(4)) return selector() + " smoothed";
    return "rate(" + range(0) + ")";
  }
  const int choice = below(100);
  if (choice < 8) return selector() + modifiers();
  if (choice < 34) {
    return fill(one_of({"rate($r)",
                        "rate($r)",
                        "increase($r)",
                        "delta($r)",
                        "irate($r)",
                        "idelta($r)",
                        "resets($r)",
                        "changes($r)",
                        "deriv($r)",
                        "sum_over_time($r)",
                        "avg_over_time($r)",
                        "min_over_time($r)",
                        "max_over_time($r)",
                        "count_over_time($r)",
                        "last_over_time($r)",
                        "first_over_time($r)",
                        "present_over_time($r)",
                        "stddev_over_time($r)",
                        "stdvar_over_time($r)",
                        "absent_over_time($r)",
                        "mad_over_time($r)",
                        "ts_of_first_over_time($r)",
                        "ts_of_last_over_time($r)",
                        "ts_of_max_over_time($r)",
                        "ts_of_min_over_time($r)",
                        "quantile_over_time(0.3,$r)",
                        "quantile_over_time($s,$r)",
                        "predict_linear($r,60)",
                        "predict_linear($r,$s)",
                        "double_exponential_smoothing($r,0.5,0.25)"}),
                depth);
  }
  if (choice < 38) {
    return one_of({"rate(", "increase(", "delta("}) + range_selector() +
           one_of({" anchored", " smoothed"}) + modifiers() + ")";
  }
  if (choice < 40) {
    return one_of({"resets(", "changes("}) + range_selector() + " anchored" +
           modifiers() + ")";
  }
  if (choice < 57) return aggregate(depth);
  if (choice < 75) return binary(depth);
  if (choice < 84) return histogram_call(depth);
  if (choice < 90) return label_call(depth);
  return fill(one_of({"abs($v)",
                      "ceil($v)",
                      "floor($v)",
                      "sqrt($v)",
                      "sgn($v)",
                      "round($v)",
                      "round($v,$s)",
                      "exp($v)",
                      "ln($v)",
                      "log2($v)",
                      "log10($v)",
                      "sin($v)",
                      "cos($v)",
                      "tan($v)",
                      "asin($v)",
                      "acos($v)",
                      "atan($v)",
                      "sinh($v)",
                      "cosh($v)",
                      "tanh($v)",
                      "asinh($v)",
                      "acosh($v)",
                      "atanh($v)",
                      "deg($v)",
                      "rad($v)",
                      "clamp($v,$s,$s)",
                      "clamp_min($v,$s)",
                      "clamp_max($v,5)",
                      "timestamp($v)",
                      "timestamp(memory)",
                      "-($v)",
                      "+($v)",
                      "absent($v)",
                      "vector($s)",
                      "minute($v)",
                      "hour($v)",
                      "day_of_week($v)",
                      "day_of_month($v)",
                      "day_of_year($v)",
                      "days_in_month($v)",
                      "month($v)",
                      "year($v)",
                      "hour()",
                      "start_timestamp($v)",
                      "start_timestamp(requests_total)"}),
              depth);
}

std::string QueryGenerator::expression() {
  if (chance(4)) return scalar(3);
  return vector(1 + below(3));
}

}  // namespace prom::test
