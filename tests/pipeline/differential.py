#!/usr/bin/env python3
"""Random, well-typed PromQL over the same samples: prom-query beside Debian's
Prometheus, whose HTTP API is asked for the same.

  tests/pipeline/differential.py [COUNT [SEED]]     default: 60 queries

Ranges never begin at a sample: since 3.0 a range leaves out its left
end, which the peer (2.42) does not.  Sums may differ in their last digits,
since 3.x adds with compensation, and the deviation of infinities is NaN now.
"""

import json
import math
import os
import random
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

QUERY = tap.tool("prom-query")
# No sum of the durations below and a time of a query or of a subquery's step,
# which are whole seconds, is the time of a sample.
BEGIN_S = 1700000000.113
STEP_S = 15
SAMPLES = 240
TOLERANCE = 1e-9


def write_samples(path, rng):
    with open(path, "w") as out:
        out.write("# TYPE requests counter\n")
        for job in ("api", "web"):
            for code in ("200", "404", "500"):
                value = 0.0
                for i in range(SAMPLES):
                    if rng.random() < 0.01:
                        value = 0.0  # restarted
                    value += rng.randrange(0, 40)
                    if rng.random() < 0.03:
                        continue  # missed
                    out.write(f'requests_total{{job="{job}",code="{code}"}} '
                              f"{value} {BEGIN_S + i * STEP_S:.3f}\n")
        out.write("# TYPE temperature gauge\n")
        for job in ("api", "web", "db"):
            for i in range(SAMPLES):
                value = rng.choice((rng.uniform(-50, 50), rng.randrange(5), 0))
                out.write(f'temperature{{job="{job}"}} {value} '
                          f"{BEGIN_S + i * STEP_S:.3f}\n")
        out.write("# TYPE latency histogram\n")
        for job in ("api", "web"):
            counts = [0] * 5
            rows = [[] for _ in counts]
            for i in range(SAMPLES):
                for _ in range(9):
                    at = rng.randrange(5)
                    for j in range(at, 5):
                        counts[j] += 1
                for row, count in zip(rows, counts):
                    row.append((count, f"{BEGIN_S + i * STEP_S:.3f}"))
            for le, row in zip(("0.1", "0.5", "1.0", "5.0", "+Inf"), rows):
                for count, t in row:
                    out.write(f'latency_bucket{{job="{job}",le="{le}"}} '
                              f"{count} {t}\n")
            for count, t in rows[-1]:
                out.write(f'latency_count{{job="{job}"}} {count} {t}\n')
                out.write(f'latency_sum{{job="{job}"}} {count * .7} {t}\n')
        out.write("# EOF\n")


