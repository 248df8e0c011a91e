#!/usr/bin/env python3
"""prom-store beside Debian's prometheus and victoria-metrics: the same samples
into each, then what it cost: `name value unit peer value ratio`, one line for
each peer (ratio: ours by the peer's).

Peers get remote write, prom-store frames through a pipe, all from
tests/bench/feed.  For each workload: processor time of the receiver for a
sample, proportional memory for a living series when all has been taken, bytes
written to the disk until then, time from a kill -9 to the first answer, and
bytes kept for a sample after compaction (of prometheus: of a snapshot, which
makes a block of the head; of victoria-metrics: after a forced merge).

  BENCH_WORKLOADS (captures mix million churn)   BENCH_SCALE (1)
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get("PROM_BIN", os.path.join(ROOT, "build/release/bin"))
FEED = os.path.join(BIN, "../tests/bench/feed")
SHARED = os.environ.get("PROM_SHARED", os.path.join(ROOT, "../shared"))
WORKLOADS = os.environ.get("BENCH_WORKLOADS",
                           "captures mix million churn").split()
SCALE = os.environ.get("BENCH_SCALE", "1")
TICKS = os.sysconf("SC_CLK_TCK")
ANSWER_SECONDS_MAX = 300
# One or a few series of each workload.  Over a range, since peers differ in
# how long they take the newest sample for current.
ONE = 'last_over_time(metric_5_total{instance="10.0.0.7:9100"}[30m])'
PROBE = {"captures": "last_over_time(node_load1[30m])", "mix": ONE,
         "million": ONE, "churn": "last_over_time(metric_5_total[30m])"}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M)[1]) * 1024


def written_bytes(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return int(re.search(r"^write_bytes: (\d+)", file.read(), re.M)[1])


def settle(pid):
    """Until the process has done nothing for a second."""
    before = -1.0
    while (now := cpu_seconds(pid)) > before + 0.05:
        before = now
        time.sleep(1)


def size_of(path):
    return sum(os.lstat(os.path.join(where, name)).st_size
               for where, _, names in os.walk(path) for name in names)


def fed(workload, *to, **options):
    """Runs feed; the number of samples and of series."""
    done = subprocess.run([FEED, workload, SCALE, *to], check=True,
                          stderr=subprocess.PIPE, **options)
    counts = re.search(rb"samples (\d+) series (\d+)", done.stderr)
    return int(counts[1]), int(counts[2])


def get(url):
    with urllib.request.urlopen(url, timeout=600) as answer:
        return answer.read()


def living(workload, series):
    return series / 60 if workload == "churn" else series


def ours(workload, directory):
    store = f"{directory}/store"
    tool = os.path.join(BIN, "prom-store")
    read_end, write_end = os.pipe()
    child = subprocess.Popen([tool, "append", "-S", store, "-"],
                             stdin=read_end, stderr=subprocess.DEVNULL)
    os.close(read_end)
    samples, series = fed(workload, "wire", stdout=write_end)
    settle(child.pid)
    result = {"cpu": cpu_seconds(child.pid) / samples * 1e9,
              "memory": memory_bytes(child.pid) / living(workload, series),
              "written": written_bytes(child.pid) / samples}
    child.send_signal(signal.SIGKILL)
    child.wait()
    os.close(write_end)
    begun = time.monotonic()
    answer = subprocess.run(
        [os.path.join(BIN, "prom-query"), "-S", store, "-o", "json",
         "--time=now", PROBE[workload]], stdout=subprocess.PIPE, check=False)
    result["restart"] = (time.monotonic() - begun) * 1000
    if not json.loads(answer.stdout)["data"]["result"]:
        sys.exit(f"store_peers: no answer for {workload}")
    subprocess.run([tool, "compact", "--all", "-S", store], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kept = sum(size_of(os.path.join(store, name))
               for name in os.listdir(store) if name == "blocks")
    result["size"] = kept / samples
    return result


class Peer:
    """A server that takes remote write."""

    def __init__(self, directory, port):
        self.directory = directory
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            self.arguments(), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def answers(self, query):
        try:
            text = get(self.url + "/api/v1/query?query=" +
                       urllib.parse.quote(query))
        except OSError:
            return False
        return bool(json.loads(text)["data"]["result"])

    def wait_for(self, query):
        end = time.monotonic() + ANSWER_SECONDS_MAX
        while not self.answers(query):
            if time.monotonic() > end or self.process.poll() is not None:
                sys.exit(f"store_peers: {self.name} does not answer")
            time.sleep(0.005)

    def run(self, workload):
        self.start()
        self.wait_for("vector(1)")
        begun = cpu_seconds(self.process.pid)
        samples, series = fed(workload, "remote", self.url + self.write)
        settle(self.process.pid)
        pid = self.process.pid
        result = {"cpu": (cpu_seconds(pid) - begun) / samples * 1e9,
                  "memory": memory_bytes(pid) / living(workload, series)}
        self.flush()
        result["written"] = written_bytes(pid) / samples
        self.wait_for(PROBE[workload])
        self.process.kill()
        self.process.wait()
        begun = time.monotonic()
        self.start()
        self.wait_for(PROBE[workload])
        result["restart"] = (time.monotonic() - begun) * 1000
        result["size"] = self.kept_bytes() / samples
        self.process.kill()
        self.process.wait()
        return result


class Prometheus(Peer):
    name = "prometheus"
    write = "/api/v1/write"

    def arguments(self):
        config = f"{self.directory}/none.yml"
        with open(config, "w", encoding="ascii") as file:
            file.write("scrape_configs: []\n")
        return ["prometheus", f"--config.file={config}",
                f"--storage.tsdb.path={self.directory}/data",
                "--web.enable-remote-write-receiver",
                "--web.enable-admin-api",
                f"--web.listen-address=127.0.0.1:{self.port}"]

    def flush(self):
        pass  # it writes its log as it goes

    def kept_bytes(self):
        urllib.request.urlopen(urllib.request.Request(
            self.url + "/api/v1/admin/tsdb/snapshot", method="POST"),
            timeout=600).close()
        return size_of(f"{self.directory}/data/snapshots")


class VictoriaMetrics(Peer):
    name = "victoria-metrics"
    write = "/api/v1/write"

    def arguments(self):
        return ["victoria-metrics",
                f"-storageDataPath={self.directory}/data",
                "-retentionPeriod=100y", "-search.latencyOffset=0s",
                f"-httpListenAddr=127.0.0.1:{self.port}"]

    def flush(self):
        get(self.url + "/internal/force_flush")
        time.sleep(15)  # what is younger is lost by a kill

    def kept_bytes(self):
        get(self.url + "/internal/force_merge")
        settle(self.process.pid)
        return size_of(f"{self.directory}/data")


UNITS = {"cpu": "ns/sample", "memory": "B/series", "written": "B/sample",
         "restart": "ms", "size": "B/sample"}


def measure(action):
    directory = tempfile.mkdtemp(prefix="prom-bench-")
    try:
        return action(directory)
    finally:
        shutil.rmtree(directory, True)


def main():
    if not os.path.exists(FEED):
        print(f"# store_peers: needs {FEED}", file=sys.stderr)
        return
    port = 21000 + os.getpid() % 500 * 2
    peers = [kind for kind in (Prometheus, VictoriaMetrics)
             if shutil.which(kind.name)]
    for workload in WORKLOADS:
        if workload == "captures" and not os.path.isdir(
                os.path.join(SHARED, "data/captures")):
            continue
        own = measure(lambda where: ours(workload, where))
        theirs = [(kind.name, measure(
            lambda where: kind(where, port + i).run(workload)))
            for i, kind in enumerate(peers)]
        for key, unit in UNITS.items():
            name = f"store_{workload}_{key}"
            if not theirs:
                print(f"{name} {own[key]:.4g} {unit}", flush=True)
            for peer, result in theirs:
                print(f"{name} {own[key]:.4g} {unit} {peer} "
                      f"{result[key]:.4g} {own[key] / result[key]:.3g}",
                      flush=True)


if __name__ == "__main__":
    main()
