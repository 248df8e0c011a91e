#!/usr/bin/env python3
"""prom-store import, export, backup and restore as a person uses them: every
format there and back, pipes, wrong input, Ctrl-C, a full disk, a live writer.
"""

import os
import random
import shutil
import signal
import subprocess
import time

from tap import directory, finish, ok, run, skip, start, tool, wait_until

STORE = tool("prom-store")
TMP = directory()

TEXT = """# prom-samples v1
# HELP requests_total Requests, all of them.
# TYPE requests_total counter
requests_total{code="200",path="/a\\"b\\\\c"} 1 1700000000000
requests_total{code="200",path="/a\\"b\\\\c"} 2.5 1700000015000
# STALE requests_total{code="200",path="/a\\"b\\\\c"} 1700000030000
requests_total{code="500",path="/"} 1e+300 1700000000000
requests_total{code="500",path="/"} -0 1700086400000
# TYPE up gauge
up NaN 1700000000000
up +Inf 1700000015000
# prom-samples end
"""

HISTOGRAM = ('{"metric":{"__name__":"h"},"histograms":[{"schema":3,"count":6,'
             '"sum":2.5,"zero_threshold":0.001,"zero_count":1,'
             '"positive_spans":[[0,2]],"positive_buckets":[2,3],'
             '"integer":true}],"timestamps":[1700000000000]}\n')


def path(name):
    return os.path.join(TMP, name)


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as file:
        file.write(text)
    return path(name)


def store(*arguments, **options):
    return run([STORE, *arguments], **options)


def export(where, *arguments):
    done = store("export", "-S", path(where), *arguments)
    return done.stdout if done.returncode == 0 else done.stderr


def leftovers():
    """Files that only somebody half way would need."""
    return [os.path.join(at, name) for at, dirs, names in os.walk(TMP)
            for name in names + dirs
            if ".part-" in name or ".tmp" in name or ".spill" in name]


def test_formats():
    source = write("in.txt", TEXT)
    done = store("import", "-S", path("a"), source)
    ok(done.returncode == 0 and "imported 7 samples" in done.stderr,
       "import makes a store of text", done.stderr)
    whole = export("a", "--format", "jsonl")
    ok(whole.count("\n") == 3, "the store has the three series", whole)
    for form, lost in (("text", None), ("jsonl", None), ("csv", None),
                       ("openmetrics", "stale markers")):
        for suffix in ("", ".gz", ".lz4", ".zst"):
            target = path("out." + form + suffix)
            done = store("export", "-S", path("a"), "--format", form, target)
            good = done.returncode == 0
            good = good and (lost is None or lost in done.stderr)
            name = f"b-{form}{suffix}"
            say = ["--format", form] if suffix and form == "openmetrics" else []
            done = store("import", *say, "-S", path(name), target)
            back = export(name, "--format", "jsonl")
            want = whole if lost is None else \
                whole.replace(',"stale"', "").replace(",1700000030000", "")
            ok(good and back == want, f"{form}{suffix} comes back",
               done.stderr + back)
    done = store("import", "-S", path("a"), source)
    ok("imported 0 samples" in done.stderr and "7 were there" in done.stderr,
       "an import that is run again changes nothing", done.stderr)
    changed = write("changed.txt", "up 5 1700000000000\nup 6 1700000045000\n")
    done = store("import", "-S", path("a"), changed)
    ok("imported 1 samples" in done.stderr and "1 refused" in done.stderr,
       "what the store has already stays", done.stderr)
    done = store("verify", "-S", path("a"))
    ok(done.returncode == 0, "verify agrees", done.stdout)


def test_tsdb():
    write("h.jsonl", HISTOGRAM)
    done = store("import", "-S", path("t"), path("in.txt"), path("h.jsonl"))
    whole = export("t", "--format", "jsonl")
    ok(done.returncode == 0 and '"schema":3' in whole,
       "native histograms come by JSON lines", done.stderr + whole)
    done = store("export", "-S", path("t"), "--format", "tsdb", path("tsdb"))
    ok(done.returncode == 0 and os.listdir(path("tsdb")),
       "export makes Prometheus' blocks", done.stderr)
    if shutil.which("promtool"):
        listed = run(["promtool", "tsdb", "list", path("tsdb")])
        ok(listed.returncode == 0 and "01" in listed.stdout,
           "promtool reads them", listed.stderr)
    else:
        skip("promtool reads them", "no promtool")
    done = store("import", "-S", path("t2"), path("tsdb"))
    back = export("t2", "--format", "jsonl")
    ok(done.returncode == 0 and back == whole, "tsdb comes back",
       done.stderr + back)


