#!/usr/bin/env python3
"""prom-store append: killed on a pipe that somebody holds, nothing is lost or
doubled; another append hands its input to a live writer."""

import json
import os
import random
import signal
import subprocess
import time

from tap import BIN, directory, finish, ok

STORE = os.path.join(BIN, "prom-store")
work = directory()
data = os.path.join(work, "data")
random.seed(7)

KILLS = 15
SCRAPES = 60
SERIES = 50


def stats():
    out = subprocess.run([STORE, "stats", "-S", data, "--top", "0", "-o",
                          "json"], capture_output=True, check=False)
    return json.loads(out.stdout) if out.returncode == 0 else {"samples": 0}


def append(stdin):
    # A successor does not see the first line of the text.
    return subprocess.Popen([STORE, "append", "-S", data, "--format", "pipe"],
                            stdin=stdin, stderr=subprocess.DEVNULL)


read_end, write_end = os.pipe()
os.set_blocking(write_end, True)
writer = append(read_end)
start = int(time.time() * 1000) - 1_000_000
lines = ["# prom-samples v1\n"]
os.write(write_end, lines[0].encode())
for scrape in range(SCRAPES):
    text = "".join(f'm{{i="{i}"}} {scrape * 1000 + i} {start + scrape * 1000}\n'
                   for i in range(SERIES))
    os.write(write_end, text.encode())
    if scrape % (SCRAPES // KILLS) == 0:
        time.sleep(random.random() * 0.05)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer = append(read_end)
os.write(write_end, b"# prom-samples end\n")

deadline = time.time() + 60
while stats()["samples"] < SCRAPES * SERIES and time.time() < deadline:
    time.sleep(0.1)
client = subprocess.run([STORE, "append", "-S", data, "--format", "text"],
                        input=b"by_client 1\n", capture_output=True,
                        check=False)
ok(client.returncode == 0, "an append beside a live writer ends with 0",
   client.stderr.decode())
ok(stats()["samples"] == SCRAPES * SERIES + 1,
   f"{KILLS} kills lose and double nothing",
   f"{stats()['samples']} samples instead of {SCRAPES * SERIES + 1}")
os.close(write_end)
os.close(read_end)
ok(writer.wait(timeout=30) == 0, "the writer ends when its input does")
check = subprocess.run([STORE, "verify", "-S", data], capture_output=True,
                       check=False)
ok(check.returncode == 0, "verify finds no damage", check.stdout.decode())
finish()
