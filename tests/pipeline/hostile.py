#!/usr/bin/env python3
"""The expressions of hostile_queries.txt: each is an error that says what is
wrong or an answer, within bounded memory and time, and nothing that a terminal
would obey comes out.  PROM_LONG=1: over a million series."""

import os
import pty
import re
import select
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

QUERY = tap.tool("prom-query")
LIST = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "hostile_queries.txt")
LONG = "PROM_LONG" in os.environ
SERIES = 1_000_000 if LONG else 5_000
SECONDS_MAX = 30
MEGABYTES_MAX = 4500 if LONG else 600
# Exit codes: an answer, an empty one; a wrong flag, a limit, no time left.
ANSWERS, REFUSALS = (0, 1), (64, 65, 69)
NOW = 1_700_000_000
# What a terminal obeys, and what makes text look like other text.
OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e"
                    "\u2066-\u2069]")


def write_samples(path):
    with open(path, "w", encoding="utf-8") as out:
        for k in range(4):
            t = (NOW - 45 + 15 * k) * 1000
            for i in ("1", "2"):
                out.write(f'load{{i="{i}"}} {k} {t}\n')
                out.write(f'nan{{i="{i}"}} NaN {t}\n')
            for le, count in (("0.1", 1), ("1", k), ("+Inf", 9)):
                out.write(f'buckets{{le="{le}"}} {count} {t}\n')
        for i in range(SERIES):
            out.write(f'many{{g="{i % 10}",i="{i}"}} {i} {NOW * 1000}\n')
        for i, text in enumerate((
                "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\\nb", "\u202eltr",
                "\x9b2J", "\r\x08", "\ufeff", "<script>alert(1)</script>",
                "=cmd|' /C calc'!A0", "a,b;c\td|e", "`$(id)`", "\x00\x7f")):
            out.write(f'evil{{i="{i}",v="{text}"}} {i} {NOW * 1000}\n')


def expand(text):
    """{N*text} N times, \\!NN as the byte NN."""
    while True:
        begin = re.search(r"\{(\d+)\*", text)
        if not begin:
            break
        depth, end = 1, begin.end()
        while end < len(text) and depth > 0:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        if depth > 0:  # what is repeated is a brace itself
            end = text.index("}", begin.end()) + 1
        inner = text[begin.end():end - 1].replace("{", "\0")
        text = (text[:begin.start()] + inner * int(begin[1]) + text[end:])
    data = text.replace("\0", "{").encode()
    return re.sub(rb"\\!([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), data)


def run(arguments, expression):
    """Exit code, output, seconds and megabytes; on a terminal."""
    ours, theirs = pty.openpty()
    begin = time.monotonic()
    # An argument cannot hold 128 KiB, nor a zero byte.
    child = subprocess.Popen(
        ["timeout", "--signal=KILL", str(SECONDS_MAX), QUERY, *arguments, "--",
         expression.replace(b"\0", b"?")],
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
        env={**os.environ, "NO_COLOR": "1", "TERM": "dumb",
             "LC_ALL": "C.UTF-8"})
    os.close(theirs)
    parts, size = [], 0
    while True:
        select.select([ours], [], [], SECONDS_MAX)
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        size += len(part)
        if size < 1 << 20:
            parts.append(part)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    os.close(ours)
    return (child.returncode, b"".join(parts).decode("utf-8", "replace"),
            time.monotonic() - begin, usage.ru_maxrss / 1024)


def judge(kind, code, output, megabytes):
    """What is wrong; None when nothing is."""
    if code not in ANSWERS + REFUSALS:
        return "exit code"
    if kind == "refused" and code not in REFUSALS:
        return "it is no error"
    if kind == "answered" and code not in ANSWERS:
        return "it is an error"
    if megabytes > MEGABYTES_MAX:
        return "memory"
    if code in REFUSALS and not output.strip():
        return "an error without a word"
    found = OBEYED.search(output.replace("\r\n", "\n"))
    if found:
        return f"the terminal gets {found[0]!r}"
    return None


def main():
    directory = tap.directory()
    samples = os.path.join(directory, "samples.txt")
    store = os.path.join(directory, "store")
    write_samples(samples)
    subprocess.run([tap.tool("prom-store"), "append", "-S", store, samples],
                   check=True, capture_output=True, timeout=300)
    wrong = {kind: [] for kind in ("refused", "answered", "bounded", "clean")}
    count = dict.fromkeys(wrong, 0)
    slowest, largest = (0, ""), (0, "")
    with open(LIST, encoding="utf-8") as lines:
        cases = [line.rstrip("\n") for line in lines
                 if line.strip() and not line.startswith("#")]
    for case in cases:
        head, _, text = case.partition("| ")
        kind, *flags = head.split()
        times = [] if "--start" in head or "--time" in head else [
            "--time", str(NOW)]
        code, output, seconds, megabytes = run(
            ["-S", store, *times, *flags], expand(text))
        count[kind] += 1
        slowest = max(slowest, (seconds, case[:100]))
        largest = max(largest, (megabytes, case[:100]))
        problem = judge(kind, code, output, megabytes)
        if problem:
            wrong[kind].append(f"{case[:150]}: {problem}; exit {code}, "
                               f"{megabytes:.0f} MB: {output[:300]!r}")
    for kind, number in count.items():
        tap.ok(not wrong[kind], f"{number} expressions are {kind}",
               "\n    ".join(wrong[kind]))
    print(f"# slowest {slowest[0]:.1f} s: {slowest[1]}")
    print(f"# largest {largest[0]:.0f} MB: {largest[1]}")
    for flags, text, hint in (
            (["--max-samples", "10"], "many", "--max-samples"),
            (["--max-series", "10"], "many", "--max-series"),
            (["--max-memory", "1KB"], "sort(many)", "--max-memory"),
            (["--timeout", "1ms"], "many * on (i) group_left many",
             "--timeout"),
            (["--start", "0", "--end", "99999", "--step", "1s"], "many",
             "--step")):
        times = [] if "--start" in flags else ["--time", str(NOW)]
        code, output, _, _ = run(["-S", store, *times, *flags], text.encode())
        tap.ok(code in REFUSALS and hint in output,
               f"the error says how to raise its limit: {hint}",
               f"{code} {output[:300]}")
    tap.finish()


if __name__ == "__main__":
    main()
