#!/usr/bin/env python3
"""Canaries: a secret in every place of a scrape job where one may stand, with
targets that answer, refuse, redirect elsewhere and talk nonsense.  Each secret
must reach its own server, and be nowhere else: not in samples, logs, metrics,
errors, the failure log, a recording, the answers about targets, the arguments
or the environment of a process, nor at the server of a redirect."""

import base64
import http.server
import json
import os
import re
import subprocess
import threading

from tap import directory, finish, ok, run, start, tool, wait_until

work = directory()
scrape = tool("prom-scrape")
PATHS = ("ok", "refuse", "redirect", "nonsense")
KINDS = ("basic", "basic_file", "bearer", "bearer_file", "old_bearer",
         "header", "header_file", "oauth", "oauth_file", "proxy",
         "connect", "tls_key", "url")
canary = {kind: f"canary-{kind}-{os.urandom(6).hex()}" for kind in KINDS}
TOKEN = f"canary-token-{os.urandom(6).hex()}"


class Recorder(http.server.BaseHTTPRequestHandler):
    """Keeps every request as text, with what is base64 in it decoded."""
    protocol_version = "HTTP/1.1"

    def keep(self):
        size = int(self.headers.get("Content-Length") or 0)
        text = self.requestline + "\n" + str(self.headers)
        text += self.rfile.read(size).decode()
        for word in re.findall(r"Basic (\S+)", text):
            text += base64.b64decode(word).decode()
        self.server.seen.append(text)

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self):
        self.keep()
        self.answer(403)

    def do_POST(self):
        self.keep()
        self.answer(200, json.dumps({
            "access_token": TOKEN, "token_type": "bearer",
            "expires_in": 3600}).encode())

    def do_GET(self):
        self.keep()
        if self.path.endswith("/refuse"):
            self.answer(401, b"no")
        elif self.path.endswith("/redirect"):
            self.answer(302, Location=f"http://{other_address}/elsewhere")
        elif self.path.endswith("/nonsense"):
            self.answer(200, b"a 1\n}{\n", **{"Content-Type": "text/plain"})
        else:
            self.answer(200, b"a 1\n", **{"Content-Type": "text/plain"})

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.seen = []
    server.handle_error = lambda *_: None  # a client that went away
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"127.0.0.1:{server.server_address[1]}"


own, own_address = serve()
other, other_address = serve()


def secret_file(kind):
    path = os.path.join(work, kind)
    with open(path, "w", encoding="utf-8") as file:
        file.write(canary[kind] + "\n")
    return path


settings = {
    "basic": f"basic_auth: {{username: u, password: {canary['basic']}}}",
    "basic_file": "basic_auth: {username: u, password_file: "
                  f"{secret_file('basic_file')}}}",
    "bearer": f"authorization: {{credentials: {canary['bearer']}}}",
    "bearer_file": "authorization: {credentials_file: "
                   f"{secret_file('bearer_file')}}}",
    "old_bearer": f"bearer_token: {canary['old_bearer']}",
    "header": f"http_headers: {{X-Key: {{secrets: [{canary['header']}]}}}}",
    "header_file": "http_headers: {X-Key: {files: "
                   f"[{secret_file('header_file')}]}}}}",
    "oauth": f"oauth2: {{client_id: me, client_secret: {canary['oauth']}, "
             f"token_url: 'http://{own_address}/token'}}",
    "oauth_file": "oauth2: {client_id: me, client_secret_file: "
                  f"{secret_file('oauth_file')}, "
                  f"token_url: 'http://{own_address}/token?2'}}",
    "proxy": f"proxy_url: 'http://user:{canary['proxy']}@{own_address}'",
    "connect": f"scheme: https\n  proxy_url: 'http://{own_address}'\n"
               f"  proxy_connect_header: {{X-Key: [{canary['connect']}]}}",
    "tls_key": "scheme: https\n  tls_config: {cert: nonsense, "
               f"key: {canary['tls_key']}}}",
    "url": "params: {}",
}
config = os.path.join(work, "p.yml")
failures = os.path.join(work, "failures")
with open(config, "w", encoding="utf-8") as yml:
    yml.write("global:\n  scrape_interval: 3s\n  scrape_timeout: 3s\n"
              f"  scrape_failure_log_file: {failures}\nscrape_configs:\n")
    for kind in KINDS:
        for path in PATHS:
            yml.write(f"- job_name: {kind}_{path}\n  metrics_path: /{path}\n"
                      f"  {settings[kind]}\n"
                      f"  static_configs: [{{targets: ['{own_address}']}}]\n")
