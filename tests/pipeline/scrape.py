#!/usr/bin/env python3
"""prom-scrape as a process: where targets come from, signals, pipes that
close, exit codes."""

import http.server
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from urllib.request import urlopen

BIN = os.environ.get("PROM_BIN", "build/release/bin")
TOOL = os.path.join(BIN, "prom-scrape")
WAIT_S = 30

number = 0
failures = 0


def check(condition, what, detail=""):
    global number, failures
    number += 1
    print(f"{'ok' if condition else 'not ok'} {number} - {what}", flush=True)
    if not condition:
        failures += 1
        for line in str(detail).splitlines()[:20]:
            print(f"#   {line}")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        body = f'm{{path="{self.path}"}} 1\n'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def run(*arguments, stdin=""):
    return subprocess.run([TOOL, *arguments], input=stdin, timeout=WAIT_S,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, errors="replace",
                          check=False)


def start(*arguments, **others):
    return subprocess.Popen([TOOL, *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **others)


def read_until(process, pattern):
    """The output until `pattern` is in it."""
    text, deadline = b"", time.monotonic() + WAIT_S
    while not re.search(pattern, text) and time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 0.1)[0]:
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                break
            text += piece
    return text.decode()


def test_arguments(base):
    one = run(f"{base}/a")
    check(one.returncode == 0 and one.stderr == "" and
          re.search(r'^m\{instance="127[^"]*",job="scrape",path="/a"\} 1 \d+$',
                    one.stdout, re.M), "a URL is scraped once", one)
    two = run(base.removeprefix("http://"), "-n", "3", "-i", "1s", "--job",
              "j")
    check(len(re.findall(r'^up\{.*job="j"\} 1 ', two.stdout, re.M)) == 3 and
          'path="/metrics"' in two.stdout, "or as often as one likes", two)
    wire = run(f"{base}/a", "--wire")
    check(wire.returncode == 0 and wire.stdout.startswith("PROMWIRE"),
          "frames begin with their magic")
    down = run("127.0.0.1:1", "-n", "2", "-i", "10ms")
    check(down.returncode == 69 and down.stderr.count("127.0.0.1:1") >= 2 and
          len(re.findall(r"^up\{.*\} 0 ", down.stdout, re.M)) == 2,
          "exit 69 with the reasons when every scrape failed", down)
    half = run("127.0.0.1:1", f"{base}/a")
    check(half.returncode == 0 and "127.0.0.1:1" in half.stderr,
          "exit 0 when one worked", half)
    check(run("ftp://x").returncode == 64, "a URL of another kind is exit 64")
    check(run("--no-such-flag").returncode == 64, "an unknown flag as well")
    missing = run("--config.file", "/no/such.yml", "--once")
    check(missing.returncode == 66, "a missing configuration is exit 66",
          missing)
    full = subprocess.run(f"{TOOL} {base}/a >/dev/full", shell=True,
                          stderr=subprocess.PIPE, check=False)
    check(full.returncode == 74, "a full disk is exit 74", full)
    secret = run(f"http://me:secret@{base.removeprefix('http://')}1/a?token=s")
    check("secret" not in secret.stdout + secret.stderr and
          "token" not in secret.stdout + secret.stderr,
          "credentials of a URL are not shown", secret)


def test_targets(base):
    line = json.dumps({"job": "j", "targets": [
        {"url": f"{base}/t", "labels": {"job": "j", "instance": "t"}}]}) + "\n"
    got = run("--count", "1", stdin=line)
    check('m{instance="t",job="j",path="/t"} 1' in got.stdout,
          "target sets are read from a pipe", got)
    none = run("--count", "1", stdin="")
    check(none.returncode == 66, "exit 66 without targets", none)
    bad = run("--count", "1", stdin="nonsense\n" + line)
    check(bad.returncode == 0 and "bad targets" in bad.stderr,
          "a line that is none is said and skipped", bad)


def write_config(path, host, drop=""):
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: c
  static_configs: [{{targets: ["{host}"]}}]
  metric_relabel_configs:
  - {{source_labels: [__name__], regex: "{drop}", action: drop}}