def test_selection():
    text = export("a", "--match", "up", "--match", '{code="500"}', "--end",
                  "1700000000", "--format", "csv")
    ok(text == "__name__,code,path,timestamp,value\n"
       "requests_total,500,/,1700000000000,1e+300\n"
       "up,,,1700000000000,NaN\n", "export selects series and times", text)
    done = store("export", "-S", path("a"), "--match", "{")
    ok(done.returncode == 65 and "{" in done.stderr, "a bad selector is 65",
       done.stderr)
    done = store("export", "-S", path("a"), "--format", "xml")
    ok(done.returncode == 64, "an unknown format is 64", done.stderr)
    done = store("export", "-S", path("none"))
    ok(done.returncode == 66, "no store is 66", done.stderr)


def test_bad_input():
    bad = write("bad.txt", "up 1 1000\nup{ 1\nup 2\nup 3 3000\n")
    done = store("import", "-S", path("bad"), bad)
    ok(done.returncode == 65 and f"{bad}:2:" in done.stderr and
       f"{bad}:3:" in done.stderr and not os.path.exists(path("bad")),
       "every bad line is told and nothing is imported", done.stderr)
    done = store("import", "-S", path("bad"), "--skip-bad", bad)
    ok(done.returncode == 0 and "imported 2 samples" in done.stderr,
       "--skip-bad imports the rest", done.stderr)
    done = store("import", "-S", path("none"), path("missing"))
    ok(done.returncode == 66, "a missing input is 66", done.stderr)
    done = store("import", "-S", path("none"), "-", input="")
    ok(done.returncode == 0 and not os.path.exists(path("none")),
       "an empty input is nothing", done.stderr)
    done = store("import", "-S", path("none"), "-",
                 input="up 1 1700000000\n# EOF\n")
    ok(done.returncode == 65 and "--format openmetrics" in done.stderr,
       "OpenMetrics in a pipe has to be named", done.stderr)
    with open(path("out.jsonl.zst"), "rb") as file:
        cut = file.read()[:-4]
    with open(path("cut.zst"), "wb") as file:
        file.write(cut)
    done = store("import", "-S", path("none"), path("cut.zst"))
    ok(done.returncode == 65 and not os.path.exists(path("none")),
       "cut compressed input is 65", done.stderr)


def make_large(lines=400000):
    with open(path("large.txt"), "w", encoding="ascii") as out:
        for i in range(lines):
            out.write(f"m{i % 100} {random.random()} "
                      f"{1700000000000 + i * 10}\n")
    return path("large.txt")


def test_interrupt(large):
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        # The pipe stays open, so the import waits when the signal comes.
        child = start([STORE, "import", "-S", path("stopped"), "--memory",
                       "8MB", "-"], stdin=subprocess.PIPE,
                      stderr=subprocess.PIPE)
        with open(large, "rb") as file:
            child.stdin.write(file.read(2 << 20))
        child.stdin.flush()
        child.send_signal(signal_number)
        code = child.wait(20)
        want = -9 if signal_number == signal.SIGKILL else 75
        ok(code == want and not leftovers() and
           not os.path.exists(path("stopped")),
           f"signal {signal_number.name} leaves nothing behind",
           f"{code} {child.stderr.read()} {leftovers()}")
    done = store("import", "-S", path("large"), "--memory", "8MB", large)
    ok("imported 400000 samples" in done.stderr, "a large input is sorted",
       done.stderr)


