#!/usr/bin/env python3
"""prom-query as people and scripts use it: sources, outputs, watching, the
REPL on a pseudo-terminal, completions in real shells, hostile expressions."""

import base64
import fcntl
import http.server
import json
import os
import pty
import select
import shutil
import signal
import stat
import struct
import subprocess
import sys
import termios
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

QUERY = tap.tool("prom-query")
HOME = tap.directory()
ENV = {**os.environ, "HOME": HOME, "XDG_STATE_HOME": HOME + "/state",
       "LC_ALL": "C.UTF-8", "TERM": "xterm",
       "PATH": tap.BIN + ":" + os.environ["PATH"]}
ENV.pop("PROM_STORE", None)
FILE = os.path.join(HOME, "samples.om")


def write_samples():
    with open(FILE, "w") as out:
        out.write("# TYPE load gauge\n# HELP load The load.\n")
        for instance in ("a:1", "b:1"):
            for i in range(120):
                out.write(f'load{{instance="{instance}"}} {i % 7} '
                          f"{1700000000 + i * 15}\n")
        out.write("# EOF\n")


def query(*arguments, stdin=subprocess.DEVNULL, timeout=30, **options):
    return subprocess.run([QUERY, *arguments], capture_output=True, text=True,
                          stdin=stdin, timeout=timeout, env=ENV, cwd=HOME,
                          **options)


# -- Sources

def test_stores():
    stores = []
    for i, value in enumerate((1, 2)):
        store = os.path.join(HOME, f"store{i}")
        subprocess.run([tap.tool("prom-store"), "append", "-S", store],
                       input=f"up{{i=\"{i}\"}} {value} 1700000000000\n"
                             "both 5 1700000000000\n",
                       text=True, env=ENV, capture_output=True, check=True)
        stores += ["-S", store]
    done = query(*stores, "-t", "1700000000", "count(up) + count(both)")
    tap.ok(done.stdout == "{} 3\n", "two stores are one source",
           done.stdout + done.stderr)
    done = query("series", *stores)
    tap.ok(done.stdout.count("both") == 1, "a series of both is listed once",
           done.stdout + done.stderr)


class Api(http.server.BaseHTTPRequestHandler):
    asked = []

    def log_message(self, *_):
        pass

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(dict(urllib.parse.parse_qsl(form)))

    def do_GET(self):
        self.answer({})

    def answer(self, form):
        wanted = "Basic " + base64.b64encode(b"me:secret").decode()
        if self.headers.get("Authorization") != wanted:
            self.send_error(401)
            return
        Api.asked.append((self.path, form))
        if form.get("query") == "bad":
            status, body = 422, {"status": "error", "errorType": "execution",
                                 "error": "the server's reason"}
        elif self.path.endswith("query_range"):
            status, body = 200, {
                "status": "success", "warnings": ["half of it"],
                "data": {"resultType": "matrix", "result": [
                    {"metric": {"a": "b"},
                     "values": [[1, "1"], [2, "2"]]}]}}
        elif self.path.endswith("/labels"):
            status, body = 200, {"status": "success", "data": ["job"]}
        else:
            status, body = 200, {
                "status": "success", "data": {
                    "resultType": "vector", "result": [
                        {"metric": {"__name__": "up"},
                         "value": [1700000000, "1"]}]}}
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def test_remote():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    config = os.path.join(HOME, "http.yml")
    with open(config, "w") as out:
        out.write("basic_auth:\n  username: me\n  password: secret\n")
    there = ["--url", url, "--http.config.file", config]
    done = query(*there, "up")
    tap.ok(done.stdout == "up 1\n", "a server evaluates",
           done.stdout + done.stderr)
    done = query(*there, "--start", "1", "--end", "2", "-o", "csv", "up")
    tap.ok(done.stdout == "a,value,timestamp\nb,1,1\nb,2,2\n" and
           "half of it" in done.stderr,
           "its ranges come out in every format, its warnings beside",
           done.stdout + done.stderr)
    done = query(*there, "bad")
    tap.ok(done.returncode == 65 and "the server's reason" in done.stderr,
           "its errors come in its own words", done.stderr)
    done = query("labels", *there)
    tap.ok(done.stdout == "job\n", "its labels are listed", done.stderr)
    done = query("--url", url, "up")
    tap.ok(done.returncode == 77 and "401" in done.stderr,
           "what it refuses is exit 77", done.stderr)
    server.shutdown()
    done = query("--url", "http://127.0.0.1:1", "up")
    tap.ok(done.returncode == 69, "no server is exit 69", done.stderr)


# -- Outputs

