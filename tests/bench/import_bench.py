#!/usr/bin/env python3
"""Import and export of one OpenMetrics file beside promtool tsdb
create-blocks-from, in samples a second of the whole process and in the memory
that it takes at most.

SAMPLES of two hours and a half, in the order of time, as a series of scrapes
would have them."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

SERIES = int(os.environ.get("BENCH_SERIES", "4000"))
ROWS = int(os.environ.get("BENCH_ROWS", "600"))
BIN = os.environ.get("PROM_BIN", "build/release/bin")
STORE = os.path.join(BIN, "prom-store")


def write_input(path):
    """Counters, gauges that repeat and gauges that do not, by thirds."""
    random.seed(7)
    names = [f'metric_{i % 40}{{instance="host-{i // 40}:9100",job="node"}}'
             for i in range(SERIES)]
    values = [0] * SERIES
    with open(path, "w", encoding="ascii") as out:
        for row in range(ROWS):
            t = 1700000000 + row * 15
            lines = []
            for i, name in enumerate(names):
                if i % 3 == 0:
                    values[i] += random.randrange(100)
                elif i % 3 == 1 and random.random() < 0.1:
                    values[i] = random.randrange(10)
                elif i % 3 == 2:
                    values[i] = random.random()
                lines.append(f"{name} {values[i]} {t}\n")
            out.write("".join(lines))
        out.write("# EOF\n")


def measure(arguments, **options):
    """Seconds and the peak of resident bytes; stops when the command fails."""
    begun = time.monotonic()
    child = subprocess.Popen(arguments, stderr=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, **options)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{arguments}: {said.decode()}")
    return time.monotonic() - begun, usage.ru_maxrss * 1024


def line(name, value, unit, peer=None):
    text = f"{name} {value:.4g} {unit}"
    if peer:
        text += f" {peer:.4g} {value / peer:.3g}"
    print(text, flush=True)


def main():
    directory = tempfile.mkdtemp(prefix="prom-bench-")
    try:
        run(directory)
    finally:
        shutil.rmtree(directory, True)


def run(directory):
    samples = SERIES * ROWS
    source = os.path.join(directory, "in.om")
    store = os.path.join(directory, "store")
    write_input(source)
    seconds, memory = measure([STORE, "import", "-S", store, source])
    peer_rate = peer_memory = None
    if shutil.which("promtool"):
        peer_seconds, peer_memory = measure(
            ["promtool", "tsdb", "create-blocks-from", "openmetrics", source,
             os.path.join(directory, "peer")])
        peer_rate = samples / peer_seconds
    line("import_openmetrics", samples / seconds, "samples/s", peer_rate)
    line("import_openmetrics_peak", memory, "bytes", peer_memory)
    again, _ = measure([STORE, "import", "-S", store, source])
    line("import_openmetrics_again", samples / again, "samples/s")
    for form in ("openmetrics", "text", "jsonl", "csv", "tsdb"):
        target = os.path.join(directory, "out." + form)
        seconds, memory = measure(
            [STORE, "export", "-S", store, "--format", form, target])
        line(f"export_{form}", samples / seconds, "samples/s")
        line(f"export_{form}_peak", memory, "bytes")
        back = os.path.join(directory, "back." + form)
        seconds, memory = measure([STORE, "import", "-S", back, target])
        line(f"import_{form}", samples / seconds, "samples/s")
        line(f"import_{form}_peak", memory, "bytes")
    # Little memory: most of the samples go through the temporary file.
    spilled = os.path.join(directory, "spilled")
    seconds, memory = measure(
        [STORE, "import", "-S", spilled, "--memory", "16MB", source])
    line("import_in_16MB", samples / seconds, "samples/s")
    line("import_in_16MB_peak", memory, "bytes")
    copy = os.path.join(directory, "copy.lz4")
    size = sum(os.path.getsize(os.path.join(at, name))
               for at, _, names in os.walk(store) for name in names)
    seconds, _ = measure([STORE, "backup", "-S", store, copy])
    line("backup", size / seconds, "bytes/s")
    seconds, _ = measure([STORE, "restore", "-S", store + ".2", copy])
    line("restore", size / seconds, "bytes/s")


main()
