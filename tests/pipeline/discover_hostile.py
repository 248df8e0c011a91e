#!/usr/bin/env python3
"""Service discovery that turns hostile: every API first answers with a good
target, then with something hostile until the reason is named, then with another
good target.  The first target must stay until the second one comes, and
credentials must stay where they belong.  One prom-discover has all the jobs at
once, so none may hold up another."""

import gzip
import json
import os
import re
import signal
import socket
import struct
import threading
import time

from tap import directory, finish, ok, skip, start, tool

SECRET = "hunter2"
INTERVAL_S = 3
PATIENCE_S = 90
MEMORY_MAX_KB = 1_500_000

# --- what is good: settings of a mechanism, and what its API answers by path
# (beginning with what is asked first), for a target of that name.

UUID = "cb334986-b054-4725-9d5a-30850fdc6015"
XML_RPC = "<methodResponse><params><param><value>%s</value></param></params>" \
    "</methodResponse>"


def uyuni(name):
    def structure(**members):
        return "<value><struct>%s</struct></value>" % "".join(
            f"<member><name>{key}</name><value>{value}</value></member>"
            for key, value in members.items())
    one = "<array><data>%s</data></array>"
    return {
        "listSystemGroups": XML_RPC % one % structure(id="<int>1</int>"),
        "auth.login": XML_RPC % "session",
        "listEndpoints": XML_RPC % one % structure(
            system_id="<int>1</int>", port="<int>1</int>"),
        "getNetwork": XML_RPC % one % structure(
            system_id="<int>1</int>", hostname=name),
    }


MECHANISMS = {
    "http": (lambda url: {"url": url + "/sd"}, lambda name: {
        "/sd": [{"targets": [name]}]}),
    "docker": (lambda url: {"host": url}, lambda name: {
        "/networks": [{"Id": "n"}],
        "/containers/json": [{
            "Id": "c", "Names": ["/c"], "NetworkSettings": {"Networks": {"n": {
                "NetworkID": "n", "IPAddress": name}}}}]}),
    "eureka": (lambda url: {"server": url}, lambda name: {
        "/apps": f"<applications><application><name>a</name><instance>"
                 f"<hostName>{name}</hostName></instance></application>"
                 f"</applications>"}),
    "marathon": (lambda url: {"servers": [url]}, lambda name: {
        "/v2/apps/": {"apps": [{"id": "a", "requirePorts": True,
                                "portDefinitions": [{"port": 1}], "tasks": [
                                    {"host": name, "ports": [1]}]}]}}),
    "nomad": (lambda url: {"server": url}, lambda name: {
        "/v1/services": [{"Services": [{"ServiceName": "s"}]}],
        "/v1/service/s": [{"Address": name, "Port": 1}]}),
    "ovhcloud": (lambda url: {
        "endpoint": url + "/1.0", "service": "vps", "application_key": "a",
        "application_secret": SECRET, "consumer_key": SECRET},
                 lambda name: {
                     "/auth/time": 1, "/ips": [name], "/vps/v": {"name": "v"},
                     "/vps": ["v"]}),
    "outscale": (lambda url: {"endpoint": url, "access_key": "a",
                              "secret_key": SECRET}, lambda name: {
                                  "/ReadVms": {"Vms": [{"PublicIp": name}]}}),
    "puppetdb": (lambda url: {"url": url, "query": "resources"},
                 lambda name: {"/pdb/query": [{
                     "certname": name, "resource": "r", "type": "t",
                     "title": "t", "environment": "e"}]}),
    "scaleway": (lambda url: {
        "api_url": url, "role": "instance", "project_id": UUID,
        "access_key": "SCW0W8NG6024YHRJ7723", "secret_key": UUID},
                 lambda name: {"/instance/": {"servers": [
                     {"private_ip": name}]}}),
    "stackit": (lambda url: {"endpoint": url, "project": "p"},
                lambda name: {"/v1/projects": {"items": [
                    {"nics": [{"ipv4": name}]}]}}),
    "uyuni": (lambda url: {"server": url, "username": "u",
                           "password": SECRET}, uyuni),
}
NO_HTTP_SETTINGS = ("ovhcloud",)
GOOD = ["10.0.0.1", "10.0.0.2"]

