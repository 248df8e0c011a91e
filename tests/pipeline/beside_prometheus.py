#!/usr/bin/env python3
"""The whole way of a sample beside Debian's Prometheus: the same targets, the
same configuration, at the same time; then every series of one is in the other
with the same labels, values and, within a scrape, the same number of samples.

  PROM_SECONDS   how long both scrape (15)
"""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request

from tap import (SCRIPTS, directory, finish, free_port, ok, run, skip, start,
                 tool, wait_until)

SECONDS = int(os.environ.get("PROM_SECONDS", "15"))
NEEDED = ("prometheus", "prometheus-node-exporter", "prometheus-pushgateway")
for program in NEEDED:
    if not shutil.which(program):
        skip("beside Debian's Prometheus", f"{program} is not installed")
        finish()

work = directory()
store = os.path.join(work, "store")
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def write(name, text):
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def answers(url):
    try:
        get(url)
        return True
    except OSError:
        return False


node, gateway, peer = (f"127.0.0.1:{free_port()}" for _ in range(3))
start(["prometheus-node-exporter", f"--web.listen-address={node}"], **quiet)
start(["prometheus-pushgateway", f"--web.listen-address={gateway}"], **quiet)
config = write("prometheus.yml", f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['{node}'], labels: {{site: a}}}}]
    metric_relabel_configs:
      - {{source_labels: [__name__], regex: 'go_gc_.*', action: drop}}
  - job_name: gateway
    honor_labels: true
    static_configs: [{{targets: ['{gateway}']}}]
  - job_name: prometheus
    static_configs: [{{targets: ['{peer}']}}]
    relabel_configs:
      - {{source_labels: [__address__], target_label: address}}
  - job_name: absent
    static_configs: [{{targets: ['127.0.0.1:1']}}]
""")
wait_until(lambda: answers(f"http://{node}/") and answers(f"http://{gateway}/"))
push = urllib.request.Request(
    f"http://{gateway}/metrics/job/batch/instance/x", method="PUT",
    data=b'# TYPE rows counter\nrows{odd="a \\"b\\" \\\\ c\\nd"} 42\n')
urllib.request.urlopen(push, timeout=10).close()

start(["prometheus", f"--config.file={config}",
       f"--storage.tsdb.path={work}/peer", f"--web.listen-address={peer}"],
      **quiet)
ok(wait_until(lambda: answers(f"http://{peer}/-/ready"), 60),
   "Debian's Prometheus is up")
stages = write("stages", f"samples: {tool('prom-discover')} --config.file "
               f"{config} | {tool('prom-scrape')} --config.file {config} "
               f"--wire | {tool('prom-store')} append -S {store}\n")
supervisor = start([os.path.join(SCRIPTS, "prom-supervise"), stages],
                   stderr=open(os.path.join(work, "log"), "w",
                               encoding="utf-8"))
time.sleep(SECONDS)  # the length of the measurement, not a hope
end = time.time()
supervisor.send_signal(signal.SIGTERM)
supervisor.wait(30)


def ours(expression):
    result = run([tool("prom-query"), "-S", store, "-o", "json", "--time",
                  f"{end:.3f}", "--", expression])
    return json.loads(result.stdout)


def theirs(expression):
    return json.loads(get(f"http://{peer}/api/v1/query?" +
                          urllib.parse.urlencode(
                              {"query": expression, "time": f"{end:.3f}"})))


def series(answer):
    """By labels; le and quantile as Prometheus 3 writes them: 1 is 1.0."""
    found = {}
    for one in answer["data"]["result"]:
        labels = dict(one["metric"])
        for name in ("le", "quantile"):
            if labels.get(name, "").isdigit():
                labels[name] += ".0"
        found[json.dumps(labels, sort_keys=True)] = one
    return found


# Our own series of the last moments, in the middle of the run for both.
window = max(2, SECONDS - 5)
selector = '{job=~"node|gateway|prometheus|batch|absent"}'
mine = series(ours(f"{selector}[{window}s]"))
other = series(theirs(f"{selector}[{window}s]"))
# New series appear while Prometheus handles requests, at different moments.
lacking = sorted(key for key in other if key not in mine
                 and len(other[key]["values"]) > 2)
extra = sorted(key for key in mine if key not in other
               and len(mine[key]["values"]) > 2)
ok(len(other) > 800, f"Debian's Prometheus has {len(other)} series")
ok(not lacking, "every series of theirs is in our store",
   f"{len(lacking)}: {lacking[:5]}")
ok(not extra, "and no other", f"{len(extra)}: {extra[:5]}")
uneven = [key for key in other if key in mine and abs(
    len(other[key]["values"]) - len(mine[key]["values"])) > 2
    and len(other[key]["values"]) > window - 2]
ok(not uneven, "with the same number of samples within a scrape",
   f"{len(uneven)}: " + "; ".join(
       f"{key} {len(other[key]['values'])} {len(mine[key]['values'])}"
       for key in uneven[:5]))


# How a scrape went is another matter for each of the two; so is what depends
# on who asks: while it scrapes itself, a Prometheus has an appender open.
def is_measured(key):
    return "scrape_" in key or "head_active_appenders" in key


def values(one):
    return [value for _, value in one["values"]]


# What stood still for both over the same time has the same value.
both = sorted(key for key in other if key in mine and not is_measured(key))
constant = [key for key in both
            if len(set(values(other[key]))) == 1
            and len(set(values(mine[key]))) == 1]
differing = [key for key in constant
             if values(other[key])[:1] != values(mine[key])[:1]]
ok(constant and not differing,
   f"{len(constant)} of {len(both)} series stood still, with the same values",
   str([(key, mine[key]["values"][-1], other[key]["values"][-1])
        for key in differing[:5]]))

# Where a counter of theirs moves, ours lies between its neighbours: those that
# were certainly read before and after, as a timestamp is that of the intended
# time.
SKEW = 0.25


def between(key):
    """The first of our samples that does not; None when all do."""
    theirs_at = [(float(t), float(v)) for t, v in other[key]["values"]]
    for t, text in mine[key]["values"]:
        before = [v for at, v in theirs_at if at <= t - SKEW]
        after = [v for at, v in theirs_at if at >= t + SKEW]
        if before and after and not \
                before[-1] - slack(key) <= float(text) <= \
                after[0] + slack(key):
            return t, text, before[-1], after[0]
    return None


def slack(key):
    # Both round to the clock tick of the kernel when they read CPU times.
    return 0.011 if "cpu" in key else 0


def is_counter(key):
    name = json.loads(key).get("__name__", "")
    numbers = [float(value) for value in values(other[key])]
    rising = all(a <= b for a, b in zip(numbers, numbers[1:]))
    return rising and name.endswith(("_total", "_count", "_sum", "_bucket"))


moving = [key for key in both if is_counter(key)
          and len(set(values(other[key]))) > 1]
outside = [(key, between(key)) for key in moving if between(key)]
ok(moving and not outside,
   f"{len(moving)} counters moved, ours between theirs",
   f"{len(outside)}: {outside[:5]}")
up = {json.loads(key)["job"]: s["values"][-1][1]
      for key, s in series(ours(f"up[{window}s]")).items()}
ok(up == {"node": "1", "gateway": "1", "prometheus": "1", "absent": "0"},
   "up is 1 where a target answers", str(up))
finish()
