#!/usr/bin/env python3
"""TLS against real peers: prom-scrape and an https server, prom-alert and a
mail server with STARTTLS and AUTH.  Certificates are made by openssl(1) for
this run: a good one and all that can be wrong with one."""

import base64
import os
import shutil
import socketserver
import ssl
import subprocess
import threading
import time

from tap import directory, finish, ok, run, skip, tool

if not shutil.which("openssl"):
    skip("TLS", "openssl is not installed")
    finish()

work = directory()


def path(name):
    return os.path.join(work, name)


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as file:
        file.write(text)
    return path(name)


def read(name):
    with open(path(name), encoding="utf-8") as file:
        return file.read()


# --- certificates

def openssl(*arguments):
    subprocess.run(["openssl", *arguments], cwd=work, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out",
            f"{name}.pem")
    write(f"{name}.conf", f"""
[ca]
default_ca = it
[it]
database = {name}.index
new_certs_dir = .
serial = {name}.serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
""")
    write(f"{name}.index", "")
    write(f"{name}.serial", "01\n")


def certificate(name, by, alternatives, begin="200101000000Z",
                end="490101000000Z"):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out",
            f"{name}.csr", "-addext", f"subjectAltName={alternatives}")
    openssl("ca", "-batch", "-notext", "-config", f"{by}.conf", "-cert",
            f"{by}.pem", "-keyfile", f"{by}.key", "-in", f"{name}.csr",
            "-out", f"{name}.pem", "-startdate", begin, "-enddate", end)


LOCAL = "DNS:localhost,IP:127.0.0.1"
authority("ours")
authority("others")
certificate("good", "ours", LOCAL)
certificate("expired", "ours", LOCAL, "200101000000Z", "200102000000Z")
certificate("elsewhere", "ours", "DNS:elsewhere.example")
certificate("scraper", "ours", "DNS:scraper")
certificate("stranger", "others", "DNS:stranger")


def server_context(name, change=lambda context: None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path(f"{name}.pem"), path(f"{name}.key"))
    change(context)
    return context


# --- peers

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def handle_error(self, request, client_address):
        pass  # a handshake that fails is what is tested


def https(context):
    """Serves one metric with the name in the client's certificate."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with context.wrap_socket(self.request, server_side=True) as peer:
                while b"\r\n\r\n" not in peer.recv(65536):
                    pass
                subject = (peer.getpeercert() or {}).get("subject", ())
                who = dict(pair for part in subject for pair in part)
                body = (f'peer{{name="{who.get("commonName", "")}",'
                        f'tls="{peer.version()}"}} 1\n')
                peer.sendall((
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                    f"Content-Length: {len(body)}\r\n"
                    f"Connection: close\r\n\r\n{body}").encode())

    return Server(Handler)


def ask_client(context):
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(path("ours.pem"))


def only(version):
    def change(context):
        context.minimum_version = context.maximum_version = version
    return change


good = https(server_context("good"))
expired = https(server_context("expired"))
elsewhere = https(server_context("elsewhere"))
asking = https(server_context("good", ask_client))
old = https(server_context("good", only(ssl.TLSVersion.TLSv1_2)))
new = https(server_context("good", only(ssl.TLSVersion.TLSv1_3)))


def scrape(server, tls, host="127.0.0.1"):
    """What one scrape says; `tls` are lines of the tls_config."""
    lines = "".join(f"      {line}\n" for line in tls) or "      {}\n"
    config = write("prometheus.yml", f"""
