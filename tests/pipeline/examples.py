#!/usr/bin/env python3
"""Every example of a manual page and of --help is a command line that its
tool accepts; those that need nothing from outside are run."""

import glob
import os
import re
import shlex

from tap import BIN, ROOT, directory, finish, ok, run, tool

work = directory()


def page_examples(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    section = re.search(r"\n\.Sh EXAMPLES\n(.*?)(\n\.Sh |$)", text, re.S)
    if not section:
        return
    body = section.group(1).replace("\\e\n", " ")
    body = body.replace("\\(aq", "'").replace("\\-", "-").replace("\\e", "\\")
    for line in body.splitlines():
        line = line.removeprefix(".Dl ").removeprefix("$ ")
        # A line of a stages file or of a crontab is a command behind a name.
        line = re.sub(r"^(\w+:|\* \* \* \* \*) +", "", line.strip())
        if re.match(r"\S*prom-\w+ ", line):
            yield line


def help_examples(name):
    table = run([tool(name), "--dump-flags"]).stdout
    for line in table.splitlines():
        fields = line.split("\t")
        if fields[0] == "example":
            yield fields[2]


def commands_of(line):
    """The tools' own command lines of a pipeline."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|><&;")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    command = []
    for word in lexer:
        if word and set(word) <= set("|><&;"):
            yield command
            command = [] if "|" in word or ";" in word or "&" in word \
                else ["into"]
        else:
            command.append(word)
    yield command


checked = 0
tools = sorted(os.path.basename(path) for path in glob.glob(f"{BIN}/prom-*"))
examples = [(page, line) for page in sorted(glob.glob(f"{ROOT}/man/*.[157]"))
            for line in page_examples(page)]
examples += [(f"{name} --help", line) for name in tools
             for line in help_examples(name)]
for where, line in examples:
    try:
        commands = list(commands_of(line))
    except ValueError as error:
        ok(False, f"{os.path.basename(where)}: {line}", str(error))
        continue
    for command in commands:
        if not command or command[0] not in tools:
            continue
        # The table is printed once the rest of the line was understood.
        result = run([tool(command[0]), "--dump-flags", *command[1:]])
        checked += 1
        if result.returncode != 0:
            ok(False, f"{os.path.basename(where)}: {shlex.join(command)}",
               result.stderr)
ok(checked > 40, f"{checked} command lines of manuals and help are understood")

# The life of a store without any server.
environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}",
               "PROM_STORE": os.path.join(work, "store")}
session = r"""
set -eu
prom-export host | prom-store append
prom-query node_load1 | grep -q '^node_load1 '
prom-query -e 'node_load1 >= 0' -o json | grep -q '"status":"success"'
prom-query values __name__ | grep -qx node_load1
prom-query -o csv node_load1 | head -n 1 | grep -q value,timestamp
prom-store verify && prom-store stats -o json | grep -q '"series"'
! prom-query -e absent_metric 2>/dev/null
cat > rules.yml <<END
groups: [{name: g, rules: [{alert: A, expr: node_load1 >= 0}]}]
END
cat > alertmanager.yml <<END
route: {receiver: nobody}
receivers: [{name: nobody}]
END
prom-rules eval rules.yml | grep -q '"alertname":"A"'
prom-rules eval rules.yml |
  prom-alert send --config.file alertmanager.yml --storage.path alert-state
test -s alert-state/alerts.log
"""
result = run(["bash", "-o", "pipefail", "-c", session], env=environment, cwd=work)
ok(result.returncode == 0, "a session with a store and no server",
   result.stdout[-500:] + result.stderr)
finish()
