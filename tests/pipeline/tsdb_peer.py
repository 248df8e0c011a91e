#!/usr/bin/env python3
"""Prometheus' own files, read and written beside Debian's Prometheus: while it
scrapes, compacts, deletes and is killed, `prom-query --tsdb` answers what its
API answers, series for series and sample for sample; and the blocks that
prom-store exports pass promtool and are served by it.

  PROM_SECONDS   how long Prometheus runs (30)
"""

import http.server
import itertools
import json
import math
import os
import shutil
import signal
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from tap import (directory, finish, free_port, ok, run, skip, start, tool,
                 wait_until)

SECONDS = int(os.environ.get("PROM_SECONDS", "30"))
for program in ("prometheus", "promtool"):
    if not shutil.which(program):
        skip("beside Debian's Prometheus", f"{program} is not installed")
        finish()

work = directory()
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
ALL = '{__name__=~".+"}'


def write(name, text):
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def get(url, data=None, headers=None):
    request = urllib.request.Request(url, data=data, headers=headers or {})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read()


def answers(url):
    try:
        get(url)
        return True
    except OSError:
        return False


# ---- what is compared


def number(text):
    value = float(text)
    return "NaN" if math.isnan(value) else value


def as_table(result):
    """{labels: [(time, value or histogram)]} of a range vector."""
    table = {}
    for series in result:
        points = [(round(t * 1000), number(v))
                  for t, v in series.get("values", [])]
        for t, h in series.get("histograms", []):
            buckets = [(b[0], float(b[1]), float(b[2]), float(b[3]))
                       for b in h.get("buckets", [])]
            points.append((round(t * 1000), (float(h["count"]),
                                             float(h["sum"]), tuple(buckets))))
        points.sort(key=lambda point: point[0])
        table[tuple(sorted(series["metric"].items()))] = points
    return table


def ask(server, expression, at):
    query = urllib.parse.urlencode({"query": expression, "time": at})
    answer = json.loads(get(f"http://{server}/api/v1/query?{query}"))
    return answer["data"]["result"]