class Generator:
    """Expressions that both versions know and mean the same by."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, *choices):
        return self.rng.choice(choices)

    def duration(self):
        return self.pick("47s", "2m", "5m", "611s")

    def selector(self):
        return self.pick(
            "requests_total", 'requests_total{job="api"}',
            'requests_total{code=~"4..|5.."}', 'requests_total{code!="200"}',
            "temperature", 'temperature{job!~"d.*"}', "latency_count",
            'latency_bucket{le!="+Inf"}', '{__name__=~"temp.*|latency_sum"}')

    def modifiers(self):
        return self.pick("", "", "", " offset 63s", " offset -41s",
                         " @ 1700001801.5")

    def window(self, depth):
        if depth > 0 and self.rng.random() < 0.2:
            return f"{self.vector(depth - 1)}[{self.duration()}:37s]"
        # Two names in one selector collide once their name is dropped.
        selector = self.selector()
        while selector.startswith("{"):
            selector = self.selector()
        return f"{selector}[{self.duration()}]{self.modifiers()}"

    def scalar(self):
        return self.pick("2", "0.5", "-3", "1e3", "time()", "scalar(temperature"
                         '{job="db"})', "pi()")

    def vector(self, depth):
        if depth <= 0:
            return self.selector() + self.modifiers()
        kind = self.rng.randrange(9)
        below = depth - 1
        if kind == 0:
            return self.selector() + self.modifiers()
        if kind in (1, 2):
            function = self.pick(
                "rate", "increase", "irate", "delta", "idelta", "deriv",
                "changes", "resets", "avg_over_time", "sum_over_time",
                "min_over_time", "max_over_time", "count_over_time",
                "last_over_time", "stddev_over_time", "present_over_time")
            return f"{function}({self.window(below)})"
        if kind == 3:
            function = self.pick("abs", "ceil", "floor", "exp", "sqrt", "ln",
                                 "sgn", "timestamp", "-", "absent")
            inner = self.vector(below)
            return f"-({inner})" if function == "-" else f"{function}({inner})"
        if kind in (4, 5):
            clause = self.pick("", "by (job)", "by (code)", "without (code)",
                               "by (job, le)")
            function = self.pick("sum", "avg", "min", "max", "count", "group",
                                 "stddev", "stdvar", "quantile")
            arguments = self.vector(below)
            if function == "quantile":
                arguments = f"{self.pick('0.3', '0.9')}, {arguments}"
            return f"{function} {clause} ({arguments})"
        if kind == 6:
            operator = self.pick("+", "-", "*", "/", "%", "^", ">", "<",
                                 "== bool", ">= bool", "!=")
            if self.rng.random() < 0.5:
                return f"({self.vector(below)} {operator} {self.scalar()})"
            matching = self.pick("on (job)", "ignoring (code, le)")
            by = "job"
            return (f"(sum by ({by}) ({self.vector(below)}) {operator} "
                    f"{matching} sum by ({by}) ({self.vector(below)}))")
        if kind == 7:
            operator = self.pick("and", "or", "unless")
            matching = self.pick("", "on (job)")
            return (f"({self.vector(below)} {operator} {matching} "
                    f"{self.vector(below)})")
        # Which of equal elements topk takes is left open, as is the hour of an
        # infinity.
        pick = self.pick("topk", "bottomk")
        return self.pick(
            f"{pick}(2, avg_over_time(requests_total[{self.duration()}]))",
            f"minute(timestamp({self.selector()}))",
            "histogram_quantile(0.9, sum by (le, job) "
            f"(rate(latency_bucket[{self.duration()}])))",
            f'label_replace({self.vector(below)}, "x", "$1", "job", "(.).*")',
            f"clamp({self.vector(below)}, -2, 20)",
            f"round({self.vector(below)}, 0.5)",
            f"predict_linear(temperature[{self.duration()}], 60)",
            f"quantile_over_time(0.4, temperature[{self.duration()}])")


def ours(path, expression, times):
    done = subprocess.run(
        [QUERY, "-o", "json", *times, path, "--", expression],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    return json.loads(done.stdout)


def theirs(url, expression, parameters):
    kind = "query_range" if "start" in parameters else "query"
    form = urllib.parse.urlencode({"query": expression, **parameters}).encode()
    try:
        with urllib.request.urlopen(f"{url}/api/v1/{kind}", form,
                                    timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def points(answer):
    """Labels to {time: value}."""
    data = answer["data"]
    if data["resultType"] in ("scalar", "string"):
        return {"": {data["result"][0]: data["result"][1]}}
    found = {}
    for series in data["result"]:
        values = series.get("values") or [series["value"]]
        found[json.dumps(series["metric"], sort_keys=True)] = {
            float(t): float(v) for t, v in values}
    return found


def near(a, b):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if a == b:
        return True
    # Differences of nearly equal numbers keep the error of the larger ones.
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b), 1e-3)


def difference(expression, a, b):
    """What differs between two answers; None when nothing does."""
    deviates = "stdvar" in expression or "stddev" in expression
    if a["status"] != b["status"]:
        return f"{a.get('error', 'fine')} | {b.get('error', 'fine')}"
    if a["status"] == "error":
        return None
    left, right = points(a), points(b)
    if left.keys() != right.keys():
        return f"series {sorted(left.keys() ^ right.keys())[:3]}"
    for name, values in left.items():
        other = right[name]
        if values.keys() != other.keys():
            return f"times of {name}"
        for t, value in values.items():
            if deviates and math.isnan(value):
                continue
            if not near(float(value), float(other[t])):
                return f"{name} at {t}: {value} | {other[t]}"
    return None


def start_peer(directory, path):
    data = os.path.join(directory, "data")
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics",
                    path, data], check=True, capture_output=True)
    config = os.path.join(directory, "prometheus.yml")
    open(config, "w").close()
    port = tap.free_port()
    tap.start(["prometheus", f"--config.file={config}",
               f"--storage.tsdb.path={data}",
               "--storage.tsdb.retention.time=100y",
               f"--web.listen-address=127.0.0.1:{port}"],
              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url + "/-/ready", timeout=5).close()
            return url
        except OSError:
            time.sleep(0.2)
    return None


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    what = f"{count} random queries agree with Prometheus"
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        tap.skip(what, "prometheus is not installed")
        tap.finish()
    rng = random.Random(seed)
    directory = tap.directory()
    path = os.path.join(directory, "samples.om")
    write_samples(path, rng)
    url = start_peer(directory, path)
    if not tap.ok(url is not None, "the peer is up"):
        tap.finish()
    generator = Generator(rng)
    wrong = []
    answered = 0
    for i in range(count):
        expression = generator.vector(rng.randrange(1, 4))
        at = int(BEGIN_S) + rng.randrange(700, 3500) + 0.25
        if i % 2:
            ask = ["--time", f"{at:.3f}"]
            form = {"time": f"{at:.3f}"}
        else:
            ask = ["--start", f"{at:.3f}", "--end", f"{at + 600:.3f}", "--step",
                   "30s"]
            form = {"start": f"{at:.3f}", "end": f"{at + 600:.3f}",
                    "step": "30"}
        peer = theirs(url, expression, form)
        answered += peer["status"] == "success" and bool(
            peer["data"]["result"])
        differs = difference(expression, ours(path, expression, ask), peer)
        if differs:
            wrong.append(f"{expression} {' '.join(ask)}\n      {differs}")
    tap.ok(not wrong, what, "\n    ".join(wrong[:20]) +
           f"\n    {len(wrong)} of {count}, seed {seed}")
    tap.ok(answered * 2 > count, "most of them have an answer", str(answered))
    tap.finish()


if __name__ == "__main__":
    main()
