#!/usr/bin/env python3
"""Some five hundred answers that no target should give, as a table: each is
`up 0` with a reason that fits, printable and short, and the good targets
between them are scraped as if they were alone.  scrape_hostile.py has the
large and endless ones.

  scrape_hostile_cases.py --list     names the cases"""

import asyncio
import gzip
import random
import re
import struct
import subprocess
import sys
import threading
import zlib

from tap import finish, ok, tool

TIMEOUT_S = 8
REASON_BYTES_MAX = 400
TEXT = b"text/plain; version=0.0.4"
OPEN_METRICS = b"application/openmetrics-text; version=1.0.0"
PROTOBUF = (b"application/vnd.google.protobuf; encoding=delimited; "
            b"proto=io.prometheus.client.MetricFamily")

cases = {}  # name: (answer, pattern of the reason); "" for a good one
METADATA = r"not allowed|malformed|not http|resolve|Couldn't|connect"


def add(name, answer, reason=r"."):
    assert name not in cases, name
    cases[name] = (answer, reason)


def http(body, content_type=TEXT, status=b"200 OK", headers=b""):
    return (b"HTTP/1.1 " + status + b"\r\nContent-Type: " + content_type +
            b"\r\n" + headers + b"Content-Length: %d\r\n\r\n" % len(body) +
            body)


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


# --- text that does not parse
SYNTAX = [
    "m", "m ", "m{", "m{}", "m{a", "m{a=", 'm{a="', 'm{a="b', 'm{a="b"',
    'm{a="b"}', 'm{a="b" c="d"} 1', 'm{a=b} 1', "m{a='b'} 1", "m{=\"b\"} 1",
    'm{,} 1', 'm{a="b",,} 1', 'm{,a="b"} 1', 'm{a="b"}} 1', '{} 1',
    '{a="b"} 1', '{"m" 1', '{"m",} x', '{"m" "n"} 1', 'm{"n"} 1',
    'm{"a"="b} 1', '"m" 1', "1m 1", "-m 1", "m-n 1", "m.n 1", "m n 1",
    "m 1 2 3", "m 1 x", "m 1 1.5", "m 1 1e3", "m 1 99999999999999999999",
    "m one", "m 1.2.3", "m 1,5", "m 0x", "m 1e", "m 1e+", "m --1", "m +-1",
    "m 1_000", "m 0b1", "m 1p3", "m 0x1p3", "m infinite", "m nan1", "m .",
    "m e5", "m '1'", 'm "1"', "m 1;", "m 1 # {} 1",
    'm{a="\\x"} 1', 'm{a="\\"} 1', 'm{a="b\nc"} 1', 'm{a="b"}1 1 1',
    "# TYPE m", "# TYPE m sometype", "# TYPE 1m counter", "# TYPE m counter x",
    "# HELP", "# HELP 1m text", "m\t{", "m{a=\"b\"\t", "m\x0b1", "m\x0c1",
    "m\r1", "\x01m 1", "m\x7f 1", "m\u00a01", "\ufeffm 1", "<html></html>",
    '{"status":"success"}', "%PDF-1.4", "#!/bin/sh\nrm -rf /", "m{a=\"b\"} ",
    "m{a=\"b\"} NaN NaN", "m 1 -", "m 1 +", "m{a==\"b\"} 1", "m{a=\"b\";} 1",
    "m[a=\"b\"] 1", "m(a=\"b\") 1", "m:{ 1", "m{1a=\"b\"} 1",
    "m{a-b=\"c\"} 1", "m{a.b=\"c\"} 1", "m{__name__=\"x\"",
]
for i, text in enumerate(SYNTAX):
    add(f"syntax-{i}", http(f"good 1\n{text}\n".encode()))
for i, raw in enumerate([b"\xff", b"\xc3\x28", b"\xa0\xa1", b"\xe2\x28\xa1",
                         b"\xe2\x82\x28", b"\xf0\x28\x8c\xbc", b"\xc0\x80",
                         b"\xed\xa0\x80", b"\xf5\x80\x80\x80",
                         b"\xf0\x90\x28\xbc", b"\xf8\xa1\xa1\xa1\xa1",
                         b"\xc3"]):
    add(f"utf8-value-{i}", http(b'm{a="x' + raw + b'"} 1\n'), "UTF-8")
    add(f"utf8-quoted-name-{i}", http(b'{"m' + raw + b'"} 1\n'))
    add(f"utf8-label-{i}", http(b'm{"a' + raw + b'"="x"} 1\n'))
    add(f"utf8-help-{i}", http(b"# HELP m x" + raw + b"\nm 1\n"))

