#!/usr/bin/env python3
"""Real exporters of Debian, those that are installed: what our tools store of
them equals what Debian's Prometheus stores, series for series, with the same
values where they stood still.  Most have no backend here and answer with what
they know without one.

Runs with PROM_LONG=1 only."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request

from tap import (directory, finish, free_port, ok, run, skip, start, tool,
                 wait_until)

SECONDS = 12
# Program: its arguments.  {port} is its own.
EXPORTERS = {
    "prometheus-node-exporter": ["--web.listen-address=127.0.0.1:{port}"],
    "prometheus-pushgateway": ["--web.listen-address=127.0.0.1:{port}"],
    "prometheus-alertmanager": [
        "--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        "--storage.path={work}/am", "--config.file={work}/am.yml"],
    "prometheus-blackbox-exporter": [
        "--web.listen-address=127.0.0.1:{port}",
        "--config.file={work}/blackbox.yml"],
    "prometheus-apache-exporter": ["--telemetry.endpoint=/metrics",
                                   "--web.listen-address=127.0.0.1:{port}"],
    "prometheus-bind-exporter": ["--web.listen-address=127.0.0.1:{port}"],
    "prometheus-mysqld-exporter": ["--web.listen-address=127.0.0.1:{port}",
                                   "--config.my-cnf={work}/my.cnf"],
    "prometheus-postgres-exporter": ["--web.listen-address=127.0.0.1:{port}"],
    "prometheus-redis-exporter": ["-web.listen-address=127.0.0.1:{port}"],
    "prometheus-snmp-exporter": ["--web.listen-address=127.0.0.1:{port}",
                                 "--config.file={work}/snmp.yml"],
    "prometheus-haproxy-exporter": ["--web.listen-address=127.0.0.1:{port}"],
    "prometheus-process-exporter": ["-web.listen-address=127.0.0.1:{port}",
                                    "-procnames", "python3,prometheus"],
    "prometheus-elasticsearch-exporter": [
        "--web.listen-address=127.0.0.1:{port}"],
    "prometheus-nginx-exporter": [
        "-web.listen-address=127.0.0.1:{port}", "-nginx.retries=0",
        "-nginx.scrape-uri=http://{own}/nginx"],
    "prometheus-mongodb-exporter": ["-web.listen-address=127.0.0.1:{port}"],
}
ENVIRONMENT = {"DATA_SOURCE_NAME": "postgresql://x:y@127.0.0.1:1/z"}

if not os.environ.get("PROM_LONG"):
    skip("exporters of Debian", "PROM_LONG is not set")
    finish()
if not shutil.which("prometheus"):
    skip("exporters of Debian", "prometheus is not installed")
    finish()

work = directory()
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
for name, text in (
        ("am.yml", "route: {receiver: x}\nreceivers: [{name: x}]\n"),
        ("blackbox.yml", "modules: {tcp: {prober: tcp}}\n"),
        ("my.cnf", "[client]\nuser=x\npassword=y\nhost=127.0.0.1\nport=1\n"),
        ("snmp.yml", "if_mib: {walk: [1.3.6.1.2.1.2], metrics: []}\n")):
    with open(os.path.join(work, name), "w", encoding="utf-8") as file:
        file.write(text)


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def answers(url):
    try:
        get(url)
        return True
    except OSError:
        return False


targets = {}
for program, arguments in EXPORTERS.items():
    path = shutil.which(program)
    if not path:
        skip(program, "it is not installed")
        continue
    port = free_port()
    start([path] + [a.format(port=port, work=work, own="127.0.0.1:1")
                    for a in arguments],
          env={**os.environ, **ENVIRONMENT}, **quiet)
    if wait_until(lambda: answers(f"http://127.0.0.1:{port}/metrics"), 15):
        targets[program] = f"127.0.0.1:{port}"
    else:
        skip(program, "it does not answer without its backend")

peer = f"127.0.0.1:{free_port()}"
config = os.path.join(work, "prometheus.yml")
with open(config, "w", encoding="utf-8") as yml:
    yml.write("global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
              "scrape_configs:\n")
    for program, address in {**targets, "prometheus": peer}.items():
        yml.write(f"- job_name: {program}\n"
                  f"  static_configs: [{{targets: ['{address}']}}]\n")
start(["prometheus", f"--config.file={config}",
       f"--storage.tsdb.path={work}/peer", f"--web.listen-address={peer}"],
      **quiet)
ok(wait_until(lambda: answers(f"http://{peer}/-/ready"), 60),
   "Debian's Prometheus is up")
store = os.path.join(work, "store")
scrape = start([tool("prom-scrape"), "--config.file", config, "--wire"],
               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
append = start([tool("prom-store"), "append", "-S", store, "-"],
               stdin=scrape.stdout)
time.sleep(SECONDS)  # the length of the measurement
end = time.time()
scrape.send_signal(signal.SIGTERM)
scrape.wait(20)
append.wait(20)


def series(answer):
    """Values by labels; le and quantile as Prometheus 3 writes them."""
    found = {}
    for one in answer["data"]["result"]:
        labels = dict(one["metric"])
        for name in ("le", "quantile"):
            if name in labels:
                labels[name] = str(float(labels[name]))
        found[json.dumps(labels, sort_keys=True)] = [
            value for _, value in one["values"]]
    return found


for program in [*targets, "prometheus"]:
    query = f'{{job="{program}"}}[{SECONDS - 4}s]'
    mine = series(json.loads(run(
        [tool("prom-query"), "-S", store, "-o", "json", "--time",
         f"{end:.3f}", "--", query]).stdout))
    other = series(json.loads(get(
        f"http://{peer}/api/v1/query?" + urllib.parse.urlencode(
            {"query": query, "time": f"{end:.3f}"}))))
    if len(mine) <= 6 and len(other) <= 6:
        skip(program, "it does not answer in time without its backend")
        continue
    # New series appear at different moments for the two.
    lacking = [key for key, values in other.items()
               if key not in mine and len(values) > 2]
    extra = [key for key, values in mine.items()
             if key not in other and len(values) > 2]
    ok(not lacking and not extra,
       f"{program}: {len(other)} series, ours are theirs",
       f"lacking {lacking[:3]} extra {extra[:3]}")
    still = [key for key in other if key in mine and "scrape_" not in key
             and "head_active_appenders" not in key
             and len(set(mine[key])) == 1 == len(set(other[key]))]
    differing = [key for key in still if mine[key][0] != other[key][0]]
    ok(still and not differing,
       f"{program}: {len(still)} stood still, with the same values",
       str([(key, mine[key][0], other[key][0]) for key in differing[:5]]))
finish()
