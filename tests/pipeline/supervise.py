#!/usr/bin/env python3
"""prom-supervise: pipes outlive stages, restarts back off, nothing is left."""

import os
import signal
import subprocess

from tap import SCRIPTS, directory, finish, ok, run, start, wait_until

SUPERVISE = os.path.join(SCRIPTS, "prom-supervise")
work = directory()


def write(name, text):
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def read(name):
    try:
        with open(os.path.join(work, name), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def status():
    lines = read("run/status").splitlines()
    return {line.split()[0]: dict([("state", line.split()[1])] + [
        part.split("=") for part in line.split()[2:]]) for line in lines}


def supervise(stages, *options, **popen):
    path = write("stages", stages)
    return start([SUPERVISE, "--run-dir", os.path.join(work, "run"),
                  *options, path], stderr=subprocess.PIPE, text=True, **popen)


def alive(pid):
    return os.path.exists(f"/proc/{pid}")


# -- the stages file --------------------------------------------------------
for text, says in ((b"", "no stages"), (b"what\n", ":1: not"),
                   (b"a: x\na: y\n", ":2: a is named twice"),
                   (b"a: x | | y\n", "an empty command"),
                   (b"a: \xff\n", "decode")):
    with open(os.path.join(work, "bad"), "wb") as file:
        file.write(text)
    result = run([SUPERVISE, os.path.join(work, "bad")])
    ok(result.returncode == 78 and says in result.stderr,
       f"refuses {text!r}", result.stderr)
result = run([SUPERVISE, os.path.join(work, "absent")])
ok(result.returncode == 66, "says that there is no file", result.stderr)
result = run([SUPERVISE, "--nonsense"])
ok(result.returncode == 64, "refuses an unknown option", result.stderr)
result = run([SUPERVISE, "--check", write("good", "# c\n\na: x 1 | y\nb: z\n")])
ok(result.stdout == "a.1: x 1\na.2: y\nb: z\n", "shows the stages",
   result.stdout)

# -- a pipe outlives its stages ---------------------------------------------
producer = write("producer", "i=0\nwhile [ $i -lt 400 ]; do i=$((i+1)); "
                 "echo $i; sleep 0.01; done\necho > produced\nsleep 1000\n")
consumer = write("consumer", "while read -r x; do echo $x >> seen; done\n")
child = supervise(f"flow: sh {producer} | cat | sh {consumer}\n",
                  "--delay", "0.01", cwd=work)
ok(wait_until(lambda: len(read("seen").split()) > 20), "samples flow")
kills = 0
while not read("produced"):
    before = len(read("seen").split())
    stage = status().get("flow.2", {})
    if stage.get("state") == "up":
        os.kill(int(stage["pid"]), signal.SIGKILL)
        kills += 1
    wait_until(lambda: len(read("seen").split()) > before + 5
               or read("produced"))
pids = [int(stage["pid"]) for stage in status().values()]
ok(kills > 3 and status()["flow.1"]["restarts"] == "0",
   "the other stages go on while one is killed", f"{kills} kills {status()}")
# The last one may still wait for its turn to be started again.
ok(wait_until(lambda: status()["flow.2"]["restarts"] == str(kills)),
   "every death is noticed",
   f"{kills} kills, {status()}")
child.terminate()
ok(child.wait(20) == 0, "SIGTERM ends with 0")
numbers = [int(x) for x in read("seen").split()]
ok(numbers[-1] == 400 and numbers == sorted(numbers),
   "what is in the pipes is taken before the end", str(numbers[-5:]))
ok(not any(alive(pid) for pid in pids) and not status(),
   "nothing is left behind")

# -- readiness, reload, configuration errors --------------------------------
ready_read, ready_write = os.pipe()
hup = write("hup", "trap 'echo hup >> hups' HUP\necho >&3\n"
            "while :; do sleep 0.05; done\n")
child = supervise(f"a: sh {hup} --ready-fd 3\nplain: sleep 1000\n",
                  "--ready-fd", str(ready_write), pass_fds=(ready_write,),
                  cwd=work)
os.close(ready_write)
ok(os.read(ready_read, 8) == b"\n", "readiness is passed on")
child.send_signal(signal.SIGHUP)
ok(wait_until(lambda: read("hups")), "SIGHUP reaches the stages")
ok(status()["plain"]["restarts"] == "0", "but not one that it would end")
child.kill()
child.wait()
ok(wait_until(lambda: run(["pgrep", "-f", hup]).returncode == 1),
   "stages end when the supervisor is killed")

result = run([SUPERVISE, write("config", "a: sh -c 'exit 78'\nb: sleep 99\n")],
             timeout=20)
ok(result.returncode == 78, "a wrong configuration ends all with 78",
   result.stderr)

# -- grandchildren, stubborn stages -----------------------------------------
stubborn = write("stubborn", "trap '' TERM\nsleep 1001 &\n"
                 "echo >&3\nwhile :; do sleep 1; done\n")
child = supervise(f"s: sh {stubborn} --ready-fd 3\n", "--stop-timeout", "0.3",
                  cwd=work)
wait_until(lambda: status().get("s", {}).get("state") == "up")
child.terminate()
child.wait(20)
ok("killed after --stop-timeout: s" in child.stderr.read(),
   "a stage that ignores SIGTERM is killed and named")
ok(run(["pgrep", "-f", "sleep 1001"]).returncode == 1,
   "its children are killed with it")

child = supervise("a: sh -c 'echo x >> runs; exit 1'\n", "--delay", "0.05",
                  "--delay-max", "0.1", cwd=work)
ok(wait_until(lambda: len(read("runs").split()) >= 4),
   "a stage that ends at once is started again and again")
child.terminate()
ok(child.wait(20) == 0, "and can be stopped while it waits")
finish()
