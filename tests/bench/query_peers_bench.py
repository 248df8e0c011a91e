#!/usr/bin/env python3
"""prom-query processes on a store beside running servers with the same
samples: Debian's Prometheus (blocks of `prom-store export --format tsdb`) and
VictoriaMetrics (its import API).

Lines are `name value ms prometheus value ratio [victoria-metrics value ratio]`:
the best of some runs, taken in turns, of a whole prom-query process and of an
HTTP request.  Behind them is the processor time of the same on all threads,
less that of the query "1", which leaves out starting a process and HTTP and
depends little on what else the machine does; and its ratio.

  PROM_BENCH_SCALE=1    the sizes of the targets: 100,000 series at 15 s for an
                        hour, 1,000,000 values, 30 days of 250 series, and the
                        1,443 series of upstream's range-query benchmark; they
                        take minutes to make.  The default is 0.1 of them.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get("PROM_BIN", os.path.join(ROOT, "build/release/bin"))
SCALE = float(os.environ.get("PROM_BENCH_SCALE", "0.1"))
RUNS = int(os.environ.get("PROM_BENCH_RUNS", "5"))
BEGIN = 1_700_006_400  # 0:00 UTC, where blocks of 2 h and of a day begin
RATE = "sum by (job) (rate(requests_total[5m]))"


# -- Samples, as text with milliseconds

def counters(out, series, interval, span):
    for t in range(0, span + 1, interval):
        stamp = (BEGIN + t) * 1000
        out.write("".join(
            f'requests_total{{instance="host-{i // 100}",job="job-{i % 10}",'
            f'path="/{i % 100}"}} {i + t * (i % 13 + 1)} {stamp}\n'
            for i in range(series)))


def values(out, count):
    stamp = (BEGIN + 60) * 1000
    for i in range(count):
        out.write(f'wide{{id="user-{i * 7919 % count}-{i:07d}"}} {i} {stamp}\n')


def upstream_series():
    """The series of upstream's BenchmarkRangeQuery."""
    bounds = [str(j) for j in range(10)] + ["+Inf"]
    names = ["a_one", "b_one"] + [f'h_one{{le="{b}"}}' for b in bounds]
    for word, count in (("ten", 10), ("hundred", 100)):
        for i in range(count):
            names += [f'a_{word}{{l="{i}"}}', f'b_{word}{{l="{i}"}}']
            names += [f'h_{word}{{l="{i}",le="{b}"}}' for b in bounds]
    return names


def upstream(out, intervals):
    names = upstream_series()
    for s in range(intervals):
        stamp = (BEGIN + s * 10) * 1000
        out.write("".join(f"{name} {s + i / len(names):.6f} {stamp}\n"
                          for i, name in enumerate(names)))
        out.write(f'sparse{{l="{s // 50}"}} {s} {stamp}\n')


# Its expressions that Prometheus 2.42 knows; X is "one" and "hundred".  Each
# with the numbers of steps that it is asked for.
UPSTREAM = [(e, (1, 100, 1000)) for e in (
    "a_X", "rate(a_X[1m])", "changes(a_X[1d])", "rate(a_X[1d])",
    "absent_over_time(a_X[1d])", "-a_X", "a_X - b_X",
    "a_X and b_X{l=~'.*[0-4]$'}", "a_X or b_X{l=~'.*[0-4]$'}",
    "a_X unless b_X{l=~'.*[0-4]$'}", "a_X and b_X{l='notfound'}", "abs(a_X)",
    "label_replace(a_X, 'l2', '$1', 'l', '(.*)')",
    "label_join(a_X, 'l2', '-', 'l', 'l')", "sum(a_X)", "avg(a_X)",
    "sum without (l)(h_X)", "sum without (le)(h_X)", "sum by (l)(h_X)",
    "sum by (le)(h_X)", "topk(1, a_X)", "topk(5, a_X)",
    "rate(a_X[1m]) + rate(b_X[1m])", "sum without (l)(rate(a_X[1m]))",
    "sum without (l)(rate(a_X[1m])) / sum without (l)(rate(b_X[1m]))",
    "histogram_quantile(0.9, rate(h_X[5m]))",
    "a_X + on(l) group_right a_one", "timestamp(a_X)")] + [
        ("rate(sparse[1m])", (1000,)), ("count_values('value', h_X)", (100,)),
        ("count({__name__!=\"\"})", (1,)),
        ("count({__name__!=\"\",l=\"\"})", (1,))]


