#!/usr/bin/env python3
"""prom-discover as a process: files that come, go and break while it runs."""
import http.server
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading

BIN = os.environ.get("PROM_BIN", "build/release/bin")
TOOL = os.path.join(BIN, "prom-discover")
PATIENCE_S = 20
failed = False


def check(what, good, detail=""):
    global failed
    failed = failed or not good
    print(("ok - " if good else "not ok - ") + what, flush=True)
    if not good and detail:
        print("# " + str(detail).replace("\n", "\n# "), flush=True)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def replace(path, text):
    write(path + ".new", text)
    os.rename(path + ".new", path)


def groups(*addresses):
    return json.dumps([{"targets": list(addresses)}])


class Discover:
    """A running prom-discover; lines() waits for what it writes."""

    def __init__(self, *arguments):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [TOOL, "--batch", "1ms", *arguments],
            stdout=subprocess.PIPE, stderr=self.log)
        self.pending = b""

    def line(self):
        """The next target set as {job: [instances]}."""
        while b"\n" not in self.pending:
            out = self.process.stdout
            if not select.select([out], [], [], PATIENCE_S)[0]:
                return None
            got = os.read(out.fileno(), 65536)
            if not got:
                return None
            self.pending += got
        line, self.pending = self.pending.split(b"\n", 1)
        read = json.loads(line)
        return {read["job"]: [t["labels"]["instance"]
                              for t in read["targets"]]}

    def until(self, job, instances):
        """Reads sets until the job has these; batches may come apart."""
        seen = []
        while True:
            got = self.line()
            seen.append(got)
            if got == {job: instances}:
                return True
            if got is None:
                print("# wanted %s %s, saw %s" % (job, instances, seen))
                print("# log: " + self.logged())
                return False

    def logged(self):
        self.log.seek(0)
        return self.log.read().decode()

    def wait_for_log(self, text, count=1):
        for _ in range(PATIENCE_S * 20):
            if self.logged().count(text) >= count:
                return True
            select.select([], [], [], 0.05)
        return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None


def test_files(folder):
    config = os.path.join(folder, "prometheus.yml")
    targets = os.path.join(folder, "sd")
    os.mkdir(targets)
    first = os.path.join(targets, "a.json")
    second = os.path.join(targets, "b.yml")
    write(config, """
scrape_configs:
  - job_name: f
    file_sd_configs: [{files: ["sd/*.json", "sd/*.yml"]}]
""")
    write(first, groups("a:1"))
    tool = Discover("--config.file", config)
    check("targets are written at once", tool.until("f", ["a:1"]))
    replace(first, groups("a:1", "a:2"))
    check("a renamed file is read", tool.until("f", ["a:1", "a:2"]))
    write(second, "- targets: [b:1]\n")
    check("a new file is read", tool.until("f", ["a:1", "a:2", "b:1"]))
    write(first, groups("a:3"))
    check("a truncated and rewritten file is read",
          tool.until("f", ["a:3", "b:1"]))
    write(first, "[{\"targets\": [")
    check("a half-written file is reported", tool.wait_for_log("a.json"))
    write(second, "- targets: [b:2]\n")
    check("and keeps its targets", tool.until("f", ["a:3", "b:2"]))
    with open(first, "w", encoding="utf-8") as slow:
        slow.write(groups("a:4")[:10])
        slow.flush()
        write(second, "- targets: [b:3]\n")
        check("a file that is being written is left alone",
              tool.until("f", ["a:3", "b:3"]))
        slow.write(groups("a:4")[10:])
    check("until it is closed", tool.until("f", ["a:4", "b:3"]))
    os.unlink(second)
    check("a deleted file takes its targets with it",
          tool.until("f", ["a:4"]))

    one, two = (os.path.join(folder, name) for name in ("one", "two"))
    write(one, groups("l:1"))
    write(two, groups("l:2"))
    link = os.path.join(targets, "link.json")
    os.symlink(one, link)
    check("a symbolic link is followed", tool.until("f", ["a:4", "l:1"]))
    os.symlink(two, link + ".new")
    os.rename(link + ".new", link)
    check("a swapped link is noticed", tool.until("f", ["a:4", "l:2"]))
    check("SIGTERM ends it well", tool.stop() == 0, tool.logged())


def test_reload(folder):
    config = os.path.join(folder, "reload.yml")
    job = "  - job_name: %s\n    static_configs: [{targets: [%s]}]\n"
    write(config, "scrape_configs:\n" + job % ("one", "a:1"))
    tool = Discover("--config.file", config)
    check("the first configuration is used", tool.until("one", ["a:1"]))
    replace(config, "scrape_configs:\n" + job % ("one", "a:2"))
    check("a changed configuration is used", tool.until("one", ["a:2"]))
    replace(config, "scrape_configs:\n  - jobname: x\n")
    check("a bad one is refused with its position",
          tool.wait_for_log("reload.yml:2:5: unknown field"), tool.logged())
    replace(config, "scrape_configs:\n" + job % ("two", "b:1"))
    check("a job that is gone ends its targets", tool.until("one", []))
    check("a new job is written", tool.until("two", ["b:1"]))
    reloaded = tool.logged().count("configuration reloaded")
    tool.process.send_signal(signal.SIGHUP)
    check("SIGHUP reloads",
          tool.wait_for_log("configuration reloaded", reloaded + 1))
    check("SIGTERM ends it well after reloads", tool.stop() == 0)


def test_http(folder):
    answers = {"body": groups("h:1"), "status": 200}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = answers["body"].encode()
            self.send_response(answers["status"])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = os.path.join(folder, "http.yml")
    write(config, """
scrape_configs:
  - job_name: h
    http_sd_configs:
      - url: http://127.0.0.1:%d/sd
        refresh_interval: 1s
""" % server.server_port)
    tool = Discover("--config.file", config)
    check("an HTTP server is asked", tool.until("h", ["h:1"]))
    answers["status"] = 500
    check("its failure is reported", tool.wait_for_log("HTTP status 500"))
    answers.update(status=200, body=groups("h:1", "h:2"))
    check("and its next answer counts", tool.until("h", ["h:1", "h:2"]))
    tool.stop()
    answers["body"] = "{"
    once = subprocess.run([TOOL, "--config.file", config, "--once"],
                          capture_output=True, timeout=PATIENCE_S)
    check("--once exits 69 when a server fails", once.returncode == 69)
    server.shutdown()


def test_ends(folder):
    config = os.path.join(folder, "ends.yml")
    full = subprocess.run(
        "%s --help >/dev/full" % TOOL, shell=True, capture_output=True,
        timeout=PATIENCE_S)
    check("a full disk is exit 74", full.returncode == 74)
    write(config, "scrape_configs: [{job_name: s}]\n")
    tool = Discover("--config.file", config)
    tool.line()
    tool.process.stdout.close()
    try:
        code = tool.process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        code = "still running"
        tool.process.kill()
    check("it ends quietly when its reader goes", code == 0, code)
    missing = subprocess.run([TOOL, "check", "--config.file", "/no/such"],
                             capture_output=True, timeout=PATIENCE_S)
    check("a missing configuration is exit 66", missing.returncode == 66)


if not os.access(TOOL, os.X_OK):
    print("ok - prom-discover # SKIP not built")
    sys.exit(0)
for test in (test_files, test_reload, test_http, test_ends):
    with tempfile.TemporaryDirectory() as private:
        test(private)
sys.exit(1 if failed else 0)