""")


def test_config(base, work):
    config = os.path.join(work, "p.yml")
    host = base.removeprefix("http://")
    write_config(config, host)
    with open(os.devnull, "rb") as null:
        once = subprocess.run([TOOL, "--config.file", config, "--once"],
                              stdin=null, capture_output=True, text=True,
                              timeout=WAIT_S, check=False)
        check(once.returncode == 0 and 'm{instance="' in once.stdout,
              "with a configuration alone prom-discover is asked", once)
        process = start("--config.file", config, "--run-dir", work, stdin=null)
    first = read_until(process, rb"\nm\{")
    check("\nm{" in first, "and goes on until told to end", first)
    write_config(config, host, drop="m")
    process.send_signal(signal.SIGHUP)
    stale = read_until(process, rb"# STALE m\{")
    check("# STALE m{" in stale, "SIGHUP takes up new relabelling", stale)
    with open(config, "a", encoding="utf-8") as file:
        file.write("nonsense: true\n")
    process.send_signal(signal.SIGHUP)
    later = read_until(process, rb"(?s)(up\{.*){3}")
    check(" 1 " in later, "and keeps the old settings when the new are wrong",
          later)
    process.send_signal(signal.SIGTERM)
    rest, log = process.communicate(timeout=WAIT_S)
    check(process.returncode == 0 and
          rest.decode().endswith("# prom-samples end\n"),
          "SIGTERM ends the stream with its trailer", rest[-200:])
    check(b"configuration not reloaded" in log and b"nonsense" in log,
          "the log says what is wrong", log)
    with open(os.path.join(work, "prom-scrape.prom"), encoding="utf-8") as file:
        metrics = file.read()
    check("prometheus_config_last_reload_successful 0\n" in metrics and
          'prometheus_target_scrape_pool_targets{scrape_job="c"} 1\n'
          in metrics, "and so do the metrics", metrics)
    own = run(os.path.join(work, "prom-scrape.prom"))
    check("\nprom_scrape_scrapes_total{" in own.stdout,
          "which can be scraped as a file", own)


def test_pipes(base):
    process = start(f"{base}/a", "-i", "1s")
    read_until(process, rb"\nm\{")
    process.stdout.close()
    code, said = process.wait(timeout=WAIT_S), process.stderr.read()
    check(code == 0 and not said, "a reader that goes away ends it quietly",
          f"exit {code}, {said}")
    process.stderr.close()
    ready_read, ready_write = os.pipe()
    process = start(f"{base}/a", "-i", "100ms", "--queue-size", "1MB",
                    "--listen", "127.0.0.1:0", "--ready-fd", str(ready_write),
                    pass_fds=[ready_write])
    os.close(ready_write)
    check(os.read(ready_read, 10) == b"\n", "it says when it is ready")
    os.close(ready_read)
    address = re.search(rb"address=(\S+)", process.stderr.readline())
    with urlopen(f"http://{address[1].decode()}/metrics") as answer:
        check(b"prom_scrape_scrapes_total" in answer.read(),
              "its metrics are served")
    # Nobody reads the output: scraping goes on all the same.
    def scrapes():
        with urlopen(f"http://{address[1].decode()}/metrics") as reply:
            return float(re.search(rb"\nprom_scrape_scrapes_total (\S+)",
                                   reply.read())[1])
    before, deadline = scrapes(), time.monotonic() + WAIT_S
    while scrapes() < before + 20 and time.monotonic() < deadline:
        time.sleep(0.05)
    check(scrapes() >= before + 20, "a reader that stops delays no scrape")
    process.kill()
    process.communicate()


def main():
    if not os.access(TOOL, os.X_OK):
        print(f"ok 1 - prom-scrape # SKIP {TOOL} is absent\n1..1")
        return 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # peers that go away are the point
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    test_arguments(base)
    test_targets(base)
    if os.access(os.path.join(BIN, "prom-discover"), os.X_OK):
        with tempfile.TemporaryDirectory() as work:
            test_config(base, work)
    else:
        print("ok - configuration # SKIP prom-discover is absent")
    test_pipes(base)
    server.shutdown()
    print(f"1..{number}")
    return 1 if failures else 0


sys.exit(main())
