#!/usr/bin/env python3
"""Every example of a manual page and of --help is run as it stands there, in a
directory that has what examples talk about: a configuration, rules, stores, a
target, an alert server.  SUBSTITUTES names what is put in the place of what an
example names outside of that directory.  An example ends with exit 0 and says
something, unless EXPECTED knows better; what cannot be run at all stands with
its reason in NOT_RUN."""

import glob
import http.server
import os
import re
import signal
import subprocess
import threading
import time

from tap import (BIN, ROOT, SCRIPTS, directory, finish, free_port, ok, run,
                 skip, start, tool, wait_until)

work = directory()
target, alerts, own = (f"127.0.0.1:{free_port()}" for _ in range(3))

# In an example: instead of it.  First match of each is replaced, in order.
SUBSTITUTES = [
    ("localhost:9100", target),
    ("127.0.0.1:9100", own),
    ("--listen :9100", f"--listen {own}"),
    ("prom-alert serve", f"prom-alert serve --web.listen-address {own}"),
    ("/var/lib/prometheus/node-exporter", "textfiles"),
    ("/var/lib/node_exporter/", "textfiles/"),
    ("--storage.path /var/lib/prom-alert", "--storage.path alert-data"),
    ("--storage.path data", "--storage.path alert-data"),
    ("/var/lib/prom", "prom-data"),
    ("/run/prom", "run"),
    ("/backup/", "backup/"),
    ("/etc/prom/stages", "stages"),
]

# Programs of others that examples name: shell scripts in front of PATH.
PROGRAMS = {
    "mail": 'echo "mail to ${!#}: $(wc -l) lines"',
    "pkill": 'echo "pkill $*"',
    "backup": "echo 'backup_bytes 123'",
    "ssh": 'shift; cd "$(mktemp -d -p "$PWD")" && exec "$@"',
    "curl": """echo '{"metric":{"__name__":"up"},"values":[1],"""
            """"timestamps":[1700000000000]}'""",
    "jq": "grep -o '\"url\":\"[^\"]*'",
}

# What is special about an example, by a pattern that it must contain:
#   status  exit codes of its commands, alternatives as a list of lists
#   until   it runs for ever: a pattern in its output, or True for `after`;
#           then SIGTERM ends it, with exit 0
#   after   a command whose output says that it worked
#   says    what the output must contain
EXPECTED = [
    (r"^prom-supervise ", {"until": True, "after":
                           "prom-query -S store -e 'timestamp(up) > {now}'"}),
    (r"^prom-alert serve", {"until": "listening"}),
    (r"--listen ", {"until": "listening"}),
    (r"^prom-rules run", {"until": True, "after":
                          "prom-query -S {store} -e "
                          "'timestamp(recorded) > {now}'"}),
    (r"prom-scrape .*--once \| prom-store append",
     {"after": "prom-query -e up"}),
    (r"prom-scrape --config.file .*\| prom-store append",
     {"until": True, "after":
      "prom-query -S {store} -e 'timestamp(up) > {now}'"}),
    (r"\| prom-scrape --config.file \S+$", {"until": r"up\{"}),
    (r"\| prom-store append", {"after": "prom-store stats"}),
    (r"prom-alert send --config", {"after": "ls -l {storage}/alerts.log",
                                   "says": "alerts.log"}),
    (r"prom-alert send$", {"after": "prom-alert alerts", "says": "DbDown"}),
    (r"prom-query -e ", {"status": [[0, 0], [1, 0]], "says": "mail to root"}),
    (r"^prom-export command", {"after": "cat textfiles/b.prom",
                               "says": r'exit_status{command="backup"} 0'}),
    (r"file_sd >targets", {"after": "cat targets.json", "says": target}),
    (r"^prom-export host >", {"says": "node_load1"}),
    (r"silence add", {"says": "-"}),
    (r"explain", {"says": "DbDown"}),
    (r"routes test", {"says": "page"}),
    (r"prom-store delete", {"after": "prom-store stats"}),
    (r"backup/prom-data", {"after": "ls -l backup"}),
    (r"up\.csv$", {"after": "cat up.csv"}),
    (r"all\.jsonl\.zst$", {"after": "ls -l all.jsonl.zst"}),
    (r"jobs\.prom ", {"after": "cat textfiles/jobs.prom", "says": "node"}),
    (r"^prom-scrape check", {"status": [[0], [3]]}),
    # Nothing runs there that could be asked.
    (r"^prom-scrape targets", {"status": [[69]]}),
]