# --- what is hostile

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def body(text, headers=b""):
    if isinstance(text, str):
        text = text.encode()
    whole = HEAD + headers + b"Content-Length: %d\r\n\r\n" % len(text) + text
    return lambda c: c.sendall(whole)


def endless(piece, head=HEAD + b"\r\n"):
    def run(connection):
        connection.sendall(head)
        while True:
            connection.sendall(piece)
            time.sleep(0.005)  # the others want to be served as well
    return run


def drip(connection):
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def silent(connection):
    while connection.recv(4096):
        pass


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))


def status(line):
    return lambda c: c.sendall(b"HTTP/1.1 " + line +
                               b"\r\nContent-Length: 0\r\n\r\n")


def redirect(to):
    return lambda c: c.sendall(b"HTTP/1.1 302 Found\r\nLocation: " + to +
                               b"\r\nContent-Length: 0\r\n\r\n")


SLOW = r"no complete answer within"
BOMB = gzip.compress(b" " * (1 << 28), 9)

# What it does, and the reason that must be named.  For every mechanism:
HOSTILE = {
    "401": (status(b"401 Unauthorized"), "401"),
    "429": (status(b"429 Too Many Requests"), "429"),
    "500": (status(b"500 \x1b[31mred\x1b]0;evil\x07"), r"500 \\\\?x1b\[31mred"),
    "empty": (body(""), "."),
    "garbage": (body(b"\x00\xff\x1b]0;evil\x07"), "."),
    "cut": (lambda c: c.sendall(HEAD + b"Content-Length: 99\r\n\r\n[{"), "."),
    "deep": (body("[" * 1_000_000), "."),
    "number": (body("7"), "."),
    "text": (body('"%s"' % SECRET), "."),
    "metadata": (redirect(b"http://169.254.169.254/latest/meta-data/"),
                 r"169\.254\.169\.254 is not allowed"),
}
# For HTTP, whose way all of them go:
OVER_HTTP = {
    "10GB": (endless(b" " * (1 << 20), HEAD + b"Content-Length: 10000000000\r\n"
                     b"\r\n"), r"body exceeds|" + SLOW),
    "endless": (endless(b" " * (1 << 20)), r"body exceeds|" + SLOW),
    "bomb": (body(BOMB, b"Content-Encoding: gzip\r\n"),
             r"expands more than|body exceeds|" + SLOW),
    "not-gzip": (body("[]", b"Content-Encoding: gzip\r\n"), "gzip"),
    "silent": (silent, SLOW),
    "drip": (drip, SLOW),
    "headers": (endless(b"X: y\r\n" * 1000, b"HTTP/1.1 200 OK\r\n"),
                r"headers exceed|" + SLOW),
    "reset": (reset, "."),
    "closes": (lambda c: None, "."),
    "not-http": (lambda c: c.sendall(b"\x00\xff\x1b]0;evil\x07\r\n\r\n"), "."),
    "metadata6": (redirect(b"http://[::ffff:169.254.169.254]/"),
                  r"169\.254\.169\.254 is not allowed"),
    "file": (redirect(b"file:///etc/passwd"), "not http or https"),
    "loop": (redirect(b"/sd"), "stopped after 5 redirects"),
    "type": (lambda c: c.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
        b"Content-Length: 2\r\n\r\n[]"), "unsupported content type"),
    "utf8": (body(b'[{"targets":["\xc3\x28"]}]'), "."),
    "utf8-label": (body(b'[{"targets":["a"],"labels":{"a":"\xff"}}]'), "."),
    "nulls": (body("[null]"), "nil target group"),
    "object": (body("{}"), "list of groups"),
    "unknown": (body('[{"targets":[],"\\u001b[31m":1}]'), "unknown field"),
    "numbers": (body('[{"targets":[1]}]'), "targets must hold strings"),
    "label": (body('[{"targets":["a"],"labels":{"a":1}}]'),
              "labels must be strings"),
    "label-bomb": (body('[{"targets":[%s],"labels":{"a":"%s"}}]' %
                        (",".join(['"a"'] * 20_000), "x" * 10_000)),
                   "labels of all targets take more than"),
    "deep-value": (body('[{"targets":["a"],"labels":{"a":%s1%s}}]' %
                        ("[" * 500_000, "]" * 500_000)), "."),
}
# Good answers, if strange ones: they may take the place of the first, but do
# no harm.  The null is upstream's way to say that there is nothing.
STRANGE = {
    "null": body("null"),
    "same-target": body('[{"targets":[%s]}]' % ",".join(['"a"'] * 200_000)),
    "many-groups": body("[%s]" % ",".join(['{"targets":[]}'] * 100_000)),
    "many-labels": body('[{"targets":["a"],"labels":{%s}}]' % ",".join(
        '"l%d":"v"' % i for i in range(100_000))),
    "long-label": body('[{"targets":["a"],"labels":{"a":"%s"}}]' %
                       ("x" * 10_000_000)),
    "names": body('[{"targets":["a","","a/b","\\u0000","a b","[::1",'
                  '"http://x"],"labels":{"__scheme__":"\\u001b[31m",'
                  '"__metrics_path__":"\\r\\nX: y","job":"","":"x"}}]'),
}


