#!/usr/bin/env python3
"""A disk that is really full: queries go on, samples wait or are refused and
counted, nothing is lost or damaged, and ingestion resumes within 5 s of space
(promise 4 of the store)."""

import atexit
import json
import os
import subprocess
import sys
import time

from tap import BIN, directory, finish, ok, skip, start as launch

STORE = os.path.join(BIN, "prom-store")
QUERY = os.path.join(BIN, "prom-query")
SERIES = 400
FULL = "size=5m"
ROOMY = "size=64m"
RESUME_S = 5

work = directory()
disk = os.path.join(work, "disk")
data = os.path.join(disk, "data")
os.mkdir(disk)


def mount(*options):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", *options, "tmpfs",
                           disk], capture_output=True, check=False)


if mount(FULL).returncode != 0:
    # Whoever may not mount may in a world of their own.
    if os.environ.get("FULL_DISK_INSIDE") is None and subprocess.run(
            ["unshare", "-Urm", "true"], capture_output=True,
            check=False).returncode == 0:
        sys.exit(subprocess.run(
            ["unshare", "-Urm", sys.executable, os.path.abspath(__file__)],
            env={**os.environ, "FULL_DISK_INSIDE": "1"},
            check=False).returncode)
    skip("a really full disk", "mounting a tmpfs is not permitted")
    finish()
atexit.register(subprocess.run, ["umount", "-l", disk], check=False)


def run(*command, stdin=b""):
    return subprocess.run(command, input=stdin, capture_output=True,
                          check=False, timeout=60)


def stats():
    out = run(STORE, "stats", "-S", data, "--top", "0", "-o", "json")
    return json.loads(out.stdout) if out.returncode == 0 else {"samples": -1}


def metric(name):
    try:
        with open(os.path.join(work, "prom-store.prom"),
                  encoding="utf-8") as file:
            for line in file:
                if line.startswith(name + " "):
                    return float(line.split()[1])
    except FileNotFoundError:
        pass
    return -1.0


def unnamed():
    found = []
    for place, _, names in os.walk(data):
        found += [n for n in names if ".tmp" in n or ".part-" in n]
    blocks = os.path.join(data, "blocks")
    named = open(os.path.join(data, "manifest"), encoding="utf-8").read()
    if os.path.isdir(blocks):
        found += [n for n in os.listdir(blocks) if n not in named]
    return found


read_end, write_end = os.pipe()
errors = open(os.path.join(work, "errors"), "w+", encoding="utf-8")
writer = launch(
    [STORE, "append", "-S", data, "--format", "pipe", "--compact", "never",
     "--arena-max", "1MB", "--run-dir", work],
    stdin=read_end, stderr=errors)
os.close(read_end)
os.set_blocking(write_end, False)

start = int(time.time() * 1000) - 40_000_000
pending = b"# prom-samples v1\n"
scrapes = 0


def feed(seconds, until=lambda: False):
    """Writes scrapes as long as somebody takes them."""
    global pending, scrapes
    deadline = time.time() + seconds
    while time.time() < deadline and not until():
        if not pending:
            at = start + scrapes * 1000
            pending = "".join(
                f'm{{i="{i}"}} {(scrapes * 7919 + i * 104729) % 1000003 / 7}'
                f' {at}\n' for i in range(SERIES)).encode()
            scrapes += 1
        try:
            pending = pending[os.write(write_end, pending):]
        except BlockingIOError:
            time.sleep(0.01)


def waits():
    errors.seek(0)
    return "samples wait for the disk" in errors.read()


feed(60, waits)
ok(waits(), "the writer says that samples wait for the disk")
before = stats()["samples"]
value = run(QUERY, "-S", data, "--time", str(start / 1000 + 1), "count(m)")
ok(value.returncode == 0 and str(SERIES).encode() in value.stdout,
   "queries go on while the disk is full",
   value.stdout.decode() + value.stderr.decode())
ok(writer.poll() is None, "the writer lives on")

# Somebody who cannot wait is told.
short = os.path.join(disk, "short")
refused = run(STORE, "append", "-S", short, "--format", "text",
              stdin=b"a 1\n")
ok(refused.returncode == 74 and b"No space left" in refused.stderr,
   "a sample for a store that cannot be made is refused with exit 74",
   refused.stderr.decode())
backup = run(STORE, "backup", "-S", data, os.path.join(disk, "backup"))
ok(backup.returncode == 74 and not os.path.exists(
    os.path.join(disk, "backup")), "a backup onto it fails and leaves nothing",
   backup.stderr.decode())
compact = run(STORE, "compact", "-S", data)
ok(compact.returncode in (0, 74), "a compaction succeeds or says why not",
   compact.stderr.decode())
feed(6, lambda: metric("prom_store_commit_failures_total") > 0)
ok(metric("prom_store_commit_failures_total") > 0,
   "failed commits are counted")
again = stats()["samples"]
ok(again == before, "nothing is lost meanwhile", f"{again}, not {before}")

subprocess.run(["mount", "-o", "remount," + ROOMY, disk], check=True)
freed = time.time()
feed(RESUME_S, lambda: stats()["samples"] > before)
resumed = time.time() - freed
ok(stats()["samples"] > before,
   f"ingestion resumes within {RESUME_S} s of space",
   f"after {resumed:.1f} s")

os.set_blocking(write_end, True)
while pending:
    pending = pending[os.write(write_end, pending):]
os.write(write_end, b"# prom-samples end\n")
os.close(write_end)
ok(writer.wait(timeout=60) == 0, "the writer ends when its input does")
total = stats()["samples"]
ok(total == scrapes * SERIES, "every sample is there once",
   f"{total} instead of {scrapes * SERIES}")
compact = run(STORE, "compact", "--all", "-S", data)
verify = run(STORE, "verify", "-S", data)
ok(compact.returncode == 0 and verify.returncode == 0 and not unnamed(),
   "then a compaction succeeds, nothing is damaged and nothing left over",
   compact.stderr.decode() + verify.stdout.decode() + " ".join(unnamed()))
finish()
