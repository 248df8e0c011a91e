#!/usr/bin/env python3
"""Cold prom-query processes beside a running Debian Prometheus over the same
captured samples: `name value unit peer value ratio`.

The samples are those of ../shared/data/captures: 47 minutes of a node_exporter,
a Prometheus and a VictoriaMetrics, a scrape every five seconds.
"""

import json
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get("PROM_BIN", os.path.join(ROOT, "build/release/bin"))
SHARED = os.environ.get("PROM_SHARED", os.path.join(ROOT, "../shared"))
RUNS = 15
CAPTURES = os.path.join(SHARED, "data/captures")
JOBS = ("node", "prom", "vm")
LINE = re.compile(rb"^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)$")

QUERIES = (
    ("instant_selector", 'up_or_zero{job="node"} or node_load1', None),
    ("instant_sum_rate", "sum by (mode) (rate(node_cpu_seconds_total[5m]))",
     None),
    ("instant_all", "count by (__name__) ({job=~'.+'})", None),
    ("range_sum_rate", "sum by (mode) (rate(node_cpu_seconds_total[5m]))", 15),
    ("range_count_all", "count by (job) ({__name__=~'.+_total'})", 15),
    ("range_quantile", "histogram_quantile(0.9, sum by (le, handler) (rate("
     "prometheus_http_request_duration_seconds_bucket[5m])))", 15),
)


def records(job):
    """(milliseconds, exposition text) of each scrape."""
    data = subprocess.run(["zstd", "-dcq", f"{CAPTURES}/{job}.raw.zst"],
                          stdout=subprocess.PIPE, check=True).stdout
    at = 0
    while at < len(data):
        t_ms, size = struct.unpack_from("<qI", data, at)
        yield t_ms, data[at + 12:at + 12 + size]
        at += 12 + size


def write_inputs(directory):
    """The same samples as text with milliseconds and as OpenMetrics."""
    text = open(f"{directory}/all.txt", "wb")
    metrics = open(f"{directory}/all.om", "wb")
    count, newest = 0, 0
    for job in JOBS:
        for t_ms, body in records(job):
            newest = max(newest, t_ms)
            for line in body.splitlines():
                match = LINE.match(line)
                if not match:
                    continue
                name, labels, value = match.groups()
                # OpenMetrics allows no blanks between labels.
                inner = re.sub(rb'",\s+', b'",', (labels or b"")[1:-1])
                inner = inner.strip(b" ,") + (b"," if inner else b"")
                series = b'%s{%sjob="%s"}' % (name, inner, job.encode())
                text.write(b"%s %s %d\n" % (series, value, t_ms))
                metrics.write(b"%s %s %d.%03d\n" % (
                    series, value, t_ms // 1000, t_ms % 1000))
                count += 1
    metrics.write(b"# EOF\n")
    text.close()
    metrics.close()
    return count, newest / 1000


def timed(action):
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        action()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def start_peer(directory):
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        return None, None
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics",
                    f"{directory}/all.om", f"{directory}/peer"], check=True,
                   stdout=subprocess.DEVNULL)
    with open(f"{directory}/none.yml", "w", encoding="utf-8") as file:
        file.write("scrape_configs: []\n")
    port = 19390 + os.getpid() % 500
    process = subprocess.Popen(
        ["prometheus", f"--config.file={directory}/none.yml",
         f"--storage.tsdb.path={directory}/peer",
         "--storage.tsdb.retention.time=100y",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(url + "/-/ready", timeout=5).close()
            return process, url
        except OSError:
            time.sleep(0.1)
    process.kill()
    return None, None


def ask(url, query, step, newest):
    parameters = {"query": query}
    if step:
        path = "query_range"
        parameters |= {"start": newest - 2700, "end": newest, "step": step}
    else:
        path = "query"
        parameters |= {"time": newest}
    body = urllib.parse.urlencode(parameters).encode()
    with urllib.request.urlopen(f"{url}/api/v1/{path}", body,
                                timeout=60) as answer:
        return json.load(answer)


def run_ours(store, query, step, newest):
    options = (["--start", str(newest - 2700), "--end", str(newest), "--step",
                f"{step}s"] if step else ["--time", str(newest)])
    result = subprocess.run([f"{BIN}/prom-query", "-S", store, "-o", "json",
                             *options, "--", query], stdout=subprocess.PIPE,
                            check=True)
    return result.stdout


def main():
    if not os.path.isdir(CAPTURES) or not shutil.which("zstd"):
        print("# query: the captures or zstd are absent", file=sys.stderr)
        return 0
    directory = tempfile.mkdtemp(prefix="prom-bench-")
    peer = None
    try:
        count, newest = write_inputs(directory)
        store = f"{directory}/store"
        begin = time.perf_counter()
        subprocess.run([f"{BIN}/prom-store", "append", "-S", store,
                        f"{directory}/all.txt"], check=True)
        seconds = time.perf_counter() - begin
        print(f"append_text {count / seconds / 1e6:.2f} Msamples/s")
        spawn = timed(lambda: subprocess.run(["true"], check=True))
        print(f"process_spawn {spawn:.2f} ms")
        peer, url = start_peer(directory)
        for name, query, step in QUERIES:
            ours = timed(lambda: run_ours(store, query, step, newest))
            line = f"query_cold_{name} {ours:.2f} ms"
            if url:
                theirs = timed(lambda: ask(url, query, step, newest))
                line += f" prometheus {theirs:.2f} {ours / theirs:.2f}"
            print(line, flush=True)
    finally:
        if peer:
            peer.kill()
            peer.wait()
        shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