# -- Servers

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, name, arguments, url, ready):
        self.name, self.url = name, url
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(1200):
            try:
                urllib.request.urlopen(url + ready, timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(name + " does not start")

    def cpu_ms(self):
        used = 0
        tasks = f"/proc/{self.process.pid}/task"
        for task in os.listdir(tasks):
            try:
                with open(f"{tasks}/{task}/schedstat", encoding="ascii") as f:
                    used += int(f.read().split()[0])
            except OSError:  # the thread is gone
                pass
        return used / 1e6

    def ask(self, query, times):
        start, end, step = times
        parameters = {"query": query, "nocache": "1"}
        if step:
            parameters |= {"start": start, "end": end, "step": step}
        else:
            parameters["time"] = end
        body = urllib.parse.urlencode(parameters).encode()
        kind = "query_range" if step else "query"
        with urllib.request.urlopen(f"{self.url}/api/v1/{kind}", body,
                                    timeout=300) as answer:
            return answer.read()

    def stop(self):
        self.process.kill()
        self.process.wait()


def start_prometheus(directory, store):
    if not shutil.which("prometheus"):
        return None
    blocks = f"{directory}/blocks"
    subprocess.run([f"{BIN}/prom-store", "export", "-S", store, "--format",
                    "tsdb", blocks], check=True, stderr=subprocess.DEVNULL)
    with open(f"{directory}/none.yml", "w", encoding="utf-8") as file:
        file.write("scrape_configs: []\n")
    port = free_port()
    return Server("prometheus", [
        "prometheus", f"--config.file={directory}/none.yml",
        f"--storage.tsdb.path={blocks}", "--query.max-samples=500000000",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}"],
        f"http://127.0.0.1:{port}", "/-/ready")


def start_victoria(directory, text):
    if not shutil.which("victoria-metrics"):
        return None
    port = free_port()
    server = Server("victoria-metrics", [
        "victoria-metrics", f"-storageDataPath={directory}/vm",
        "-retentionPeriod=100y", "-search.disableCache",
        "-search.maxUniqueTimeseries=10000000", "-search.latencyOffset=0s",
        "-search.maxQueryLen=1MB", f"-httpListenAddr=127.0.0.1:{port}"],
        f"http://127.0.0.1:{port}", "/health")
    subprocess.run(["curl", "-sS", "-T", text, "-X", "POST",
                    server.url + "/api/v1/import/prometheus"], check=True)
    urllib.request.urlopen(server.url + "/internal/force_flush").close()
    return server


# -- Measuring

def ask_ours(store, query, times):
    start, end, step = times
    when = (["--start", str(start), "--end", str(end), "--step", f"{step}s"]
            if step else ["--time", str(end)])
    child = subprocess.Popen(
        [f"{BIN}/prom-query", "-S", store, "-o", "json", "--max-samples", "0",
         *when, "--", query], stdout=subprocess.PIPE)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"prom-query {query}: {output[:200]}")
    return output, (usage.ru_utime + usage.ru_stime) * 1000


def count(answer):
    data = json.loads(answer)["data"]
    if isinstance(data["result"], list):
        return sum(len(s.get("values", [0])) if isinstance(s, dict) else 1
                   for s in data["result"])
    return 1


def measure(name, query, times, store, servers, idle=None):
    """Prints a line; returns the ratio of processor time to the first server.
    Without `idle` returns the processor times instead."""
    best = {None: (1e9, 1e9), **{s.name: (1e9, 1e9) for s in servers}}
    for turn in range(RUNS):
        begin = time.perf_counter()
        output, cpu = ask_ours(store, query, times)
        took = (time.perf_counter() - begin) * 1000
        best[None] = (min(best[None][0], took), min(best[None][1], cpu))
        for server in servers:
            used = server.cpu_ms()
            begin = time.perf_counter()
            answer = server.ask(query, times)
            took = (time.perf_counter() - begin) * 1000
            used = server.cpu_ms() - used
            wall, least = best[server.name]
            best[server.name] = (min(wall, took), min(least, used))
            if turn == 0 and server.name == "prometheus":
                ours, theirs = count(output), count(answer)
                if abs(ours - theirs) > 0.02 * theirs + 2:
                    print(f"# {name}: {ours} points, the peer has {theirs}")
    if idle is None:
        return {who: cpu for who, (_, cpu) in best.items()}
    line = f"{name} {best[None][0]:.1f} ms"
    for server in servers:
        wall = best[server.name][0]
        line += f" {server.name} {wall:.1f} {best[None][0] / wall:.3f}"
    # A tenth of a millisecond is what the clocks tell apart.
    spent = {who: max(cpu - idle[who], 0.1) for who, (_, cpu) in best.items()}
    line += f" # computed {spent[None]:.1f}"
    for server in servers:
        line += (f", {server.name} {spent[server.name]:.1f} "
                 f"{spent[None] / spent[server.name]:.3f}")
    print(line, flush=True)
    return spent[None] / spent[servers[0].name] if servers else 0