class Api:
    """The API of one job, at a port of its own."""

    def __init__(self, job, mechanism, hostile, reason):
        self.job, self.mechanism = job, mechanism
        self.hostile, self.reason = hostile, reason
        self.settings, self.good = MECHANISMS[mechanism]
        self.looks = 0  # that were begun
        self.is_mended = False
        self.first_path = None
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.serve, daemon=True).start()

    def config(self):
        settings = dict(self.settings(self.url),
                        refresh_interval=f"{INTERVAL_S}s")
        if self.mechanism not in NO_HTTP_SETTINGS:
            settings["authorization"] = {"credentials": SECRET}
        return {"job_name": self.job, "scrape_interval": "1m",
                f"{self.mechanism}_sd_configs": [settings]}

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.handle, args=(connection,),
                             daemon=True).start()

    def handle(self, connection):
        try:
            with connection:
                self.answer(connection)
        except OSError:
            pass  # the client went away

    def answer(self, connection):
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
        head, rest = request.split(b"\r\n\r\n", 1)
        size = re.search(rb"(?i)content-length: (\d+)", head)
        while size and len(rest) < int(size[1]):
            piece = connection.recv(65536)
            if not piece:
                return
            rest += piece
        path = head.split(b" ")[1].decode()
        key = path + " " + rest.decode(errors="replace")
        with self.lock:
            # A look begins with the path that the very first one began with;
            # all calls of XML-RPC have the same, and one of them is in all
            # looks that get so far.
            if self.first_path is None:
                self.first_path = path
            if path == self.first_path and (
                    self.mechanism != "uyuni" or "listSystemGroups" in key):
                self.looks += 1
            is_first = self.looks <= 1
        if not is_first and not self.is_mended:
            if self.reason is None:
                self.is_mended = True
            return self.hostile(connection)
        for part, answer in self.good(GOOD[0 if is_first else 1]).items():
            if part in key:
                text = answer if isinstance(answer, str) and \
                    answer.startswith("<") else json.dumps(answer)
                return body(text, b"Connection: close\r\n")(connection)
        return status(b"404 Not Found")(connection)


class Elsewhere:
    """Another host, which notes what it was asked with."""

    def __init__(self):
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            with connection:
                try:
                    self.seen.append(connection.recv(65536).decode())
                    status(b"500 Elsewhere")(connection)
                except OSError:
                    pass


