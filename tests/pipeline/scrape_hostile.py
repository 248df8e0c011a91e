#!/usr/bin/env python3
"""Hostile targets beside good ones: each of the hostile ones is `up 0` with a
reason on standard error, the good ones are scraped as if they were alone."""

import gzip
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

TOOL = os.path.join(os.environ.get("PROM_BIN", "build/release/bin"),
                    "prom-scrape")
ROUNDS = 2
GOOD_TARGETS = 20
TIMEOUT_S = 5
MEMORY_MAX_KB = 1_500_000

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


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def answer(connection, body, headers=b""):
    connection.sendall(HEAD + headers +
                       b"Content-Length: %d\r\n\r\n" % len(body) + body)


def endless(connection, piece, head=HEAD + b"\r\n"):
    connection.sendall(head)
    while True:
        connection.sendall(piece)


def chunked_endless(connection):
    piece = b"m 1\n" * 4096
    endless(connection, b"%x\r\n" % len(piece) + piece + b"\r\n",
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n")


def wait_for_close(connection):
    while connection.recv(4096):
        pass


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))


def drip(connection):
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b"m")
        time.sleep(0.05)


def redirect(to):
    return lambda c: c.sendall(b"HTTP/1.1 302 Found\r\nLocation: " + to +
                               b"\r\nContent-Length: 0\r\n\r\n")


def text(body):
    return lambda c: answer(c, body)


BOMB = gzip.compress(b"\n" * (1 << 30), 9)
MANY = b"".join(b"m%d 1\n" % i for i in range(4_000_000))
TOO_MANY = b"".join(b"m%d 1\n" % i for i in range(10_000_000))