process = start([scrape, "--config.file", config, "--run-dir", work,
                 "--log.level", "debug",
                 "--record", os.path.join(work, "recording")],
                stdin=subprocess.DEVNULL,
                stdout=open(os.path.join(work, "out"), "wb"),
                stderr=open(os.path.join(work, "log"), "wb"))


def status():
    answer = run([scrape, "targets", "--run-dir", work, "-o", "json"])
    if answer.returncode != 0:
        return []
    return json.loads(answer.stdout)["data"]["activeTargets"]


ok(wait_until(lambda: len(status()) == len(KINDS) * len(PATHS) and
              all(one["health"] != "unknown" for one in status())),
   "every target was scraped", len(status()))
told = {}


def tell(what, text):
    told[what] = text if isinstance(text, bytes) else text.encode()


tell("the answer about targets", json.dumps(status()))
tell("the table of targets",
     run([scrape, "targets", "--run-dir", work, "--state", "any"]).stdout)
for name in ("cmdline", "environ", "comm"):
    with open(f"/proc/{process.pid}/{name}", "rb") as file:
        tell(f"/proc/PID/{name}", file.read())
healthy = {one["scrapePool"] for one in status() if one["health"] == "up"}
process.terminate()
ok(process.wait(20) == 0, "the run ends well")
for name, what in (("out", "the samples"), ("log", "the log"),
                   ("recording", "the recording"),
                   ("failures", "the failure log"),
                   ("prom-scrape.prom", "our metrics")):
    with open(os.path.join(work, name), "rb") as file:
        tell(what, file.read())
replayed = run([scrape, "--replay", os.path.join(work, "recording")])
tell("the recording, replayed", replayed.stdout + replayed.stderr)

# A URL with a password, from the command line: it stands in the arguments,
# as its author wrote it there, but nowhere else.
for path in PATHS:
    once = run([scrape, f"http://user:{canary['url']}@{own_address}/{path}",
                "--record", os.path.join(work, f"r-{path}")])
    tell(f"a URL's output ({path})", once.stdout + once.stderr)
    with open(os.path.join(work, f"r-{path}"), "rb") as file:
        tell(f"a URL's recording ({path})", file.read())

ok({f"{kind}_ok" for kind in KINDS if kind not in ("connect", "tls_key")} <=
   healthy, "targets that want the secret are up", healthy)
reached = "\n".join(own.seen)
for kind in KINDS:
    if kind != "tls_key":  # which no peer ever sees
        ok(canary[kind] in reached, f"the secret of {kind} reaches its server")
    leaks = [what for what, text in told.items()
             if canary[kind].encode() in text]
    ok(not leaks, "and is told nowhere" if kind != "tls_key" else
       "the key of TLS is told nowhere", leaks)
ok(TOKEN in reached and not any(TOKEN.encode() in text
                                for text in told.values()),
   "a token of OAuth is sent and told nowhere")
redirected = "\n".join(other.seen)
ok("/elsewhere" in redirected, "redirects are followed")
ok("canary" not in redirected and "Authorization" not in redirected and
   "X-Key" not in redirected, "without any secret", redirected[:2000])
ok(b"a{" in told["the samples"] and b"401" in told["the failure log"],
   "and what was looked at has something in it")
finish()