class Reader(threading.Thread):
    """What prom-discover writes: the sets of each job, one after another,
    without repetitions."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.sets = stream, {}

    def run(self):
        for text in self.stream:
            line = json.loads(text)
            now = sorted({t["discovered"]["__address__"].rsplit(":", 1)[0]
                          for t in line["targets"]})
            sets = self.sets.setdefault(line["job"], [])
            if not sets or sets[-1] != now:
                sets.append(now)


class Log:
    """The messages so far, by the port that they are about."""

    def __init__(self, path):
        self.file = open(path, encoding="utf-8")
        self.lines = {}

    def read(self):
        for line in self.file:
            port = re.search(r"127\.0\.0\.1:(\d+)", line)
            if port:
                self.lines.setdefault(int(port[1]), []).append(line.strip())

    def names(self, port, reason):
        return any(re.search(f"err=.*({reason})", line)
                   for line in self.lines.get(port, []))


def main():
    if not os.access(tool("prom-discover"), os.X_OK):
        skip("hostile discovery", "prom-discover is absent")
        finish()
    elsewhere = Elsewhere()
    away = redirect(elsewhere.url.encode() + b"/x")
    apis = {}
    for mechanism in MECHANISMS:
        for name, (hostile, reason) in (
                HOSTILE | {"elsewhere": (away, "500 Elsewhere")}).items():
            job = f"{mechanism} {name}"
            apis[job] = Api(job, mechanism, hostile, reason)
    for name, (hostile, reason) in OVER_HTTP.items():
        apis[f"http {name}"] = Api(f"http {name}", "http", hostile, reason)
    for name, hostile in STRANGE.items():
        apis[f"strange {name}"] = Api(f"strange {name}", "http", hostile, None)

    work = directory()
    config = os.path.join(work, "prometheus.yml")
    with open(config, "w", encoding="utf-8") as file:
        json.dump({"scrape_configs": [api.config() for api in apis.values()]},
                  file)
    log_path = os.path.join(work, "log")
    began = time.monotonic()
    with open(log_path, "wb") as messages:
        process = start([tool("prom-discover"), "--config.file", config,
                         "--batch", "1ms"], stdout=-1, stderr=messages)
    reader = Reader(process.stdout)
    reader.start()
    log = Log(log_path)
    seen = reader.sets
    waiting = set(apis)
    while waiting and time.monotonic() < began + PATIENCE_S:
        time.sleep(0.1)
        log.read()
        for job in list(waiting):
            api = apis[job]
            if api.reason is not None and log.names(api.port, api.reason):
                api.is_mended = True
            if seen.get(job, [None])[-1] == [GOOD[1]]:
                waiting.discard(job)
    took_s = time.monotonic() - began
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        peak_kb = int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])
    process.send_signal(signal.SIGTERM)
    code = process.wait(20)
    with open(log_path, encoding="utf-8") as file:
        messages = file.read()
    print(f"# {len(apis)} jobs, {took_s:.1f} s, {peak_kb} KiB at most")

    ok(code == 0, "prom-discover lives to the end", code)
    ok(peak_kb < MEMORY_MAX_KB, "memory stays within bounds", peak_kb)
    ok(SECRET not in messages and UUID not in messages,
       "no message holds a credential")
    ok(not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", messages),
       "messages hold no control characters")
    asked = [text for text in elsewhere.seen if text]
    ok(asked, "redirects to another host are followed")
    ok(not any(re.search(f"(?i){SECRET}|{UUID}|authorization:|x-ovh-|x-auth-",
                         text) for text in asked),
       "and credentials stay behind", asked[:3])
    for job, api in apis.items():
        sets = seen.get(job, [])
        if api.reason is None:
            ok(sets[:1] == [[GOOD[0]]] and sets[-1:] == [[GOOD[1]]],
               f"{job}: good targets before and after", str(sets)[:500])
            continue
        said = log.lines.get(api.port)
        ok(log.names(api.port, api.reason), f"{job}: the reason is named",
           said)
        ok(sets == [[GOOD[0]], [GOOD[1]]], f"{job}: targets stay",
           f"{sets} {said}")
    finish()


main()
