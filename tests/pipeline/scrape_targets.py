#!/usr/bin/env python3
"""A running prom-scrape: what `targets` says of it, how it takes up a changed
configuration, and recordings, which give the same samples again."""

import http.server
import json
import os
import re
import subprocess
import threading
import urllib.request

from tap import (directory, finish, free_port, ok, run, start, tool,
                 wait_until)

work = directory()
scrape, discover, store = (tool(f"prom-{x}")
                           for x in ("scrape", "discover", "store"))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0

    def do_GET(self):
        Handler.count += 1
        if self.path == "/bad":
            body = b"good 1\nfine 2\nbroken{ 3\n"
        else:
            body = b'# TYPE n counter\nn %d\nm{a="b"} 1\n' % Handler.count
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.handle_error = lambda *_: None  # a client that went away
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"127.0.0.1:{server.server_address[1]}"
config = os.path.join(work, "p.yml")
listen = f"127.0.0.1:{free_port()}"
log = os.path.join(work, "log")


def write_config(text):
    with open(config + ".new", "w", encoding="utf-8") as file:
        file.write("global: {scrape_interval: 500ms, scrape_timeout: 400ms}\n"
                   "scrape_configs:\n" + text)
    os.rename(config + ".new", config)


def job(name, path="/metrics", more=""):
    return (f"- job_name: {name}\n  metrics_path: {path}\n"
            f"  static_configs: [{{targets: ['{address}', 'dropped:1']}}]\n"
            "  relabel_configs:\n"
            "  - {source_labels: [__address__], regex: dropped.*, "
            f"action: drop}}\n{more}")


write_config(job("good") + job("bad", "/bad"))
process = start([scrape, "--config.file", config, "--run-dir", work,
                 "--listen", listen, "--record", os.path.join(work, "rec")],
                stdin=subprocess.DEVNULL,
                stdout=open(os.path.join(work, "out"), "wb"),
                stderr=open(log, "wb"))


def targets(*arguments):
    return run([scrape, "targets", "--run-dir", work, *arguments])


def health():
    answer = targets("-o", "json")
    if answer.returncode != 0:
        return {}
    return {one["scrapePool"]: one for one in
            json.loads(answer.stdout)["data"]["activeTargets"]}


ok(wait_until(lambda: {k: v["health"] for k, v in health().items()} ==
              {"good": "up", "bad": "down"}),
   "targets says which are up and down", targets().stdout)
now = health()
ok(re.search(r"expected|line 3|3:", now["bad"]["lastError"]) is not None and
   now["good"]["lastError"] == "", "and why", now["bad"])
ok(now["good"]["scrapeInterval"] == "500ms" and
   now["good"]["scrapeTimeout"] == "400ms" and
   now["good"]["lastScrapeSamples"] == 2 and
   now["bad"]["lastScrapeSamples"] == 2 and
   now["good"]["scrapeUrl"] == f"http://{address}/metrics" and
   now["good"]["discoveredLabels"]["__address__"] == address and
   now["good"]["labels"] == {"instance": address, "job": "good"},
   "with the fields of Prometheus' API", now["good"])
table = targets()
ok(table.returncode == 0 and
   re.search(rf"good +{address} +up +\S+ ago +\S+ms +2 +in ", table.stdout),
   "as a table for people", table.stdout)
down = targets("--down")
ok(down.returncode == 1 and "good" not in down.stdout and
   "bad" in down.stdout, "--down shows the others only", down.stdout)
dropped = targets("--state", "dropped", "--job", "good", "-o", "json")
answer = json.loads(dropped.stdout)["data"]
ok(answer["activeTargets"] == [] and answer["droppedTargetCounts"] ==
   {"good": 1} and answer["droppedTargets"][0]["discoveredLabels"]
   ["__address__"] == "dropped:1", "and what relabelling dropped", answer)
with urllib.request.urlopen(
        f"http://{listen}/api/v1/scrape_pools", timeout=10) as pools:
    ok(json.load(pools)["data"]["scrapePools"] == ["bad", "good"],
       "--listen serves the same")
by_url = run([scrape, "targets", "--url", listen, "-o", "json"])
ok('"health":"up"' in by_url.stdout, "which --url asks", by_url.stderr)
absent = run([scrape, "targets", "--run-dir", os.path.join(work, "none")])
ok(absent.returncode == 69, "nobody there is exit 69", absent)

# --- a changed file is taken up, a bad one is not
write_config(job("good") + job("third"))
ok(wait_until(lambda: set(health()) == {"good", "third"} and
              health()["third"]["health"] == "up"),
   "a changed configuration is taken up by itself", health().keys())
write_config(job("good") + "  nonsense: 1\n")
ok(wait_until(lambda: b"nonsense" in open(log, "rb").read()),
   "a bad one is complained about")
ok(set(health()) == {"good", "third"} and
   health()["third"]["health"] == "up", "and the old one stays in force")
with urllib.request.urlopen(f"http://{listen}/metrics", timeout=10) as metrics:
    ok("\nprometheus_config_last_reload_successful 0\n" in
       metrics.read().decode(), "which a metric tells")

process.terminate()
ok(process.wait(20) == 0, "SIGTERM ends it well")
with open(os.path.join(work, "out"), encoding="utf-8") as file:
    live = [line for line in file if re.match(r"\w+\{", line)]

# --- the recording gives the same samples
write_config(job("good") + job("bad", "/bad") + job("third"))
replayed = run([scrape, "--replay", os.path.join(work, "rec"),
                "--config.file", config, "--log.level", "error"])
again = [line for line in replayed.stdout.splitlines(True)
         if re.match(r"\w+\{", line)]


def without_durations(lines):
    # How long parsing took is not recorded.
    return sorted(line for line in lines
                  if not line.startswith("scrape_duration_seconds"))


ok(replayed.returncode == 0 and again and
   without_durations(again) == without_durations(live),
   "a recording is replayed to the same samples",
   f"{replayed.returncode} {len(live)} {len(again)} {replayed.stderr}" +
   str(set(without_durations(again)) ^ set(without_durations(live)))[:2000])
for bad_lines in [[line for line in live if line.startswith(name)
                   and 'job="bad"' in line] for name in
                  ("scrape_samples_scraped", "scrape_samples_post")]:
    ok(bad_lines and all(line.split()[-2] == "2" for line in bad_lines),
       "of a bad body, what stands before the error is counted",
       bad_lines[:3])
wire = subprocess.run([scrape, "--replay", os.path.join(work, "rec"), "-w"],
                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                      check=False)
stored = run([store, "append", "-S", os.path.join(work, "store")],
             input=wire.stdout, text=False)
ok(wire.returncode == 0 and stored.returncode == 0,
   "into a store, without a configuration", stored.stderr)
with open(os.path.join(work, "rec"), "r+b") as file:
    file.seek(-20, os.SEEK_END)
    byte = file.read(1)
    file.seek(-20, os.SEEK_END)
    file.write(bytes([byte[0] ^ 1]))
damaged = run([scrape, "--replay", os.path.join(work, "rec")])
ok(damaged.returncode in (65, 74) and "byte" in damaged.stderr and
   damaged.stdout.endswith("# prom-samples end\n"),
   "damage is named, and what came before it is written", damaged.stderr)
finish()