# --- OpenMetrics
for i, text in enumerate([
        "", "m 1\n", "m 1\n# EOF\nm 2\n", "m 1\n# EOF\n\n", "m 1\n# eof\n",
        "m 1\n#EOF\n", "m 1\n# EOF \n", "m  1\n# EOF\n", "m 1 \n# EOF\n",
        "m\t1\n# EOF\n", "\nm 1\n# EOF\n", "m 1\n\n# EOF\n",
        "# comment\nm 1\n# EOF\n", "# TYPE m bad\nm 1\n# EOF\n",
        "# TYPE m counter\n# UNIT m seconds\nm 1\n# EOF\n",
        "m 1 1e\n# EOF\n", "m 1 1.x\n# EOF\n", "m 1 # {\n# EOF\n",
        'm 1 # {a="b"}\n# EOF\n', 'm 1 # {a="b"} x\n# EOF\n',
        'm 1 # {a="b} 1\n# EOF\n', 'm 1 # {a=} 1\n# EOF\n',
        "m{a='b'} 1\n# EOF\n", "m 1\r\n# EOF\n", " m 1\n# EOF\n",
        "# HELP m\n# EOF\n", "#  TYPE m counter\n# EOF\n"]):
    add(f"openmetrics-{i}", http(text.encode(), OPEN_METRICS))

# --- protobuf
METRIC = field(1, field(1, b"a") + field(2, b"b")) + field(
    3, b"\x09" + struct.pack("<d", 1.5))
FAMILY = field(1, b"m") + field(2, b"help") + b"\x18\x00" + field(4, METRIC)
MESSAGE = varint(len(FAMILY)) + FAMILY
for size in range(1, len(MESSAGE)):
    add(f"protobuf-cut-{size}", http(MESSAGE[:size], PROTOBUF))
noise = random.Random(1)
for i in range(60):
    add(f"protobuf-noise-{i}",
        http(b"\xff" + noise.randbytes(noise.randrange(1, 300)), PROTOBUF))
for i, raw in enumerate([
        b"\xff" * 9 + b"\x01", b"\xff" * 11, b"\x80", varint(1 << 62),
        varint(1 << 31) + b"x", b"\x02\x0b\x0c", b"\x01\x0b",
        varint(5) + field(1, b"\xff\xfe\xfd"),
        varint(3) + b"\x0a\x7fm", varint(2) + b"\x18\xff",
        b"m 1\n", b"<html>", b"\x1f\x8b\x08"]):
    add(f"protobuf-odd-{i}", http(raw, PROTOBUF))
for i, content_type in enumerate([
        b"application/vnd.google.protobuf; encoding=text; "
        b"proto=io.prometheus.client.MetricFamily",
        b"application/vnd.google.protobuf; encoding=compact-text; "
        b"proto=io.prometheus.client.MetricFamily"]):
    add(f"protobuf-encoding-{i}", http(MESSAGE, content_type), "delimited")

# --- label bombs
for count in (62, 65, 100, 1000, 5000):
    labels = ",".join(f'l{i}="v"' for i in range(count))
    add(f"labels-{count}", http(f"m{{{labels}}} 1\n".encode()), "label_limit")
for size in (513, 1000, 70_000):
    add(f"label-name-{size}", http(b"m{" + b"x" * size + b'="1"} 1\n'),
        "label_name_length_limit")
for size in (4097, 10_000, 1_000_000):
    add(f"label-value-{size}", http(b'm{a="' + b"x" * size + b'"} 1\n'),
        "label_value_length_limit")
for size in (4097, 100_000):
    add(f"metric-name-{size}", http(b"m" * size + b" 1\n"),
        "label_value_length_limit")
add("series-length", http(b"m{" + b",".join(
    b'l%d="%s"' % (i, b"x" * 4000) for i in range(8)) + b"} 1\n"),
    "series length limit")
add("escapes", http(b'm{a="' + b"\\\\" * 5000 + b'"} 1\n'),
    "label_value_length_limit")
add("twice-the-label", http(b'm{a="1",a="2"} 1\n'), r".")

# --- compression
GOOD = b"m 1\n" * 100
GZIP = b"Content-Encoding: gzip\r\n"
ZSTD = b"Content-Encoding: zstd\r\n"
packed = gzip.compress(GOOD, mtime=0)
for size in range(1, len(packed), 2):
    add(f"gzip-cut-{size}", http(packed[:size], headers=GZIP), "gzip")