scrape_configs:
  - job_name: j
    scheme: https
    static_configs: [{{targets: ['{host}:{server.port}']}}]
    tls_config:
{lines}""")
    return run([tool("prom-scrape"), "--config.file", config, "--once"])


def works(what, server, tls, needle="peer{", **others):
    result = scrape(server, tls, **others)
    ok(result.returncode == 0 and needle in result.stdout, what,
       f"exit {result.returncode}: {result.stdout} {result.stderr}")


def fails(what, server, tls, reason, **others):
    result = scrape(server, tls, **others)
    words = result.stderr.lower()
    ok(result.returncode == 69 and 'up{' in result.stdout
       and "peer{" not in result.stdout
       and any(one in words for one in reason), what,
       f"exit {result.returncode}: {result.stdout} {result.stderr}")


def pem(key, name):
    return [f"{key}: |"] + ["  " + line for line in read(name).splitlines()]


CA = [f"ca_file: {path('ours.pem')}"]
works("https with a CA of our own", good, CA)
works("the CA as text", good, pem("ca", "ours.pem"))
works("a host name instead of an address", good, CA, host="localhost")
works("a path beside the configuration", good, ["ca_file: ours.pem"])
VERIFY = ("certificate", "issuer", "verif")
fails("no CA: the system's do not know the peer", good, [], VERIFY)
fails("the wrong CA", good, [f"ca_file: {path('others.pem')}"], VERIFY)
fails("a CA file that is not there", good, ["ca_file: /no/such.pem"],
      ("no/such.pem", "certificate"))
fails("an expired certificate", expired, CA, ("expired",) + VERIFY)
fails("a certificate for another host", elsewhere, CA,
      ("name", "match", "subject", "altname"))
works("server_name: that other host is meant", elsewhere,
      CA + ["server_name: elsewhere.example"])
fails("server_name: another host than the certificate's", good,
      CA + ["server_name: elsewhere.example"],
      ("name", "match", "subject", "altname"))
for name, server in (("unknown", good), ("expired", expired),
                     ("another host's", elsewhere)):
    works(f"insecure_skip_verify takes one that is {name}", server,
          ["insecure_skip_verify: true"])

fails("a peer that asks for a certificate, and none", asking, CA,
      ("certificate", "alert", "reset", "handshake", "ssl", "eof",
       "not connected"))
works("a client's certificate", asking, CA + [
    f"cert_file: {path('scraper.pem')}", f"key_file: {path('scraper.key')}"],
      needle='name="scraper"')
works("a client's certificate as text", asking,
      CA + pem("cert", "scraper.pem") + pem("key", "scraper.key"),
      needle='name="scraper"')
fails("a client's certificate by another CA", asking, CA + [
    f"cert_file: {path('stranger.pem')}",
    f"key_file: {path('stranger.key')}"],
      ("certificate", "alert", "reset", "handshake", "ssl", "eof",
       "not connected"))

works("TLS 1.2 unless more is asked for", old, CA, needle='tls="TLSv1.2"')
works("TLS 1.3 where both have it", good, CA, needle='tls="TLSv1.3"')
VERSION = ("version", "protocol", "alert", "ssl")
fails("min_version beyond the peer's", old, CA + ["min_version: TLS13"],
      VERSION)
fails("max_version below the peer's", new, CA + ["max_version: TLS12"],
      VERSION)
works("max_version is kept to", good, CA + ["max_version: TLS12"],
      needle='tls="TLSv1.2"')

# A certificate that is replaced is taken up without a reload.
shutil.copy(path("others.pem"), path("rotated.pem"))
config = write("rotate.yml", f"""
scrape_configs:
  - job_name: j
    scheme: https
    scrape_interval: 200ms
    scrape_timeout: 200ms
    static_configs: [{{targets: ['127.0.0.1:{good.port}']}}]
    tls_config: {{ca_file: rotated.pem}}