class Scenario:
    """One set of samples in a store and in the servers."""

    def __init__(self, name, write, with_victoria):
        self.directory = tempfile.mkdtemp(prefix=f"prom-bench-{name}-")
        text = f"{self.directory}/samples.txt"
        with open(text, "w", encoding="ascii", buffering=1 << 20) as out:
            write(out)
        self.store = f"{self.directory}/store"
        subprocess.run([f"{BIN}/prom-store", "import", "-S", self.store,
                        "--format", "text", text], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.servers = [start_prometheus(self.directory, self.store)]
        if with_victoria:
            self.servers.append(start_victoria(self.directory, text))
        self.servers = [s for s in self.servers if s]
        self.idle = measure("", "1", (0, BEGIN, 0), self.store, self.servers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def measure(self, name, query, times):
        return measure(name, query, times, self.store, self.servers,
                       self.idle)


def at(seconds):
    return BEGIN, BEGIN + seconds, 0


def targets():
    series = int(100_000 * SCALE)
    hour = 3600
    with Scenario("counters", lambda out: counters(out, series, 15, hour),
                  True) as s:
        print(f"# {series} series, 15 s, one hour")
        s.measure("query/cold_small", "requests_total{path=\"/1\","
                  "instance=\"host-1\"}", at(hour))
        s.measure("query/sum_by_rate_instant", RATE, at(hour))
        s.measure("query/sum_by_rate_60_steps", RATE,
                  (BEGIN + 60, BEGIN + hour, 60))
    many = int(1_000_000 * SCALE)
    with Scenario("values", lambda out: values(out, many), True) as s:
        print(f"# {many} series of one sample")
        for name, regex in (("literal", f"user-1-{0:07d}|user-7919-0000001"),
                            ("prefix", "user-12.*"),
                            ("general", "user-.*[13]5-.*7")):
            s.measure(f"query/regex_{name}", f'count(wide{{id=~"{regex}"}})',
                      at(60))
        s.measure("query/count_all", "count(wide)", at(60))
    month = int(30 * 86400 * min(1, SCALE * 3))
    with Scenario("month", lambda out: counters(out, 250, 15, month),
                  True) as s:
        print(f"# 250 series, 15 s, {month // 86400} days")
        s.measure("query/month_step_1h", RATE,
                  (BEGIN + 3600, BEGIN + month, 3600))


def ranges():
    intervals = int(18_640 * SCALE)
    slower, total = [], 0
    with Scenario("range", lambda out: upstream(out, intervals), False) as s:
        print(f"# 1443 series and sparse ones, 10 s, {intervals} intervals")
        for form, steps in UPSTREAM:
            for word in ("one", "hundred") if "X" in form else ("",):
                query = form.replace("X", word)
                for count_of in steps:
                    if count_of >= intervals:
                        continue
                    end = BEGIN + (intervals - 1) * 10
                    times = ((end - (count_of - 1) * 10, end, 10)
                             if count_of > 1 else (0, end, 0))
                    ratio = s.measure(f"range/{query}/{count_of}", query, times)
                    total += 1
                    if ratio > 1:
                        slower.append((f"{query} {count_of} steps", ratio))
    print(f"range/slower {len(slower)} of {total}")
    for query, ratio in sorted(slower, key=lambda item: -item[1]):
        print(f"# slower: {query} {ratio:.2f}")


if __name__ == "__main__":
    for part in sys.argv[1:] or ("targets", "ranges"):
        {"targets": targets, "ranges": ranges}[part]()
