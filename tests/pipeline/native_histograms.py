#!/usr/bin/env python3
"""Native histograms, exemplars and start timestamps from a target to a query:
a target that serves protobuf, as gzip too, is scraped into a store by frames
and by text; queries of the store answer what the target said, and what
Debian's Prometheus answers for the same target, where it is installed."""

import gzip
import http.server
import json
import os
import shutil
import struct
import subprocess
import threading
import time
import urllib.parse
import urllib.request

from tap import (directory, finish, free_port, ok, run, skip, start, tool,
                 wait_until)

PROTOBUF = ("application/vnd.google.protobuf; "
            "proto=io.prometheus.client.MetricFamily; encoding=delimited")
STARTED = 1_700_000_000  # when the target says its counters began


# -- protocol buffers by hand

def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def signed(field, value):
    return number(field, ((value << 1) ^ (value >> 63)) & (2**64 - 1))


def real(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def text(field, value):
    value = value if isinstance(value, bytes) else value.encode()
    return varint(field << 3 | 2) + varint(len(value)) + value


def label(name, value):
    return text(1, text(1, name) + text(2, value))


def family(name, kind, *metrics):
    body = text(1, name) + text(2, "Help of " + name) + number(3, kind)
    body += b"".join(text(4, metric) for metric in metrics)
    return varint(len(body)) + body


def stamp(field, seconds):
    return text(field, number(1, seconds))


def exemplar(field, trace, value, seconds):
    return text(field, label("trace_id", trace) + real(2, value)
                + stamp(3, seconds))


def span(field, offset, length):
    return text(field, signed(1, offset) + number(2, length))


COUNTER, GAUGE, SUMMARY, HISTOGRAM = 0, 1, 2, 4


def exposition(n, now):
    """What the target says when it is asked for the n-th time."""
    integer = (number(1, 6 * n + 2) + real(2, 18.5 * n) + signed(5, 3)
               + real(6, 0.001) + number(7, 2)
               + span(9, 1, 1) + signed(10, n)
               + span(12, -4, 2) + span(12, 3, 1)
               + signed(13, 2 * n) + signed(13, -n) + signed(13, n)
               + stamp(15, STARTED) + exemplar(16, "native-%d" % n, 0.7, now))
    floats = (real(4, 2.5 * n) + real(2, n) + signed(5, 0) + real(6, 0.001)
              + span(12, 0, 2) + real(14, 1.5 * n) + real(14, 1.0 * n))
    classic = number(1, 3 * n) + real(2, 2 * n) + b"".join(
        text(3, number(1, n * (i + 1)) + real(2, bound)
             + exemplar(3, "classic-%d-%d" % (n, i), bound / 2, now))
        for i, bound in enumerate((0.1, 1)))
    return b"".join([
        family("seq", GAUGE, text(2, real(1, n))),
        family("requests_total", COUNTER, label("code", "200") + text(
            3, real(1, 10 * n) + exemplar(2, "counter-%d" % n, n, now)
            + stamp(3, STARTED))),
        family("lat_seconds", HISTOGRAM, label("path", "/") + text(7, integer)),
        family("size_bytes", HISTOGRAM, text(7, floats)),
        family("old_seconds", HISTOGRAM, text(7, classic)),
        family("quant", SUMMARY, text(4, number(1, n) + real(2, n) + text(
            3, real(1, 0.5) + real(2, n)))),
    ])


class Target(http.server.BaseHTTPRequestHandler):
    """Counts by client, so that each sees the same sequence."""
    asked = {}
    accepts = {}
    lock = threading.Lock()

    def do_GET(self):
        client = self.headers["User-Agent"] + self.path
        with self.lock:
            n = self.asked[client] = self.asked.get(client, 0) + 1
            self.accepts[client] = self.headers["Accept"]
        body = exposition(n, int(time.time()))
        self.send_response(200)
        self.send_header("Content-Type", PROTOBUF)
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


work = directory()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"127.0.0.1:{server.server_port}"


def write(name, content):
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    return path


def configuration(name, native, job_settings=""):
    settings = "scrape_native_histograms: true, " if native else ""
    return write(name, f"""
global: {{{settings}scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: fake
    metrics_path: /{name}
    static_configs: [{{targets: ['{address}']}}]
    {job_settings}
""")


def scrape_into(store, config, *flags, count=4):
    discover = subprocess.run([tool("prom-discover"), "--config.file", config,
                               "--once"], capture_output=True, check=True)
    scraped = subprocess.run(
        [tool("prom-scrape"), "--config.file", config, "--targets", "-",
         "--count", str(count), *flags], input=discover.stdout,
        capture_output=True, timeout=60, check=False)
    ok(scraped.returncode == 0, f"prom-scrape {' '.join(flags)} succeeds",
       scraped.stderr.decode())
    appended = subprocess.run(
        [tool("prom-store"), "append", "-S", store], input=scraped.stdout,
        capture_output=True, timeout=60, check=False)
    ok(appended.returncode == 0, "prom-store append takes it",
       appended.stderr.decode())
    return scraped.stdout


def query(store, expression, *flags):
    answer = run([tool("prom-query"), "-S", store, "-o", "json", *flags, "--",
                  expression])
    parsed = json.loads(answer.stdout)
    if parsed["status"] != "success":
        return None
    return parsed["data"]["result"]


def samples(result, key):
    """Values of the only series, by the sequence number in `seq`."""
    return [value for _, value in result[0].get(key, [])] if result else []


# -- frames and text

stores = {}
for flags in (("--wire",), ()):
    store = os.path.join(work, "store" + "".join(flags))
    config = configuration("native" + "".join(flags), True)
    stream = scrape_into(store, config, *flags)
    stores[flags] = store
    what = "frames" if flags else "text"
    if not flags:
        ok(b'lat_seconds{instance="' in stream and b"{{schema:3 count:8 " in
           stream, "text writes a histogram in place of a number")
        ok(b"# EXEMPLAR " in stream and b"# START " in stream,
           "text tells exemplars and starts")
        piped = subprocess.run([tool("prom-query"), "-o", "json",
                                "histogram_count(lat_seconds)"], input=stream,
                               capture_output=True, timeout=30, check=False)
        got = json.loads(piped.stdout)["data"]["result"]
        ok(got and got[0]["value"][1] == "26",
           "prom-query reads histograms from a pipe", piped.stdout)
    histograms = samples(query(store, "lat_seconds[5m]"), "histograms")
    ok([h["count"] for h in histograms] == ["8", "14", "20", "26"],
       f"{what}: every histogram is there", str(histograms))
    ok(histograms and histograms[0]["sum"] == "18.5"
       and len(histograms[0]["buckets"]) == 5,
       f"{what}: with sum and buckets", str(histograms[:1]))
    floats = samples(query(store, "size_bytes[5m]"), "histograms")
    ok([h["count"] for h in floats] == ["2.5", "5", "7.5", "10"],
       f"{what}: float histograms too", str(floats))
    rate = query(store, "histogram_quantile(0.9, rate(lat_seconds[5m]))")
    ok(rate and 0 < float(rate[0]["value"][1]) < 100,
       f"{what}: a quantile of a rate", str(rate))
    classic = query(store, "old_seconds_bucket")
    ok({s["metric"]["le"]: s["value"][1] for s in classic or []}
       == {"0.1": "4", "1.0": "8", "+Inf": "12"},
       f"{what}: a classic histogram stays classic", str(classic))
    start_of = query(store, "requests_total")
    ok(start_of and start_of[0]["value"][1] == "40",
       f"{what}: counters beside them", str(start_of))
ok(all("proto=io.prometheus.client.MetricFamily" in accept
       for accept in Target.accepts.values()),
   "the target was asked for protobuf")



def exemplars(store, *arguments):
    return subprocess.run([tool("prom-query"), "exemplars", "-S", store,
                           *arguments], capture_output=True, text=True,
                          timeout=30, check=False).stdout


listed = exemplars(stores[()], "requests_total", "lat_seconds")
ok("counter-1" in listed and "native-4" in listed
   and "classic" not in listed, "exemplars are listed", listed)
ok(exemplars(stores[()], "--limit", "1", '{__name__=~".+"}').count("\n") == 2,
   "only the newest of them")
answer = json.loads(exemplars(stores[()], "-o", "json", "requests_total"))
first = answer["data"][0]["exemplars"][0]
ok(list(answer) == ["status", "data"]
   and list(answer["data"][0]) == ["seriesLabels", "exemplars"]
   and list(first) == ["labels", "value", "timestamp"]
   and first["value"] == "1", "as JSON of the API", str(answer)[:500])
ok(json.loads(exemplars(stores[()], "-o", "json", "sum("))["errorType"]
   == "bad_data", "and so are errors")

same = [[series["metric"] for series in query(store, '{__name__=~".+"}')]
        for store in stores.values()]
ok(same[0] and [m.get("__name__") for m in same[0]]
   == [m.get("__name__") for m in same[1]], "both ways store the same series")

# -- settings

store = os.path.join(work, "store-nhcb")
scrape_into(store, configuration(
    "nhcb", True, "convert_classic_histograms_to_nhcb: true"), "--wire")
converted = samples(query(store, "old_seconds[5m]"), "histograms")
ok([h["count"] for h in converted] == ["3", "6", "9", "12"]
   and not query(store, "old_seconds_bucket"),
   "a classic histogram is converted on demand", str(converted))

store = os.path.join(work, "store-limit")
scrape_into(store, configuration(
    "limit", True, "native_histogram_bucket_limit: 3"), "--wire")
limited = samples(query(store, "lat_seconds[5m]"), "histograms")
ok(len(limited) == 4 and all(len(h["buckets"]) <= 4 for h in limited),
   "native_histogram_bucket_limit makes them coarser", str(limited[:1]))

store = os.path.join(work, "store-classic")
scrape_into(store, configuration(
    "classic", False, "fallback_scrape_protocol: PrometheusProto"), "--wire")
ok(not query(store, "lat_seconds") and query(store, "lat_seconds_count"),
   "without scrape_native_histograms only classic forms are taken")

# -- beside Debian's Prometheus

if not shutil.which("prometheus"):
    skip("beside Debian's Prometheus", "prometheus is not installed")
    finish()
peer = f"127.0.0.1:{free_port()}"
start(["prometheus", "--enable-feature=native-histograms,exemplar-storage",
       f"--config.file={configuration('peer', False)}",
       f"--storage.tsdb.path={work}/tsdb", f"--web.listen-address={peer}"],
      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ask(path, **parameters):
    try:
        with urllib.request.urlopen(
                f"http://{peer}/api/v1/{path}?"
                + urllib.parse.urlencode(parameters), timeout=10) as answer:
            return json.load(answer)["data"]
    except (OSError, ValueError):
        return None


def last_seq():
    data = ask("query", query="max_over_time(seq[5m])")
    return float(data["result"][0]["value"][1]) if data and data["result"] \
        else 0


ok(wait_until(lambda: last_seq() >= 4, 90), "Debian's Prometheus has scraped")
for series in ("lat_seconds", "size_bytes"):
    answer = ask("query", query=series + "[5m]")
    theirs = samples(answer["result"] if answer else [], "histograms")[:4]
    ours = samples(query(stores[("--wire",)], series + "[5m]"), "histograms")
    ok(theirs and ours == theirs, f"{series}: its answers are the same",
       f"ours {ours}\n    theirs {theirs}")
# Times are those of each run; everything else has to be the same bytes.
theirs = ask("query_exemplars", query="rate(requests_total[5m])",
             start=time.time() - 600, end=time.time() + 600)
ours = exemplars(stores[("--wire",)], "-o", "json", "rate(requests_total[5m])")
shape = [[dict(e, timestamp=0) for e in s["exemplars"]][:3]
         for s in json.loads(ours)["data"]]
ok(theirs and shape == [[dict(e, timestamp=0) for e in s["exemplars"]][:3]
                        for s in theirs],
   "exemplars: its answers are the same", f"ours {ours}\n    theirs {theirs}")
finish()
