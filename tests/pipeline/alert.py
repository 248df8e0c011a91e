#!/usr/bin/env python3
"""prom-alert end to end: amtool as client, a webhook receiver that can fail,
mail through a real SMTP server, and kill -9 in between."""
import email
import email.policy
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

# Debian's packages are for Debian's Python, which need not be the first one.
try:
    from aiosmtpd.controller import Controller
except ImportError:
    Controller = None
    if os.access("/usr/bin/python3", os.X_OK) and \
            os.path.realpath(sys.executable) != \
            os.path.realpath("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

BIN = os.path.join(os.environ.get("PROM_BIN", "build/release/bin"),
                   "prom-alert")
DIR = tempfile.mkdtemp(prefix="prom-alert-test-")
failed = 0


def ok(good, what):
    global failed
    failed += not good
    print(("ok - " if good else "not ok - ") + what, flush=True)
    return good


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Webhook:
    """Records what it takes; `answer` decides about each request."""

    def __init__(self):
        self.taken = []
        self.refused = 0
        self.answer = lambda: 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.answer()
                if status == 200:
                    outer.taken.append((json.loads(body), dict(self.headers)))
                else:
                    outer.refused += 1
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.url = "http://127.0.0.1:%d/hook" % self.server.server_port
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def about(self, name):
        return [body for body, _ in self.taken
                if any(a["labels"].get("alertname") == name
                       for a in body["alerts"])]


class Server:
    def __init__(self, config, state):
        self.config, self.state, self.process = config, state, None

    def start(self):
        self.log = open(os.path.join(DIR, "log"), "ab+")
        at = self.log.seek(0, os.SEEK_END)
        read, write = os.pipe()
        self.process = subprocess.Popen(
            [BIN, "serve", "--config.file", self.config, "--storage.path",
             self.state, "--web.listen-address", "127.0.0.1:0",
             "--web.external-url", "http://alerts.example/am/",
             "--web.route-prefix", "/", "--ready-fd", str(write)],
            stderr=self.log, pass_fds=[write])
        os.close(write)
        ready = os.read(read, 1) == b"\n"
        os.close(read)
        with open(os.path.join(DIR, "log")) as log:
            log.seek(at)
            text = log.read()
        self.url = "http://" + text.split("address=")[1].split()[0]
        return ready

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(20)

    def call(self, method, path, body=None, headers=None):
        request = urllib.request.Request(
            self.url + path, None if body is None else body.encode(),
            {"Content-Type": "application/json", **(headers or {})},
            method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def push(self, *alerts):
        return self.call("POST", "/api/v2/alerts", json.dumps(alerts))[0]

    def amtool(self, *arguments):
        return subprocess.run(
            ["amtool", "--alertmanager.url", self.url, *arguments],
            capture_output=True, text=True, timeout=30)


def alert(name, **labels):
    return {"labels": {"alertname": name, **labels},
            "annotations": {"summary": "about <" + name + ">"},
            "generatorURL": "http://prometheus.example/graph"}


def ended(name, **labels):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
    return {**alert(name, **labels), "endsAt": now}


def start_mail_server(letters):
    if Controller is None:
        return None

    class Handler:
        async def handle_DATA(self, server, session, envelope):
            letters.append((envelope, email.message_from_bytes(
                envelope.content, policy=email.policy.default)))
            return "250 taken"

    controller = Controller(Handler(), hostname="127.0.0.1", port=0)
    # The controller tries to reach its port, so it has to be known.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        controller.port = probe.getsockname()[1]
    controller.start()
    return controller


def main():
    if not os.path.exists(BIN):
        print("ok - prom-alert # SKIP %s is not built" % BIN)
        return
    hook, letters = Webhook(), []
    stuck = Webhook()
    mail = start_mail_server(letters)
    config = os.path.join(DIR, "alertmanager.yml")
    mail_config = "" if mail is None else """
  email_configs:
  - to: ops@example.org
    from: alerts@example.org
    smarthost: 127.0.0.1:%d
    require_tls: false
    text: 'firing {{ len .Alerts.Firing }}'
""" % mail.port
    with open(config, "w") as file:
        file.write("""
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 200ms
  group_interval: 1s
  repeat_interval: 1h
  routes:
  - matchers: [ team="mail" ]
    receiver: mail
  - matchers: [ team="slow" ]
    receiver: stuck
inhibit_rules:
- source_matchers: [ severity="page" ]
  target_matchers: [ severity="info" ]
  equal: [ host ]
receivers:
- name: hook
  webhook_configs:
  - url: '%s'
- name: stuck
  webhook_configs:
  - url: '%s'
- name: mail
%s
""" % (hook.url, stuck.url, mail_config))

    check = subprocess.run([BIN, "check", config], capture_output=True,
                           text=True)
    ok(check.returncode == 0, "check accepts the configuration")
    test = subprocess.run([BIN, "routes", "test", "--config.file", config,
                           "team=mail"], capture_output=True, text=True)
    ok(test.stdout == "mail\n", "routes test names the receiver")

    server = Server(config, os.path.join(DIR, "state"))
    ok(server.start(), "serve says that it is ready")
    has_amtool = shutil.which("amtool") is not None

    # -- notify
    ok(server.push(alert("First", host="a")) == 200, "an alert is accepted")
    ok(wait_for(lambda: hook.about("First")), "the webhook is told")
    body, headers = hook.taken[-1]
    ok(list(body) == ["receiver", "status", "alerts", "notification_reason",
                      "groupLabels", "commonLabels", "commonAnnotations",
                      "routeLabels", "externalURL", "version", "groupKey",
                      "truncatedAlerts"], "the body has upstream's fields")
    ok(body["status"] == "firing" and
       body["groupKey"] == '{}:{alertname="First"}' and
       body["externalURL"] == "http://alerts.example/am" and
       body["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z",
       "the body has upstream's values")
    ok(len(headers.get("Idempotency-Key", "")) == 64,
       "the request has an idempotency key")

    # -- amtool
    if has_amtool:
        add = server.amtool("alert", "add", "ByTool", "host=b",
                            "--annotation=summary=hello")
        ok(add.returncode == 0 and wait_for(lambda: hook.about("ByTool")),
           "amtool adds an alert")
        query = server.amtool("-o", "json", "alert", "query")
        ok(query.returncode == 0 and
           {a["labels"]["alertname"] for a in json.loads(query.stdout)} ==
           {"First", "ByTool"}, "amtool lists alerts")
        silence = server.amtool("silence", "add", "-a", "me", "-c", "test",
                                "-d", "1h", "alertname=Quiet")
        ok(silence.returncode == 0, "amtool adds a silence")
        silences = server.amtool("-o", "json", "silence", "query")
        ok([s["id"] for s in json.loads(silences.stdout)] ==
           [silence.stdout.strip()], "amtool lists silences")
        shown = server.amtool("config", "routes", "test", "team=mail")
        ok(shown.stdout.strip() == "mail",
           "amtool reads the configuration in force")
    else:
        print("ok - amtool # SKIP amtool is not installed")
        status, _ = server.call("POST", "/api/v2/silences", json.dumps({
            "matchers": [{"name": "alertname", "value": "Quiet",
                          "isRegex": False}],
            "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "endsAt": "2099-01-01T00:00:00Z", "createdBy": "me",
            "comment": "test"}))
        ok(status == 200, "a silence is accepted")

    # -- the tool's own client
    listed = subprocess.run([BIN, "alerts", "--url", server.url],
                            capture_output=True, text=True)
    ok('alertname="First"' in listed.stdout, "alerts lists them")
    refused = subprocess.run([BIN, "silence", "add", "--url", server.url, "-c",
                              "x", "alertname=~.*"], capture_output=True)
    ok(refused.returncode == 64, "a silence of everything needs emphasis")

    # -- mail
    if mail is not None:
        server.push(alert("Möhre", team="mail", host="x\r\nBcc: evil@x"))
        ok(wait_for(lambda: letters), "a mail arrives")
        if letters:
            envelope, letter = letters[0]
            ok(envelope.rcpt_tos == ["ops@example.org"] and
               letter["Bcc"] is None, "labels cannot add recipients")
            ok("[FIRING:1] Möhre" in letter["Subject"],
               "the subject is the default one: %r" % letter["Subject"])
            parts = {p.get_content_type(): p.get_content()
                     for p in letter.walk() if not p.is_multipart()}
            ok(parts["text/plain"].strip() == "firing 1" and
               "about &lt;Möhre&gt;" in parts["text/html"],
               "the parts are rendered and escaped")
    else:
        print("ok - mail # SKIP python3-aiosmtpd is not installed")

    # -- kill -9
    server.push(alert("Quiet"), alert("Noisy", severity="page", host="h"),
                alert("Hushed", severity="info", host="h"))
    ok(wait_for(lambda: hook.about("Noisy")), "another group is told")
    before = len(hook.taken)
    server.kill()
    ok(server.start(), "it starts again after kill -9")
    _, text = server.call("GET", "/api/v2/alerts")
    names = {a["labels"]["alertname"]: a["status"] for a in json.loads(text)}
    ok({"First", "Quiet", "Noisy", "Hushed"} <= set(names),
       "no alert is lost")
    ok(names["Quiet"]["silencedBy"] and names["Hushed"]["inhibitedBy"] and
       names["Noisy"]["state"] == "active",
       "silences and inhibition are as before")
    time.sleep(1.5)
    ok(len(hook.taken) == before, "nothing is told twice")
    ok(not hook.about("Quiet") and not hook.about("Hushed"),
       "what is silenced or inhibited is not told")
    server.push(ended("First", host="a"))
    ok(wait_for(lambda: hook.about("First")[-1]["status"] == "resolved"),
       "the end of an alert from before the kill is told")

    # -- an outage with kills in it
    hook.answer = lambda: 503
    server.push(alert("Outage"))
    ok(wait_for(lambda: hook.refused >= 2), "a failing receiver is retried")
    server.kill()
    ok(server.start(), "it starts again in the outage")
    hook.answer = lambda: 200
    ok(wait_for(lambda: hook.about("Outage")), "then the receiver is told")
    time.sleep(1.2)
    ok(len(hook.about("Outage")) == 1, "and told once")

    # -- a stuck receiver
    gate = threading.Event()
    stuck.answer = lambda: gate.wait(30) and 200 or 500
    server.push(alert("Stuck", team="slow"), alert("Free"))
    ok(wait_for(lambda: hook.about("Free"), 5),
       "a receiver that hangs delays no other")
    gate.set()

    # -- reload
    with open(config) as file:
        good = file.read()
    with open(config, "a") as file:
        file.write("nonsense: 1\n")
    status, text = server.call("POST", "/-/reload")
    ok(status == 500 and "nonsense" in text, "a bad reload is refused")
    with open(config, "w") as file:
        file.write(good)
    server.process.send_signal(signal.SIGHUP)
    told = len(hook.taken)
    ok(wait_for(lambda: "configuration reloaded" in
                open(os.path.join(DIR, "log")).read()), "SIGHUP reloads")
    time.sleep(1.2)
    ok(len(hook.taken) == told, "a reload repeats nothing")
    status, text = server.call("GET", "/metrics")
    ok('alertmanager_notifications_total{integration="webhook"}' in text and
       "alertmanager_config_last_reload_successful 1" in text,
       "metrics have upstream's names")
    status, _ = server.call("DELETE", "/api/v2/silence/" + "0" * 36, None,
                            {"Origin": "http://evil.example"})
    ok(status == 403, "requests of other sites are refused")
    ok(server.stop() == 0, "SIGTERM ends it well")

    # -- without a server
    state = os.path.join(DIR, "once")
    once = [BIN, "send", "--config.file", config, "--storage.path", state]
    line = json.dumps(alert("Cron"))
    for _ in range(2):
        run = subprocess.run(once, input=line, text=True, capture_output=True)
        ok(run.returncode == 0, "send exits well: " + run.stderr)
    ok(len(hook.about("Cron")) == 1, "send tells once")
    hook.answer = lambda: 500
    run = subprocess.run(once + ["--timeout", "1s"],
                         input=json.dumps(alert("Late")), text=True,
                         capture_output=True)
    ok(run.returncode == 69, "send reports what it could not deliver")
    hook.answer = lambda: 200
    run = subprocess.run(once, input="", text=True, capture_output=True)
    ok(run.returncode == 0 and len(hook.about("Late")) == 1,
       "the next run delivers it")
    explain = subprocess.run([BIN, "explain", "--config.file", config,
                              "--storage.path", state, "Late"],
                             capture_output=True, text=True)
    ok("hook/webhook/0: told" in explain.stdout,
       "explain knows who was told")
    history = subprocess.run([BIN, "history", "--storage.path", state, "Late"],
                             capture_output=True, text=True)
    results = [json.loads(line)["result"]
               for line in history.stdout.splitlines()]
    ok(results and results[-1] == "delivered" and len(results) > 1,
       "history has every attempt")
    bad = subprocess.run([BIN, "send", "--url", "http://127.0.0.1:1"],
                         input="{]\n", text=True, capture_output=True)
    ok(bad.returncode == 65 and "line 1" in bad.stderr,
       "bad input is named with its line")
    if mail is not None:
        mail.stop()


try:
    main()
finally:
    shutil.rmtree(DIR, ignore_errors=True)
sys.exit(1 if failed else 0)