def test_outputs():
    ranged = ["--start", "now-10m", "--step", "30s", FILE, "load"]
    for form in ("table wide plain graph sparkline heatmap json jsonl csv tsv "
                 "promql text openmetrics textfile svg html").split():
        done = query("-o", form, *ranged)
        tap.ok(done.returncode == 0 and done.stdout, f"-o {form} writes",
               done.stderr)
    out = os.path.join(HOME, "load.prom")
    done = query("-o", "textfile", "-O", out, "--name", "load_sum", FILE,
                 "sum(load)")
    tap.ok(done.returncode == 0 and open(out).read() == "load_sum 0\n" and
           stat.S_IMODE(os.stat(out).st_mode) == 0o644,
           "a textfile is replaced, readable for its collector", done.stderr)
    done = query("--template", "{{range .}}{{.Labels.instance}} {{end}}", FILE,
                 "load")
    tap.ok(done.stdout == "a:1 b:1 ", "a template sees the series",
           done.stdout + done.stderr)
    for arguments, status in ((["--warning", "5"], 0), (["--warning", "1:"], 1),
                              (["--critical", "1:"], 2)):
        done = query("--nagios", *arguments, FILE, "load")
        tap.ok(done.returncode == status,
               f"--nagios {arguments[0]} exits with {status}", done.stdout)
    done = query("--nagios", FILE, "nothing")
    tap.ok(done.returncode == 3, "what is empty is UNKNOWN", done.stdout)
    done = query("-e", FILE, "nothing")
    tap.ok(done.returncode == 1, "-e says that it is empty", done.stderr)
    done = query("explain", FILE, "sum(rate(load[1m]))")
    tap.ok("rate()" in done.stdout and "load[1m]" in done.stdout,
           "explain shows the tree", done.stdout + done.stderr)
    done = query("metadata", "-f", FILE)
    tap.ok("The load." in done.stdout, "metadata is listed", done.stderr)


def test_repetition():
    child = tap.start([QUERY, "-w", "100ms", FILE, "sum(load)"], env=ENV,
                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                      text=True)
    lines = [child.stdout.readline() for _ in range(3)]
    child.send_signal(signal.SIGTERM)
    tap.ok(lines == ["{} 0\n"] * 3 and child.wait(timeout=20) == 0,
           "--watch answers again and again, and ends on a signal", str(lines))
    child = tap.start([QUERY, "--follow", "-w", "100ms", "max(x)"], env=ENV,
                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    seen = []
    for value in (1, 2):
        child.stdin.write(f"x {value} {1700000000000 + value}\n")
        child.stdin.flush()
        line = ""
        while line != f"{{}} {value}\n":  # an empty stream answers nothing
            line = child.stdout.readline()
            if not line:
                break
        seen.append(line)
    child.stdin.close()
    tap.ok(seen == ["{} 1\n", "{} 2\n"] and child.wait(timeout=20) == 0,
           "--follow answers as samples come, and ends with them", str(seen))


# -- On a terminal

class Terminal:
    def __init__(self, *arguments, env=None, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(HOME)
            os.execvpe(arguments[0], arguments, env or ENV)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))
        self.text = ""

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, text, seconds=20):
        """Reads until `text` was shown since the last time."""
        end = time.monotonic() + seconds
        while text not in self.text:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return False
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                return text in self.text
            self.text += data.decode(errors="replace")
        self.text = self.text.split(text, 1)[1]
        return True

    def rest(self):
        """What is shown until it ends."""
        text = self.text
        try:
            while data := os.read(self.fd, 65536):
                text += data.decode(errors="replace")
        except OSError:  # so a pseudo-terminal ends
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return text

    def end(self):
        self.rest()
        return self.status


def test_repl():
    repl = Terminal(QUERY, "-i", FILE)
    tap.ok(repl.wait_for("promql> "), "the REPL asks", repl.text)
    repl.type("loa\t\r")
    tap.ok(repl.wait_for("INSTANCE"), "tab completes a metric", repl.text)
    repl.wait_for("promql> ")
    repl.type("sum(\r")
    tap.ok(repl.wait_for("...> "), "an open bracket goes on", repl.text)
    repl.type("load)\r")
    tap.ok(repl.wait_for("VALUE"), "and is answered", repl.text)
    repl.wait_for("promql> ")
    repl.type("sum(loa\x03")
    tap.ok(repl.wait_for("^C") and repl.wait_for("promql> "),
           "Ctrl-C gives up the line only", repl.text)
    repl.type("sum(load))\r")
    tap.ok(repl.wait_for("unexpected") and repl.wait_for("^"),
           "an error has its caret", repl.text)
    repl.wait_for("promql> ")
    repl.type(".explain sum(load)\r")
    tap.ok(repl.wait_for("SAMPLES"), ".explain explains", repl.text)
    repl.wait_for("promql> ")
    repl.type(".fromat csv\r")
    tap.ok(repl.wait_for("did you mean `.format`"), "commands are suggested",
           repl.text)
    repl.wait_for("promql> ")
    repl.type("\x04")
    tap.ok(repl.end() == 0, "Ctrl-D ends it")
    history = os.path.join(HOME, "state/prom-tools/query-history")
    tap.ok(os.path.exists(history) and "load" in open(history).read(),
           "what was asked is remembered")
    done = subprocess.run(
        [QUERY, "-i", FILE], input=".format csv\nsum(load)\n.quit\n",
        text=True, capture_output=True, env=ENV, timeout=30, cwd=HOME)
    tap.ok(done.returncode == 0 and done.stdout.startswith("value,timestamp\n"),
           "a script is read from a pipe", done.stdout + done.stderr)