""")
scraper = subprocess.Popen(
    [tool("prom-scrape"), "--config.file", config],
    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
seen = []
deadline = time.monotonic() + 90  # a CA is read again after a minute
for line in scraper.stdout:
    if line.startswith("up{"):
        seen.append(line.split("} ")[1].split()[0])
        if seen == ["0"]:
            os.replace(shutil.copy(path("ours.pem"), path("tmp.pem")),
                       path("rotated.pem"))
    if seen[-1:] == ["1"] or time.monotonic() > deadline:
        break
scraper.kill()
scraper.wait()
ok(seen[:1] == ["0"] and seen[-1:] == ["1"], "a replaced CA is taken up",
   str(seen))


# --- mail

class Mailbox:
    """What one mail server was told."""

    def __init__(self, context, starttls=True, implicit=False):
        self.mails, self.logins, self.clear = [], [], b""
        box = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                peer = self.request
                if implicit:
                    peer = context.wrap_socket(peer, server_side=True)
                box.serve(peer, context, starttls and not implicit, implicit)

        self.server = Server(Handler)

    def serve(self, peer, context, offers, secure):
        lines = peer.makefile("rb")

        def say(text):
            peer.sendall(text.encode() + b"\r\n")

        say("220 fake ESMTP")
        while line := lines.readline():
            if not secure:
                self.clear += line
            word = line.split()[0].upper() if line.split() else b""
            if word == b"EHLO":
                more = "250-STARTTLS\r\n" if offers and not secure else ""
                say(f"250-fake\r\n{more}250 AUTH PLAIN LOGIN")
            elif word == b"STARTTLS":
                say("220 go on")
                peer = context.wrap_socket(peer, server_side=True)
                lines, secure = peer.makefile("rb"), True
            elif word == b"AUTH":
                text = base64.b64decode(line.split()[-1]).decode()
                self.logins.append(text.split("\0")[1:])
                good_one = self.logins[-1] == ["me", "secret word"]
                say("235 welcome" if good_one else "535 who are you")
            elif word == b"DATA":
                say("354 go on")
                mail = []
                while (text := lines.readline()) not in (b".\r\n", b""):
                    mail.append(text.decode())
                self.mails.append("".join(mail))
                say("250 taken")
            elif word == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


number = 0


def mail(box, tls, password="secret word", more=""):
    """Has prom-alert send one alert there."""
    global number
    number += 1
    lines = "".join(f"    {line}\n" for line in tls) or "    {}\n"
    config = write(f"alertmanager-{number}.yml", f"""
global:
  smtp_from: prom@example.org
  smtp_smarthost: 127.0.0.1:{box.server.port}
  smtp_auth_username: me
  smtp_auth_password: '{password}'
{more}
  smtp_tls_config:
{lines}
route: {{receiver: mail, group_wait: 0s}}
receivers:
  - name: mail
    email_configs: [{{to: you@example.org}}]
""")
    return run([tool("prom-alert"), "send", "--config.file", config,
                "--storage.path", path(f"state-{number}"), "--timeout", "3s"],
               input='{"labels":{"alertname":"Fire"}}\n')


def delivered(what, box, tls, **others):
    result = mail(box, tls, **others)
    ok(result.returncode == 0 and len(box.mails) == 1
       and "Fire" in box.mails[0] and box.logins[-1] == ["me", "secret word"],
       what, f"exit {result.returncode}: {result.stderr} {box.logins} "
       f"{box.mails} {box.clear}")
    ok(b"AUTH" not in box.clear and b"DATA" not in box.clear,
       f"{what}: only inside of TLS", str(box.clear))


def refused(what, box, tls, **others):
    result = mail(box, tls, **others)
    ok(result.returncode == 69 and not box.mails, what,
       f"exit {result.returncode}: {result.stderr}")
    ok(b"AUTH" not in box.clear and "secret word" not in result.stderr,
       f"{what}: the password stays at home",
       f"{box.clear} {result.stderr}")


delivered("STARTTLS and AUTH", Mailbox(server_context("good")), CA)
delivered("TLS from the first byte",
          Mailbox(server_context("good"), implicit=True), CA,
          more="  smtp_force_implicit_tls: true")
refused("mail: the wrong CA", Mailbox(server_context("good")),
        [f"ca_file: {path('others.pem')}"])
refused("mail: an expired certificate", Mailbox(server_context("expired")), CA)
refused("mail: a certificate for another host",
        Mailbox(server_context("elsewhere")), CA)
refused("mail: a server without STARTTLS",
        Mailbox(server_context("good"), starttls=False), CA)
delivered("mail: insecure_skip_verify", Mailbox(server_context("expired")),
          ["insecure_skip_verify: true"])
box = Mailbox(server_context("good"))
result = mail(box, CA, password="wrong")
ok(result.returncode == 69 and not box.mails and box.logins,
   "mail: a wrong password is told",
   f"exit {result.returncode}: {result.stderr}")
ok("wrong" not in result.stderr.replace("what went wrong", ""),
   "mail: and not shown", result.stderr)
finish()