# Each hostile target is a process of its own, so that only prom-scrape can be
# what makes one suffer from another.
# Path of the target, what it does, what the reason must say.
HOSTILE = {
    "/10GB": (lambda c: endless(
        c, b"m 1\n" * 4096, HEAD + b"Content-Length: 10000000000\r\n\r\n"),
              r"body exceeds 67108864 bytes"),
    "/endless": (lambda c: endless(c, b"m 1\n" * 4096), r"body exceeds"),
    "/chunked": (chunked_endless, r"body exceeds"),
    "/bomb": (lambda c: answer(c, BOMB, b"Content-Encoding: gzip\r\n"),
              r"expands more than|body exceeds"),
    "/not-gzip": (lambda c: answer(c, b"m 1\n" * 9,
                                   b"Content-Encoding: gzip\r\n"), r"gzip"),
    "/br": (lambda c: answer(c, b"m 1\n", b"Content-Encoding: br\r\n"),
            r"content encoding \"br\" is not supported"),
    "/utf8": (text(b'm{a="\xc3\x28"} 1\n'), r"UTF-8"),
    "/many": (text(MANY), r"sample_limit exceeded: 4000000 of at most 1000000"),
    "/too-many": (text(TOO_MANY), r"body exceeds"),
    "/labels": (text(b"m{" + b",".join(b'l%d="v"' % i for i in range(100)) +
                     b"} 1\n"), r"label_limit exceeded"),
    "/long-value": (text(b'm{a="' + b"x" * 5000 + b'"} 1\n'),
                    r"label_value_length_limit exceeded"),
    "/long-name": (text(b"m{" + b"x" * 600 + b'="1"} 1\n'),
                   r"label_name_length_limit exceeded"),
    "/nul": (text(b"m\x00 1\n"), r"."),
    "/half": (text(b"good 1\nm{a=\"b\" 2\n"), r"."),
    "/silent": (wait_for_close, r"no complete answer within 5000 ms"),
    "/drip": (drip, r"no complete answer within 5000 ms"),
    "/headers": (lambda c: endless(c, b"X: y\r\n", b"HTTP/1.1 200 OK\r\n"),
                 r"headers exceed"),
    "/long-header": (lambda c: endless(c, b"x" * 4096,
                                       b"HTTP/1.1 200 OK\r\nX: "), r"."),
    "/reset": (reset, r"."),
    "/closes": (lambda c: None, r"."),
    "/cut": (lambda c: c.sendall(HEAD + b"Content-Length: 99\r\n\r\nm 1\n"),
             r"."),
    "/garbage": (lambda c: c.sendall(b"\x00\xff\x1b]0;evil\x07\r\n\r\n"), r"."),
    "/escape": (lambda c: c.sendall(
        b"HTTP/1.1 500 \x1b[31mred\x1b]0;evil\x07\r\nContent-Length: 0\r\n\r\n"
    ), r"HTTP status 500 \\x1b\[31mred"),
    "/metadata": (redirect(b"http://169.254.169.254/latest/meta-data/"),
                  r"169\.254\.169\.254 is not allowed"),
    "/metadata6": (redirect(b"http://[::ffff:169.254.169.254]/"),
                   r"169\.254\.169\.254 is not allowed"),
    "/file": (redirect(b"file:///etc/passwd"), r"not http or https"),
    "/loop": (redirect(b"/loop"), r"stopped after 5 redirects"),
    "/crlf": (redirect(b"/x\rSet-Cookie: a=b"), r"."),
    "/html": (lambda c: c.sendall(
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
              r"server returned HTTP status 404 Not Found"),
}


# Those that send tens of megabytes may also run into the timeout, on a machine
# that is busy enough.
HEAVY = ("/10GB", "/endless", "/chunked", "/bomb", "/many", "/too-many")


def handle(connection):
    try:
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
            path = request.split(b" ")[1].decode()
            if path in HOSTILE:
                HOSTILE[path][0](connection)
            else:
                answer(connection, b"good 42\n", b"Connection: close\r\n")
    except OSError:
        pass  # the client went away, as it should


def serve():
    """Starts a server process; returns its base URL and its id."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    pid = os.fork()
    if pid:
        listener.close()
        return base, pid
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=handle, args=(connection,),
                         daemon=True).start()


def main():
    if not os.access(TOOL, os.X_OK):
        print(f"ok 1 - hostile targets # SKIP {TOOL} is absent\n1..1")
        return 0
    good = [f"/good{i}" for i in range(GOOD_TARGETS)]
    good_base, good_pid = serve()
    servers = [good_pid]
    urls = {path: good_base + path for path in good}
    for path in HOSTILE:
        base, pid = serve()
        servers.append(pid)
        urls[path] = base + path
    try:
        run(good, urls)
    finally:
        for pid in servers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    print(f"1..{number}")
    return 1 if failures else 0


def run(good, urls):
    lines = '{"job":"j","targets":[%s]}\n' % ",".join(
        '{"url":"%s","labels":{"job":"j","instance":"%s"}}' % (url, path)
        for path, url in urls.items())
    started = time.monotonic()
    process = subprocess.Popen(
        [TOOL, "--targets", "-", "--count", str(ROUNDS), "--interval",
         f"{TIMEOUT_S + 1}s", "--timeout", f"{TIMEOUT_S}s"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(lines.encode())
    process.stdin.close()
    peak_kb = 0
    out, err = [], []
    readers = [threading.Thread(target=lambda: out.append(
        process.stdout.read())), threading.Thread(
            target=lambda: err.append(process.stderr.read()))]
    for reader in readers:
        reader.start()
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
                match = re.search(r"VmHWM:\s+(\d+)", file.read())
                peak_kb = int(match[1]) if match else peak_kb
        except OSError:
            pass
        time.sleep(0.05)
    for reader in readers:
        reader.join()
    samples, messages = out[0].decode(), err[0].decode()
    print(f"# {time.monotonic() - started:.1f} s, {peak_kb} KiB at most")

    check(process.returncode == 0, "the run ends well", process.returncode)
    check(samples.startswith("# prom-samples v1\n") and
          samples.endswith("# prom-samples end\n"), "the stream is whole")
    check(peak_kb < MEMORY_MAX_KB, "memory stays within bounds", peak_kb)
    ups = {}
    for path, value in re.findall(
            r'^up\{instance="([^"]+)",job="j"\} (\d) \d+$', samples, re.M):
        ups.setdefault(path, []).append(value)
    for path, (_, reason) in HOSTILE.items():
        if path in HEAVY:
            reason += "|no complete answer within"
        said = re.findall(re.escape(urls[path]) + r": (.*)", messages)
        check(ups.get(path) == ["0"] * ROUNDS and len(said) == ROUNDS and
              all(re.search(reason, line) for line in said),
              f"{path} is down, and the reason is given",
              f"{ups.get(path)} {said}")
    bad = [path for path in good if ups.get(path) != ["1"] * ROUNDS]
    check(not bad, "the good targets are up in every round", bad)
    values = re.findall(r'^good\{instance="/good\d+",job="j"\} 42 \d+$',
                        samples, re.M)
    check(len(values) == GOOD_TARGETS * ROUNDS, "and all their samples arrive",
          len(values))
    foreign = [line for line in samples.splitlines()
               if 'instance="/good' not in line and not line.startswith("#")
               and not re.match(r"(up|scrape_\w+)\{", line)]
    check(not foreign, "no sample of a failed scrape is passed on",
          foreign[:3])
    check(not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", messages),
          "messages hold no control characters")


sys.exit(main())