# Examples that nothing here can run, by pattern, and why.
NOT_RUN = [
    (r"--url http://prometheus:", "needs a Prometheus server; query.py has "
     "one"),
    (r"import /var/lib/prometheus", "needs the data of a Prometheus server; "
     "the unit tests of store have some"),
    (r"prom-query -i$", "talks to a person; query.py plays one"),
]


# --- the sandbox

def write(name, text, mode=0o644):
    path = os.path.join(work, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def page_text(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    section = re.search(r"\n\.Sh EXAMPLES\n(.*?)(\n\.Sh |$)", text, re.S)
    body = section.group(1) if section else ""
    body = body.replace("\\e\n", " ")
    for roff, plain in (("\\(aq", "'"), ("\\(dq", '"'), ("\\-", "-"),
                        ("\\e", "\\"), ("\\&", "")):
        body = body.replace(roff, plain)
    return body


def substituted(line):
    for find, put in SUBSTITUTES:
        line = line.replace(find, put, 1)
    return line


for name, text in PROGRAMS.items():
    write(f"bin/{name}", f"#!/bin/bash\n{text}\n", 0o755)
environment = {
    **os.environ, "PATH": f"{work}/bin:{BIN}:{SCRIPTS}:{os.environ['PATH']}",
    "PROM_ALERT_URL": f"http://{alerts}", "USER": "me"}
environment.pop("RUNDIR", None)
environment.pop("PROM_STORE", None)


def shell(line, **options):
    return run(["bash", "-o", "pipefail", "-c", line], env=environment,
               cwd=work, **options)


for name in ("prometheus.yml", "p.yml"):
    write(name, f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alerts}']}}]}}]}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['{target}']}}]
    relabel_configs: [{{target_label: site, replacement: here}}]
""")
RULES = """
groups:
  - name: g
    interval: 1s
    rules:
      - record: recorded
        expr: vector(1)
      - alert: DbDown
        expr: vector(1)
        labels: {severity: page}
        annotations: {summary: gone}
"""
write("rules.yml", RULES)
write("rules/a.yml", RULES)
write("tests/a.yml", """
rule_files: [../rules.yml]
tests:
  - interval: 1m
    promql_expr_test:
      - {expr: vector(1), eval_time: 1m, exp_samples: [{value: 1}]}
""")


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=hook.serve_forever, daemon=True).start()
write("alertmanager.yml", f"""
route: {{receiver: page, group_wait: 0s}}
receivers:
  - name: page
    webhook_configs: [{{url: 'http://127.0.0.1:{hook.server_port}/'}}]
""")
write("textfiles/x.prom", "x 1\n")
os.mkdir(os.path.join(work, "backup"))
page = page_text(f"{ROOT}/man/prom-supervise.1")
write("stages", substituted(page[page.index("# /etc"):page.index("\n.Ed")]))
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
         "env": environment, "cwd": work}
start([tool("prom-export"), "host", "--listen", target, "--text-directory",
       "textfiles"], **quiet)
start([tool("prom-alert"), "serve", "--config.file", "alertmanager.yml",
       "--storage.path", "server", "--web.listen-address", alerts], **quiet)
write("old.prom", "".join(
    f'node_cpu_seconds_total{{cpu="old"}} {i} {(time.time() - 900 + i) * 1000:.0f}\n'
    for i in range(0, 900, 15)))
FIXTURE = f"""
prom-store append old.prom
prom-scrape {target} --job node | prom-store append
prom-scrape {target} --job node | prom-store append -S data
prom-rules eval rules.yml | prom-alert send --config.file alertmanager.yml \
  --storage.path alert-data
prom-rules eval rules.yml | prom-alert send
"""
ok(wait_until(lambda: shell(f"set -e\n{FIXTURE}").returncode == 0),
   "the sandbox is ready")


# --- the examples

tools = sorted(os.path.basename(path) for path in glob.glob(f"{BIN}/prom-*"))


def page_examples(path):
    lines = page_text(path).splitlines()
    while lines:
        line = lines.pop(0).removeprefix(".Dl ").removeprefix("$ ").strip()
        while line.endswith(("|", "\\")) and lines:
            line = line.removesuffix("\\").rstrip() + " " + \
                lines.pop(0).strip()
        # A line of a stages file or of a crontab is a command behind a name.
        line = re.sub(r"^(\w+:|\* \* \* \* \*) +", "", line)
        line = re.sub(r"  +", " ", line)
        found = re.match(r"([^#.|]*\| *)?(prom-\w+) ", line)
        if found and (found.group(2) in tools or
                      found.group(2) == "prom-supervise"):
            yield line


def help_examples(name):
    table = run([tool(name), "--dump-flags"]).stdout
    for line in table.splitlines():
        fields = line.split("\t")
        if fields[0] == "example":
            yield fields[2]


def expected(line):
    for pattern, known in EXPECTED:
        if re.search(pattern, line):
            return known
    return {}


def option(line, *names):
    for name in names:
        found = re.search(rf"{re.escape(name)} (\S+)", line)
        if found:
            return found.group(1)
    return "prom-data"


STATUS = "\necho \"${PIPESTATUS[*]}\" >status\n"


class Running:
    """A line in a shell of its own that tells how each command ended."""

    def __init__(self, line):
        self.output = open(os.path.join(work, "output"), "w+b")
        self.status = os.path.join(work, "status")
        if os.path.exists(self.status):
            os.unlink(self.status)
        # SIGTERM is for the commands: the shell stays to tell.
        script = f"trap : TERM\n{line} 3>ready{STATUS}"
        self.child = start(["bash", "-c", script], stdin=subprocess.DEVNULL,
                           stdout=self.output, stderr=self.output,
                           env=environment, cwd=work)

    def text(self):
        self.output.flush()
        with open(self.output.name, encoding="utf-8", errors="replace") as one:
            return one.read()

    def end(self, ask):
        if ask:
            os.killpg(self.child.pid, signal.SIGTERM)
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            return None
        with open(self.status, encoding="utf-8") as one:
            return [int(code) for code in one.read().split()]


def run_example(where, line):
    what = f"{os.path.basename(where)}: {line}"
    known = expected(line)
    real = substituted(line)
    store = option(real, "-S")
    after = known.get("after", "").format(
        store=store, storage=option(real, "--storage.path"),
        now=f"{time.time():.3f}")
    until = known.get("until")
    running = Running(real)
    said = ""

    def arrived():
        nonlocal said
        if until is not True:
            return re.search(until, running.text()) is not None
        check = shell(after)
        said = check.stdout
        return check.returncode == 0 and said.strip() != ""

    came = wait_until(arrived, 30) if until else True
    status = running.end(ask=bool(until))
    text = running.text()
    if after and until is not True:
        said = shell(after).stdout
    statuses = known.get("status")
    good = status in statuses if statuses else \
        status is not None and len(status) > 0 and not any(status)
    shown = said if after else text
    good = good and came and shown.strip() != "" and \
        known.get("says", "") in shown
    ok(good, what, f"{real}\n    exit {status}, said {shown[-400:]!r}; "
       f"{text[-600:]!r}")


examples = [(path, line) for path in sorted(glob.glob(f"{ROOT}/man/*.[157]"))
            for line in page_examples(path)]
examples += [(f"{name} --help", line) for name in tools
             for line in help_examples(name)]
done = set()
for where, line in examples:
    if line in done:
        continue
    done.add(line)
    reason = next((why for pattern, why in NOT_RUN
                   if re.search(pattern, line)), None)
    if reason:
        skip(f"{os.path.basename(where)}: {line}", reason)
    else:
        run_example(where, line)
ok(len(done) > 40, f"{len(done)} examples were found")
finish()
