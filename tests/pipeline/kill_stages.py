#!/usr/bin/env python3
"""kill -9 of each stage under load: nothing that a target served is lost but
what a killed prom-scrape had in hand, nothing is stored twice, and queries
answer meanwhile.

  PROM_KILLS   how often each stage is killed (4)
"""

import http.server
import json
import os
import random
import signal
import threading
import time

from tap import SCRIPTS, directory, finish, ok, run, start, tool, wait_until

KILLS = int(os.environ.get("PROM_KILLS", "4"))
SERIES = 200
work = directory()
store = os.path.join(work, "store")
random.seed(1)


class Target(http.server.BaseHTTPRequestHandler):
    """Counts its answers: the n-th says n in every series."""

    lock = threading.Lock()
    served = 0

    def do_GET(self):
        with Target.lock:
            number = Target.served + 1
            body = f"test_served_total {number}\n" + "".join(
                f'test_value{{i="{i}"}} {number * 1000 + i}\n'
                for i in range(SERIES))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())
            Target.served = number

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
threading.Thread(target=server.serve_forever, daemon=True).start()


def write(name, text):
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


config = write("prometheus.yml", f"""
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
rule_files: [{work}/rules.yml]
scrape_configs:
  - job_name: t
    static_configs: [{{targets: ['127.0.0.1:{server.server_port}']}}]
""")
write("rules.yml", """
groups:
  - name: g
    interval: 1s
    rules: [{record: sum_of_values, expr: sum(test_value)}]
""")
stages = write("stages", f"""
samples: {tool("prom-discover")} --config.file {config} | \
{tool("prom-scrape")} --config.file {config} --wire | \
{tool("prom-store")} append -S {store} --ready-fd 3
rules: {tool("prom-rules")} run --config.file {config} -S {store} --wire | \
{tool("prom-store")} append -S {store}
""".replace(" | \\\n", " | "))
supervisor = start([os.path.join(SCRIPTS, "prom-supervise"), "--run-dir",
                    os.path.join(work, "run"), "--delay", "0.05",
                    "--delay-max", "0.2", stages],
                   stderr=open(os.path.join(work, "log"), "w",
                               encoding="utf-8"))


def query(expression, *options):
    result = run([tool("prom-query"), "-S", store, "-o", "json", *options,
                  "--", expression])
    try:
        return json.loads(result.stdout)
    except json.JSONDecodeError:
        return {"status": "error", "error": result.stderr}


def samples(expression):
    data = query(expression).get("data", {}).get("result", [])
    return data[0]["values"] if data else []


def count():
    return len(samples("test_served_total[1h]"))


def pids():
    try:
        with open(os.path.join(work, "run/status"), encoding="utf-8") as file:
            lines = [line.split() for line in file]
    except FileNotFoundError:
        return {}
    return {line[0]: int(line[2][4:]) for line in lines if line[1] == "up"}


if not ok(wait_until(lambda: count() > 3), "samples arrive",
          open(os.path.join(work, "log"), encoding="utf-8").read()):
    finish()

answered = failed = 0
scrape_kills = 0
for stage in ("samples.1", "samples.2", "samples.3", "rules.1", "rules.2"):
    for _ in range(KILLS):
        wait_until(lambda: pids().get(stage))
        pid = pids().get(stage)
        if not pid:
            continue
        time.sleep(random.uniform(0, 0.3))  # anywhere in a scrape's cycle
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        scrape_kills += stage == "samples.2"
        answer = query("count(test_value)")
        answered += answer["status"] == "success"
        failed += answer["status"] != "success"
        before = count()
        if not wait_until(lambda: count() > before, 30):
            ok(False, f"{stage} recovers",
               open(os.path.join(work, "log"), encoding="utf-8").read()[-3000:])
            finish()
ok(True, f"every stage recovers from {KILLS} kills")
ok(failed == 0, f"queries answer meanwhile: {answered}")

# Stop, then compare what was served with what is stored.
supervisor.send_signal(signal.SIGTERM)
supervisor.wait(30)
server.shutdown()
seen = [float(value) for _, value in samples("test_served_total[1h]")]
numbers = [n for n in seen if n == n]  # without stale markers
missing = set(range(1, Target.served + 1)) - {int(n) for n in numbers}
ok(len(numbers) == len(set(numbers)), "nothing is stored twice",
   str(sorted(n for n in numbers if numbers.count(n) > 1)[:10]))
# A killed prom-scrape takes with it what it had received and not yet handed
# on: the scrape in hand and the one it was about to write.
ok(len(missing) <= 2 * scrape_kills,
   f"{len(numbers)} scrapes are there; {len(missing)} died with "
   f"{scrape_kills} killed prom-scrape", str(sorted(missing)[:20]))
torn = query(f"count(count_over_time(test_value[1h]) != "
             f"scalar(count_over_time(test_served_total[1h])))")
ok(torn.get("data", {}).get("result") == [], "every scrape is there whole",
   json.dumps(torn)[:300])
for i in (0, 7, SERIES - 1):
    values = [int(float(v)) for _, v in samples(f'test_value{{i="{i}"}}[1h]')
              if v != "NaN"]
    ok(values == [int(n) * 1000 + i for n in numbers],
       f"series {i} has the values that were served", str(values[:10]))
verified = run([tool("prom-store"), "verify", "-S", store])
ok(verified.returncode == 0, "prom-store verify finds no damage",
   verified.stdout + verified.stderr)
ok(len(samples("sum_of_values[1h]")) > 2, "the rule was recorded")
finish()