def from_api(server, at):
    """Range vectors of Prometheus 2.42 have one histogram at all times, so
    that those are asked for one by one, at some of their times."""
    table = as_table(ask(server, '{__name__!~"pushed|"}[1d]', at))
    counts = as_table(ask(server, "pushed[1d]", at))
    times = sorted({t for points in counts.values() for t, _ in points})
    for labels, points in counts.items():
        table[labels] = [(t, None) for t, _ in points]
    for t in times[::max(1, len(times) // 10)]:
        for series in ask(server, "pushed", t / 1000):
            labels = tuple(sorted(series["metric"].items()))
            stamp, value = series["histogram"]
            (point,) = as_table([{"metric": {}, "histograms": [
                (stamp, value)]}])[()]
            if (t, None) in table[labels]:
                table[labels][table[labels].index((t, None))] = (t, point[1])
    return table


def matches(wanted, got):
    """Where a wanted value is None any will do."""
    return set(wanted) == set(got) and all(
        len(points) == len(got[labels]) and
        all(a == b or (a[1] is None and a[0] == b[0])
            for a, b in zip(points, got[labels]))
        for labels, points in wanted.items())


def from_files(path, at, selector=ALL):
    done = run([tool("prom-query"), "--tsdb", path, "--time", str(at), "-o",
                "json", "--", f"{selector}[1d]"])
    if done.returncode != 0:
        return {"error": done.stdout + done.stderr}
    answer = json.loads(done.stdout)
    table = as_table(answer["data"]["result"])
    if answer.get("warnings"):
        table["warnings"] = answer["warnings"]
    return table


def difference(wanted, got):
    if "error" in got or "warnings" in got:
        return str(got.get("error") or got.get("warnings"))
    for labels in itertools.chain(wanted, got):
        ours, theirs = got.get(labels), wanted.get(labels)
        if not matches({0: theirs or []}, {0: ours or []}):
            odd = (set(map(str, ours or [])) ^ set(map(str, theirs or [])))
            return (f"{dict(labels)}: {len(ours or [])} samples here, "
                    f"{len(theirs or [])} there; {sorted(odd)[:4]}")
    return ""


def same(wanted, got, what):
    count = sum(map(len, wanted.values()))
    histograms = sum(isinstance(value, tuple)
                     for points in wanted.values() for _, value in points)
    return ok(bool(wanted) and matches(wanted, got),
              f"{what} ({len(wanted)} series, {count} samples, "
              f"{histograms} histograms)", difference(wanted, got))


# ---- remote write, the way in for histograms and late samples


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number_, payload):
    if isinstance(payload, float):
        return varint(number_ << 3 | 1) + struct.pack("<d", payload)
    if isinstance(payload, int):
        return varint(number_ << 3) + varint(payload & (1 << 64) - 1)
    return varint(number_ << 3 | 2) + varint(len(payload)) + payload


def zigzag(value):
    return value << 1 ^ value >> 63


def snappy(data):
    """A block of literals only."""
    out = varint(len(data))
    for at in range(0, len(data), 65536):
        part = data[at:at + 65536]
        out += b"\xf4" + struct.pack("<H", len(part) - 1) + part
    return out


def span(offset, length):
    return field(1, zigzag(offset)) + field(2, length)


def histogram(i, t_ms, is_float):
    deltas = b"".join(varint(zigzag(d)) for d in (i + 1, 1, -1, 0))
    counts = struct.pack("<4d", i + 1.5, i + 2, i + 1, i + 1)
    out = field(2, 12.5 + 9 * i) if is_float else field(1, 12 + 9 * i)
    out += field(3, 18.4 * (i + 1)) + field(4, zigzag(1)) + field(5, 0.001)
    out += field(7, 2.5 + i) if is_float else field(6, 2 + i)
    # From the tenth on there are more buckets than before.
    out += field(11, span(0, 2)) + field(11, span(1 if i < 10 else 2, 2))
    out += field(13, counts) if is_float else field(12, deltas)
    return out + field(15, t_ms)


def push(server, series):
    """[(labels, [encoded samples], [encoded histograms])]"""
    request = b""
    for labels, samples, histograms in series:
        body = b"".join(
            field(1, field(1, n.encode()) + field(2, v.encode()))
            for n, v in sorted(labels.items()))
        body += b"".join(field(2, s) for s in samples)
        body += b"".join(field(4, h) for h in histograms)
        request += field(1, body)
    get(f"http://{server}/api/v1/write", snappy(request),
        {"Content-Encoding": "snappy",
         "Content-Type": "application/x-protobuf",
         "X-Prometheus-Remote-Write-Version": "0.1.0"})


def sample(value, t_ms):
    return field(1, float(value)) + field(2, t_ms)


# ---- a target whose series come and go


class Target(http.server.BaseHTTPRequestHandler):
    scrapes = itertools.count()

    def do_GET(self):
        i = next(Target.scrapes)
        lines = ["# TYPE work counter", "# TYPE level gauge"]
        lines += [f'work{{part="{p}"}} {i * p}' for p in range(20)]
        lines += [f"level {math.sin(i)}", 'odd{text="a\\"b\\\\c\\nd"} NaN',
                  "huge 1e300", "tiny -5e-324", "inf +Inf"]
        if i % 5 < 3:
            lines.append(f"now_and_then {i}")
        body = ("\n".join(lines) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


target = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
threading.Thread(target=target.serve_forever, daemon=True).start()

config = write("prometheus.yml", f"""
global: {{scrape_interval: 250ms, scrape_timeout: 250ms}}
scrape_configs:
  - job_name: target
    static_configs: [{{targets: ['127.0.0.1:{target.server_port}']}}]
storage: {{tsdb: {{out_of_order_time_window: 10m}}}}
""")


def serve(path, config_file, *flags):
    address = f"127.0.0.1:{free_port()}"
    child = start(["prometheus", f"--config.file={config_file}",
                   f"--storage.tsdb.path={path}",
                   f"--web.listen-address={address}", "--web.enable-admin-api",
                   *flags], **quiet)
    wait_until(lambda: answers(f"http://{address}/-/ready"))
    return child, address


data = os.path.join(work, "data")
child, server = serve(
    data, config, "--enable-feature=native-histograms,exemplar-storage",
    "--web.enable-remote-write-receiver", "--storage.tsdb.wal-compression",
    "--storage.tsdb.min-block-duration=6s",
    "--storage.tsdb.max-block-duration=18s")


def blocks(path):
    return [name for name in os.listdir(path) if len(name) == 26]


def feed(i):
    now = int(time.time() * 1000)
    push(server, [
        ({"__name__": "pushed", "kind": "whole"}, [], [histogram(i, now, False)]),
        ({"__name__": "pushed", "kind": "float"}, [], [histogram(i, now, True)]),
        ({"__name__": "late"}, [sample(i, now)], [])])
    push(server, [({"__name__": "late"}, [sample(-i, now - 3210)], [])])


def settled():
    """A time that no sample will come before any more."""
    return math.floor(time.time() * 1000 - 4000) / 1000


def compare(what, path=data):
    """While it runs; once again where a compaction came between the two."""
    for attempt in range(3):
        at = settled()
        got, wanted = from_files(path, at), from_api(server, at)
        if matches(wanted, got):
            break
    return same(wanted, got, what)


deadline = time.monotonic() + SECONDS
rounds = good = 0
failure = ""
for i in itertools.count():
    if time.monotonic() > deadline:
        break
    try:
        feed(i)
    except urllib.error.HTTPError as error:
        ok(False, "Prometheus takes what is pushed", error.read().decode())
        break
    time.sleep(0.4)
    if i < 8 or i % 4:
        continue
    at = settled()
    got, wanted = from_files(data, at), from_api(server, at)
    rounds += 1
    if matches(wanted, got):
        good += 1
    else:
        failure = difference(wanted, got)
ok(rounds > 0 and good == rounds,
   f"each of {rounds} looks at a running server's files is right", failure)
ok(wait_until(lambda: len(blocks(data)) >= 2, 30), "there are blocks by now")
time.sleep(4)
compare("a running server's files say what it says")

query = urllib.parse.urlencode(
    {"match[]": '{__name__=~"level|work|pushed",part!="3"}',
     "start": time.time() - SECONDS * 0.6, "end": time.time() - SECONDS * 0.3})
get(f"http://{server}/api/v1/admin/tsdb/delete_series?{query}", b"")
compare("what was deleted is left out")

name = json.loads(get(f"http://{server}/api/v1/admin/tsdb/snapshot", b""))
at = settled()
snapshot = os.path.join(data, "snapshots", name["data"]["name"])


def without_late(table):
    """Snapshots lack late samples that are in no block yet."""
    return {k: v for k, v in table.items() if dict(k)["__name__"] != "late"}


same(without_late(from_api(server, at)), without_late(from_files(snapshot, at)),
     "a snapshot is the same")


def joined(tables):
    """What parts of a whole say together; blocks may overlap."""
    together = {}
    for table in tables:
        if "error" in table or "warnings" in table:
            return table
        for labels, points in table.items():
            together.setdefault(labels, {}).update(dict(points))
    return {k: sorted(v.items()) for k, v in together.items()}


# Some block may have no sample left, or none before this moment.
same(joined([from_files(snapshot, at)]),
     joined(from_files(os.path.join(snapshot, block), at)
            for block in blocks(snapshot)),
     "its blocks, each read alone, say the same")

time.sleep(4)
at = settled()
wanted = from_api(server, at)
child.send_signal(signal.SIGKILL)
child.wait()
same(wanted, from_files(data, at), "and so are the files of a killed server")

# ---- what we write


def write_and_serve():
    store = os.path.join(work, "store")
    done = run([tool("prom-store"), "import", "-S", store, "--format=tsdb", data])
    ok(done.returncode == 0, "prom-store imports the directory", done.stderr)
    made = os.path.join(work, "made")
    done = run([tool("prom-store"), "export", "-S", store, "--format=tsdb", made])
    ok(done.returncode == 0 and blocks(made), "prom-store exports blocks",
       done.stderr)
    same(wanted, from_files(made, at), "our blocks are read back by us")
    os.makedirs(os.path.join(made, "wal"))
    for command in (["list", made], ["analyze", made], ["dump", made]):
        done = run(["promtool", "tsdb", *command])
        ok(done.returncode == 0, f"promtool tsdb {command[0]} takes them",
           done.stderr)
    idle = write("idle.yml", "scrape_configs: []\n")
    served, address = serve(made, idle, "--enable-feature=native-histograms")
    same(wanted, from_api(address, at), "Prometheus serves our blocks")
    served.terminate()
    served.wait()


if "  export " in run([tool("prom-store"), "--help"]).stdout:
    write_and_serve()
else:
    skip("blocks that prom-store writes", "this prom-store has no export")

# ---- promtool's blocks

lines = []
for metric in range(5):
    lines.append(f"# TYPE m{metric} gauge")
    for part in range(10):
        lines += [f'm{metric}{{part="{part}"}} {metric * step / 7 + part} '
                  f"{1_700_000_000 + 15 * step}" for step in range(1000)]
text = write("made.om", "\n".join(lines) + "\n# EOF\n")
theirs = os.path.join(work, "theirs")
run(["promtool", "tsdb", "create-blocks-from", "openmetrics", text, theirs])
os.makedirs(os.path.join(theirs, "wal"))  # without it 2.42 dumps nothing
dump = run(["promtool", "tsdb", "dump", theirs]).stdout.splitlines()
selector = '{__name__=~"m.*"}'
table = from_files(theirs, 1_700_020_000, selector)
ok(sum(map(len, table.values())) == len(dump) == 50_000,
   f"promtool's blocks have what its dump has ({len(dump)} samples)",
   str(sum(map(len, table.values()))))
expected = sorted((float(line.split()[-2]), int(line.split()[-1]))
                  for line in dump)
ok(expected == sorted((v, t) for points in table.values() for t, v in points),
   "value for value")
finish()
