#!/usr/bin/env python3
"""http_sd over TLS behind a real nginx with basic authentication: what is good
gives targets, everything that is wrong with certificates, passwords and the
server keeps them and is named, and a password may be rotated.

Short: the good way and a wrong password.  PROM_LONG=1 adds the rest."""

import json
import os
import re
import shutil
import subprocess
import threading

from tap import (directory, finish, free_port, ok, run, skip, start, tool,
                 wait_until)

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
PASSWORD = "hunter2"
LONG = os.environ.get("PROM_LONG") == "1"

for needed, path in (("nginx", NGINX), ("openssl", shutil.which("openssl")),
                     ("prom-discover", shutil.which(tool("prom-discover")))):
    if not path:
        skip("http_sd behind nginx", f"{needed} is not installed")
        finish()

work = directory()
port = free_port()
url = f"https://localhost:{port}/sd/targets.json"


def at(name):
    return os.path.join(work, name)


def write(name, text):
    with open(at(name) + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(at(name) + ".new", at(name))
    return at(name)


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], cwd=work, check=True,
                          capture_output=True, text=True).stdout.strip()


def certificate(name, host):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            f"/CN={name}", "-addext", f"subjectAltName={host}", "-keyout",
            f"{name}.key", "-out", f"{name}.pem")


def passwords(password):
    write("htpasswd", "us er:" + openssl("passwd", "-apr1", password) + "\n")


def targets(*addresses):
    write("sd/targets.json", json.dumps(
        [{"targets": list(addresses), "labels": {"from": "nginx"}}]))


class Nginx:
    def __init__(self, name="good"):
        self.config = write("nginx.conf", f"""
daemon off; master_process off; pid {at('nginx.pid')};
error_log {at('error.log')};
events {{ worker_connections 64; }}
http {{
  access_log {at('access.log')};
  client_body_temp_path {at('tmp')}; proxy_temp_path {at('tmp')};
  fastcgi_temp_path {at('tmp')}; uwsgi_temp_path {at('tmp')};
  scgi_temp_path {at('tmp')};
  gzip on; gzip_types application/json; gzip_min_length 1;
  types {{ application/json json; }}
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {at(name + '.pem')};
    ssl_certificate_key {at(name + '.key')};
    root {work};
    location /sd/ {{
      auth_basic "discovery"; auth_basic_user_file {at('htpasswd')};
    }}
    location /moved/ {{ return 302 /sd/targets.json; }}
  }}
}}
""")
        self.process = start([NGINX, "-p", work, "-c", self.config,
                              "-e", at("error.log")])

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def job(**settings):
    settings = {"url": url, "refresh_interval": "1s",
                "basic_auth": {"username": "us er",
                               "password_file": at("password")},
                "tls_config": {"ca_file": at("good.pem")}} | settings
    return write("prometheus.yml", json.dumps({"scrape_configs": [
        {"job_name": "j", "http_sd_configs": [settings]}]}))


def once(**settings):
    """Instances found once, and what was said."""
    found = run([tool("prom-discover"), "--config.file", job(**settings),
                 "--once"])
    names = [target["labels"]["instance"]
             for line in found.stdout.splitlines()
             for target in json.loads(line)["targets"]]
    return names, found.stderr, found.returncode


def fails(what, reason, **settings):
    names, said, code = once(**settings)
    ok(names == [] and code == 69 and re.search(reason, said) and
       PASSWORD not in said, f"{what} is a reason", f"{names} {code} {said}")


class Discover:
    """A running prom-discover: the last set and the log."""

    def __init__(self):
        self.log = open(at("log"), "w+", encoding="utf-8")
        self.process = start([tool("prom-discover"), "--config.file", job(),
                              "--batch", "1ms"], stdout=-1, stderr=self.log)
        self.names = None
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.names = [target["labels"]["instance"]
                          for target in json.loads(line)["targets"]]

    def said(self):
        with open(at("log"), encoding="utf-8") as file:
            return file.read()

    def finds(self, what, *names):
        ok(wait_until(lambda: self.names == list(names)), what, self.names)

    def keeps(self, what, reason, *names):
        ok(wait_until(lambda: re.search(reason, self.said())) and
           self.names == list(names), what, f"{self.names} {self.said()}")


os.mkdir(at("sd"))
certificate("good", "DNS:localhost")
certificate("other", "DNS:localhost")
certificate("elsewhere", "DNS:elsewhere")
passwords(PASSWORD)
write("password", PASSWORD + "\n")
targets("a:1", "b:2")
nginx = Nginx()
if not wait_until(lambda: once()[2] == 0):
    with open(at("error.log"), encoding="utf-8") as file:
        ok(False, "nginx answers", file.read())
    finish()
ok(once()[0] == ["a:1", "b:2"], "targets come over TLS with a password")
write("password", "not it")
fails("a wrong password", "HTTP status 401")
write("password", PASSWORD)
if not LONG:
    skip("certificates, rotation and restarts", "PROM_LONG=1 runs them")
    finish()

names, said, _ = once(url=f"https://localhost:{port}/moved/")
ok(names == ["a:1", "b:2"], "a redirect on the same server keeps the password",
   said)
ok(once(enable_http2=False)[0] == ["a:1", "b:2"], "HTTP/1.1 does as well")
fails("an unknown authority", "certificate",
      tls_config={"ca_file": at("other.pem")})
fails("no authority", "certificate", tls_config={})
fails("another name", "(?i)subject|name|certificate",
      tls_config={"ca_file": at("good.pem"), "server_name": "elsewhere"})
fails("a missing file", "HTTP status 404",
      url=f"https://localhost:{port}/sd/none.json")
write("sd/targets.txt", "[]")
fails("a wrong type", "unsupported content type",
      url=f"https://localhost:{port}/sd/targets.txt")
ok(once(tls_config={"insecure_skip_verify": True})[0] == ["a:1", "b:2"],
   "a certificate may be left unverified")

discover = Discover()
discover.finds("targets are found", "a:1", "b:2")
targets("c:3")
discover.finds("changes are found", "c:3")
passwords("new " + PASSWORD)
discover.keeps("a changed password keeps the targets", "401", "c:3")
write("password", "new " + PASSWORD)
targets("d:4")
discover.finds("and is read again from its file", "d:4")
nginx.stop()
discover.keeps("a server that is away keeps them", "(?i)connect", "d:4")
targets("e:5")
nginx = Nginx("elsewhere")
discover.keeps("a certificate for another host too", "(?i)subject|certificate",
               "d:4")
nginx.stop()
nginx = Nginx()
discover.finds("the server comes back", "e:5")
write("sd/targets.json", "[{")
discover.keeps("half a file keeps the targets", "invalid JSON", "e:5")
ok(PASSWORD not in discover.said(), "no message holds the password")
discover.process.terminate()
ok(discover.process.wait(20) == 0, "prom-discover ends well")
finish()