for at in (0, 1, 2, 12, 20, len(packed) - 8, len(packed) - 7,
           len(packed) - 4, len(packed) - 1):
    flipped = bytearray(packed)
    flipped[at] ^= 0x55
    add(f"gzip-flip-{at}", http(bytes(flipped), headers=GZIP))
add("gzip-then-noise", http(packed + b"noise", headers=GZIP), "gzip")
add("gzip-is-deflate", http(zlib.compress(GOOD), headers=GZIP), "gzip")
add("gzip-is-text", http(GOOD, headers=GZIP), "gzip")
add("gzip-bomb", http(gzip.compress(b"\n" * (100 << 20)), headers=GZIP),
    "expands more than|body exceeds")
add("gzip-twice", http(gzip.compress(packed), headers=GZIP))
add("zstd-is-text", http(GOOD, headers=ZSTD), "zstd")
add("zstd-cut", http(b"\x28\xb5\x2f\xfd\x04", headers=ZSTD), "zstd")
# A frame that asks for a window of 2 GiB, and one that unfolds from nothing.
add("zstd-window", http(b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x0b\x00\x00m",
                        headers=ZSTD), "zstd")
block = b"\x02\x00\x10m"  # 128 KiB of m
rle = b"\x28\xb5\x2f\xfd\x00\x58" + block * 4000 + b"\x03\x00\x10m"
add("zstd-bomb", http(rle, headers=ZSTD), "expands more than|body exceeds")
for encoding in ("br", "deflate", "compress", "gzip, gzip", "gzip,zstd",
                 "x" * 1000, "GZIP2", "\x1b[31m"):
    add(f"encoding-{encoding[:12]!r}", http(
        GOOD, headers=b"Content-Encoding: " + encoding.encode() + b"\r\n"),
        "encoding")

# --- HTTP
for status in (201, 202, 203, 204, 205, 206, 300, 304, 305, 400, 401, 402,
               403, 404, 405, 407, 408, 409, 410, 411, 413, 414, 417, 418,
               421, 425, 426, 429, 431, 451, 499, 500, 501, 502, 503, 504,
               505, 511, 520, 599, 600, 999):
    add(f"status-{status}", http(GOOD, status=b"%d x" % status),
        f"status {status}|.")
for i, line in enumerate([
        b"HTTP/1.1 200\x00OK", b"HTTP/1.1 2x0 OK", b"HTTP/1.1  ", b"HTTP/9.9 200 OK",
        b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1", b"ICY 200 OK",
        b"SSH-2.0-OpenSSH_9", b"220 smtp ESMTP", b"\x16\x03\x01\x02\x00\x01",
        b"\x00" * 50, b"+OK redis", b"-ERR", b"{}", b"<?xml?>"]):
    add(f"status-line-{i}", line + b"\r\n\r\n" + GOOD)
for i, raw in enumerate([
        b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\nm 1\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nm 1\n",
        b"Transfer-Encoding: chunked\r\n\r\n4\r\nm 1\n",
        b"Transfer-Encoding: chunked\r\n\r\n4\r\nm 1\nX",
        b"Content-Length: 100\r\n\r\nm 1\n",
        b"Content-Length: -1\r\n\r\nm 1\n",
        b"Content-Length: x\r\n\r\nm 1\n",
        b"Content-Length: 99999999999999999999\r\n\r\nm 1\n",
        b"Content-Length: 67108865\r\n\r\nm 1\n",
        b"X: " + b"y" * 70_000 + b"\r\n\r\nm 1\n",
        b"X: y\r\n" * 200 + b"\r\nm 1\n",
        b"X" * 70_000 + b": y\r\n\r\nm 1\n"]):
    add(f"framing-{i}",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + raw)
# Unknown content types fail a job that has no fallback; bare URLs have one,
# so these are text that is none.
for i, content_type in enumerate([b"text/html", b"application/json", b"",
                                  b"image/png", b"x" * 5000, b";;;", b"\x1b[2J"]):
    add(f"type-{i}", http(b"<html>\x1b[31m</html>\n", content_type))

# --- redirects
for i, to in enumerate([
        "http://169.254.169.254/", "http://169.254.169.254:80/latest/",
        "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/",
        "http://169.254.43518/", "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:a9fe:a9fe]/", "http://[fd00:ec2::254]/",
        "http://[64:ff9b::169.254.169.254]/", "http://0.0.0.0/", "http://0/",
        "http://[::]/", "http://224.0.0.1/", "http://255.255.255.255/",
        "http://user:pw@169.254.169.254/", "//169.254.169.254/x",
        "http://169.254.169.254\\@127.0.0.1/", "http://[ff02::1]/"]):
    add(f"metadata-{i}", http(b"", status=b"302 Found", headers=b"Location: " +
                              to.encode() + b"\r\n"), METADATA)