def test_terminal():
    with open(os.path.join(HOME, "evil.prom"), "w") as out:
        out.write('evil{x="\x1b]0;owned\x07\x1b[2J"} 1 1700000000000\n')
    for form in ("table", "plain", "csv", "text", "json"):
        shown = Terminal(QUERY, "--color", "never", "-o", form, "evil.prom",
                         "evil")
        text = shown.rest()
        tap.ok("owned" in text and "\x1b" not in text and "\x07" not in text,
               f"-o {form} does not let a label steer the terminal", repr(text))


# -- Completion

def test_completion():
    done = query("--complete", "-o", "spark")
    tap.ok(done.stdout.startswith("sparkline\t"), "formats are completed",
           done.stdout + done.stderr)
    done = query("--complete", FILE, "'sum(lo")
    tap.ok("" == done.stderr, "completion is silent", done.stderr)
    scripts = os.path.join(tap.SCRIPTS, "completions")
    store = os.path.join(HOME, "store0")
    bash = (f"source {scripts}/prom.bash; COMP_LINE=$1; COMP_POINT=${{#1}}; "
            "shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($#-1)); "
            "compopt() { :; }; _prom prom-query; "
            "printf '%s\\n' \"${COMPREPLY[@]}\"")
    for line, words, expected in (
            ("prom-query -o spa", ["prom-query", "-o", "spa"], "sparkline"),
            ("prom-query --exit-s", ["prom-query", "--exit-s"],
             "--exit-status"),
            (f"prom-query -S {store} 'sum(bo",
             ["prom-query", "-S", store, "'sum(bo"], "sum(both"),
            (f"prom-query -S {store} up{{",
             ["prom-query", "-S", store, "up{"], "up{i")):
        done = subprocess.run(["bash", "-c", bash, "bash", line, *words],
                              capture_output=True, text=True, env=ENV, cwd=HOME)
        tap.ok(expected in done.stdout.splitlines(),
               f"bash completes {line.split()[-1]}", done.stdout + done.stderr)
    if shutil.which("fish"):
        for line, expected in ((f"prom-query -S {store} bo", "both"),
                               ("prom-query -o spa", "sparkline")):
            done = subprocess.run(
                ["fish", "--no-config", "-c",
                 f"source {scripts}/prom.fish; complete -C '{line}'"],
                capture_output=True, text=True, env=ENV, cwd=HOME)
            tap.ok(any(one.split("\t")[0] == expected
                       for one in done.stdout.splitlines()),
                   f"fish completes {line.split()[-1]}",
                   done.stdout + done.stderr)
    else:
        tap.skip("fish completes", "fish is not installed")
    if shutil.which("zsh"):
        zsh = Terminal("zsh", "-f", "-i", env={**ENV, "PS1": "zsh> "})
        zsh.type(f"PS1='r''eady> '; fpath=({scripts} $fpath); "
                 "autoload -U compinit; compinit -u -D\r")
        zsh.wait_for("ready> ")
        zsh.type("prom-query -o spa\t")
        tap.ok(zsh.wait_for("sparkline"), "zsh completes a format", zsh.text)
        zsh.type("\x15" + f"prom-query -S {store} 'sum(bo\t")
        tap.ok(zsh.wait_for("sum(both"), "zsh completes a metric in quotes",
               zsh.text)
        zsh.type("\x15exit\r")
        zsh.end()
    else:
        tap.skip("zsh completes", "zsh is not installed")


# -- Hostile

def test_hostile():
    cases = {
        "64 KiB of operators": "+".join(["load"] * 13000),
        "more than 64 KiB": "x" * 70000,
        "10,000 parentheses": "(" * 10000 + "load" + ")" * 10000,
        "10,000 open braces": "{" * 10000,
        "10,000 calls": "abs(" * 10000 + "load" + ")" * 10000,
        "10,000 signs": "-" * 10000 + "1",
        "an expression of powers": "^".join(["2"] * 5000),
        "a subquery of subqueries": "load" + "[1h:1ms]" * 60,
    }
    for what, text in cases.items():
        done = query(FILE, "--", text, timeout=60)
        tap.ok(done.returncode == 65 and len(done.stderr) < 20000,
               f"{what}: an error", f"{done.returncode} {done.stderr[:300]}")
    for pattern in ("(a*)*b", "(((a{100}){100}){100})", ".*" * 2000,
                    "(" * 1000 + "a" + ")" * 1000, "[[:alpha:]]{1000}" * 50):
        done = query(FILE, f'load{{instance=~"{pattern}"}}', timeout=60)
        tap.ok(done.returncode in (0, 65),
               f"a regular expression of {len(pattern)} bytes is bounded",
               f"{done.returncode} {done.stderr[:300]}")


def main():
    write_samples()
    test_stores()
    test_remote()
    test_outputs()
    test_repetition()
    test_repl()
    test_terminal()
    test_completion()
    test_hostile()
    tap.finish()


if __name__ == "__main__":
    main()