def test_broken_pipe():
    child = start([STORE, "export", "-S", path("large")],
                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.read(100)
    child.stdout.close()
    said = child.stderr.read()
    ok(child.wait(20) == 0 and said == b"", "a reader that goes away is quiet",
       said)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = run([STORE, "export", "-S", path("large")], stdout=full,
                   capture_output=False, stderr=subprocess.PIPE)
    ok(done.returncode == 74 and done.stderr, "a full disk is 74", done.stderr)


def test_full_disk(large):
    disk = path("disk")
    os.mkdir(disk)
    if run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk]).returncode:
        skip("a full disk leaves nothing behind", "cannot mount a tmpfs")
        return
    try:
        for command in (["import", "-S", disk + "/s", "--memory", "8MB", large],
                        ["export", "-S", path("large"), disk + "/out.txt"],
                        ["backup", "-S", path("large"), disk + "/b.lz4"]):
            done = store(*command)
            left = [n for n in os.listdir(disk) if n != "s"]
            ok(done.returncode == 74 and "No space" in done.stderr and not left
               and not leftovers(), f"{command[0]} on a full disk leaves "
               "nothing behind", f"{done.returncode} {done.stderr} {left}")
            shutil.rmtree(disk + "/s", True)
    finally:
        run(["umount", disk])


def test_backup():
    # Beside a writer that goes on.
    writer = start([STORE, "append", "-S", path("live"), "-"],
                   stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    now = int(time.time() * 1000)
    sent = 0

    def send(count):
        nonlocal sent
        for _ in range(count):
            writer.stdin.write(f"live {sent} {now - 100000 + sent}\n".encode())
            sent += 1
        writer.stdin.flush()

    send(1000)
    wait_until(lambda: os.path.exists(path("live")) and
               export("live").count("live ") >= 500)
    good = True
    for i in range(5):
        send(500)
        done = store("backup", "-S", path("live"), path(f"b{i}.lz4"))
        good = good and done.returncode == 0
        done = store("restore", "-S", path(f"r{i}"), path(f"b{i}.lz4"))
        good = good and done.returncode == 0
        lines = [line for line in export(f"r{i}").splitlines()
                 if line.startswith("live")]
        good = good and lines == [
            f"live {n} {now - 100000 + n}" for n in range(len(lines))]
        good = good and len(lines) >= 500
    ok(good, "backups beside a writer are what a reader sees", done.stderr)
    writer.stdin.close()
    writer.wait(20)
    done = store("append", "-S", path("r4"), "-",
                 input=f"live 1 {now + 1000}\n")
    ok(done.returncode == 0 and f"live 1 {now + 1000}" in export("r4"),
       "a restored store goes on", done.stderr)
    done = subprocess.run(
        f"{STORE} backup -S {path('t')} | {STORE} restore -S {path('piped')}",
        shell=True, capture_output=True, text=True, check=False)
    ok(export("piped", "--format", "jsonl") ==
       export("t", "--format", "jsonl"), "a backup goes through a pipe",
       done.stderr)
    done = store("restore", "-S", path("r4"), path("b0.lz4"))
    ok(done.returncode == 64, "a store that is there is left alone",
       done.stderr)
    with open(path("b4.lz4"), "rb") as file:
        whole = file.read()
    good = True
    for damaged in (whole[:-1], whole[:len(whole) // 2], b"", whole[:100] +
                    bytes([whole[100] ^ 1]) + whole[101:], b"prom" + whole):
        with open(path("damaged.lz4"), "wb") as file:
            file.write(damaged)
        done = store("restore", "-S", path("never"), path("damaged.lz4"))
        good = good and done.returncode == 65 and not leftovers() and \
            not os.path.exists(path("never"))
    ok(good, "a damaged or cut backup is 65 and leaves nothing", done.stderr)


def test_verify():
    shutil.copytree(path("large"), path("hurt"))
    blocks = sorted(os.listdir(path("hurt/blocks")))
    victim = path("hurt/blocks/" + blocks[0])
    with open(victim, "r+b") as file:
        file.seek(os.path.getsize(victim) // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 0xFF]))
    done = store("verify", "-S", path("hurt"))
    ok(done.returncode == 1 and blocks[0] in done.stdout,
       "verify names the damaged block", done.stdout)
    done = store("ls", "-S", path("large"), "-o", "json")
    ok('"blocks":[{"id"' in done.stdout, "ls lists blocks", done.stdout)


test_formats()
test_tsdb()
test_selection()
test_bad_input()
LARGE = make_large()
test_interrupt(LARGE)
test_broken_pipe()
test_full_disk(LARGE)
test_backup()
test_verify()
finish()