for i, to in enumerate([
        "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/x",
        "dict://127.0.0.1:11211/stat", "ldap://127.0.0.1/", "javascript:1",
        "data:text/plain,m%201", "http://", "http:///", "http://[::1", "://",
        "http://a b/", "http://\x7f/", "http://x:99999/", "http://x:-1/",
        "smb://h/s", "unix:/run/x.sock", "HTTP+UNIX://x/"]):
    add(f"scheme-{i}", http(b"", status=b"301 Moved", headers=b"Location: " +
                            to.encode() + b"\r\n"))
for i, status in enumerate((301, 302, 303, 307, 308)):
    add(f"loop-{i}", http(b"", status=b"%d x" % status,
                          headers=b"Location: ?again\r\n"), "redirects")

# --- time
add("silent", None, "no complete answer")
add("half-a-head", (b"HTTP/1.1 200 OK\r\nContent-", None),
    "no complete answer")
add("half-a-body", (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                    b"Content-Length: 99\r\n\r\nm 1\n", None),
    "no complete answer")
add("nothing", b"")
for i in range(25):
    add(f"good-{i}", http(b"good %d\n" % i), "")

# What looks wrong but is taken, by upstream's lexers too: a comma that is
# missing, an escape that is none, a line break within quotes, a help without
# text, an empty family, a length beyond 64 bits before the end of the
# connection.
GOOD_AFTER_ALL = {
    "syntax-10", "syntax-56", "syntax-58", "syntax-64", "protobuf-odd-7",
    "framing-8",
}


async def handle(reader, writer):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        name = head.split(b" ")[1].decode().lstrip("/").split("?")[0]
        answer = cases.get(name, (b"",))[0]
        if isinstance(answer, tuple):
            writer.write(answer[0])
            answer = None
        if answer is None:
            await asyncio.sleep(60)
        writer.write(answer)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


def serve():
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncio.start_server(handle, "127.0.0.1", 0, backlog=1000))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return server.sockets[0].getsockname()[1]


def main():
    names = {f"c{i}": name for i, name in enumerate(cases)}
    for short, name in names.items():
        cases[short] = cases[name]
    port = serve()
    lines = '{"job":"j","targets":[%s]}\n' % ",".join(
        f'{{"url":"http://127.0.0.1:{port}/{short}",'
        f'"labels":{{"job":"j","instance":"{short}"}}}}' for short in names)
    result = subprocess.run(
        [tool("prom-scrape"), "--targets", "-", "--count", "1", "--timeout",
         f"{TIMEOUT_S}s"], input=lines.encode(), capture_output=True,
        timeout=60, check=False)
    samples, messages = result.stdout.decode(), result.stderr.decode()
    ok(result.returncode == 0 and samples.endswith("# prom-samples end\n"),
       "the run ends well", messages[-500:])
    ups = dict(re.findall(r'^up\{instance="(\w+)",job="j"\} (\d) ', samples,
                          re.M))
    said = dict(re.findall(rf"127\.0\.0\.1:{port}/(\w+): (.*)", messages))
    wrong = []
    for short, name in names.items():
        reason = cases[name][1]
        is_good = reason == "" or name in GOOD_AFTER_ALL
        fits = (short not in said if is_good else
                re.search(reason, said.get(short, "")) is not None)
        if ups.get(short) != ("1" if is_good else "0") or not fits:
            wrong.append(f"{name}: up {ups.get(short)} "
                         f"{said.get(short, '')[:100]!r}")
    bad = sum(1 for name in names.values() if cases[name][1])
    ok(not wrong, f"{bad} hostile answers are contained, each with its reason",
       f"{len(wrong)}\n    " + "\n    ".join(wrong[:60]))
    ok(not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", messages) and
       all(len(text) <= REASON_BYTES_MAX for text in said.values()),
       "reasons are printable and short",
       max(said.values(), key=len, default="")[:500])
    foreign = [line for line in samples.splitlines() if not line.startswith("#")
               and not re.match(r"(up|scrape_\w+)\{", line)
               and names[re.search(r'instance="(\w+)"', line)[1]] not in
               GOOD_AFTER_ALL and not line.startswith("good{")]
    ok(not foreign, "no sample of a failed scrape is passed on", foreign[:3])
    finish()


if "--list" in sys.argv:
    print("\n".join(cases))
else:
    main()
