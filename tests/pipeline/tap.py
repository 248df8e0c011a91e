"""What the pipeline tests written in Python share: TAP lines on stdout, the
tools' directory, a private directory, children that never outlive the test."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get("PROM_BIN", os.path.join(ROOT, "build/release/bin"))
SCRIPTS = os.path.join(ROOT, "scripts")
SHARED = os.environ.get("PROM_SHARED", os.path.join(ROOT, "../shared"))

_failed = 0
_children = []


def ok(condition, what, detail=""):
    """Prints one TAP line; details of a failure go to stderr."""
    global _failed
    print(("ok - " if condition else "not ok - ") + what, flush=True)
    if not condition:
        _failed += 1
        if detail:
            print(f"    {detail}", file=sys.stderr)
    return condition


def skip(what, reason):
    print(f"ok - {what} # SKIP {reason}", flush=True)


def finish():
    sys.exit(1 if _failed else 0)


def directory():
    path = tempfile.mkdtemp(prefix="prom-test-")
    atexit.register(shutil.rmtree, path, True)
    return path


def tool(name):
    return os.path.join(BIN, name)


def start(arguments, **options):
    """A child in its own process group, killed when the test ends."""
    child = subprocess.Popen(arguments, start_new_session=True, **options)
    _children.append(child)
    return child


@atexit.register
def _stop_children():
    for child in _children:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()


def run(arguments, timeout=60, **options):
    options.setdefault("capture_output", True)
    options.setdefault("text", True)
    return subprocess.run(arguments, timeout=timeout, check=False, **options)


def wait_until(condition, seconds=20):
    """True as soon as `condition()` is; False after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
