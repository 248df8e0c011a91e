#!/usr/bin/env python3
"""prom-export on this host: printed, served, beside Debian's node_exporter."""

import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

EXPORT = tap.tool("prom-export")
# Ours that Debian's leaves out, theirs that we do: prom-export(1) says why.
OURS = re.compile(
    r'device="lo"|mountpoint="/(mnt|media|run)|TCPOFOQueue|TCPRcvQDrop|'
    r"^node_textfile_mtime|^node_scrape_collector")
THEIRS = re.compile(
    r"^node_exporter_build_info|^node_network_speed_bytes|"
    r"^node_(bcache|bonding|btrfs|cpu_frequency|cpu_scaling|dmi|edac|"
    r"fibrechannel|infiniband|ipvs|md|nfs|nfsd|nvme|power_supply|rapl|"
    r"schedstat|selinux|systemd|tape|udp_queues|xfs|zfs)|"
    r"^node_disk_ata|^node_scrape_collector|^node_textfile_mtime")


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


def series(text):
    found = set()
    for line in text.splitlines():
        if not line.startswith("node_"):
            continue
        name = line.rsplit(" ", 1)[0]
        # An empty label is no label.
        name = re.sub(r'(?<=[{,])[a-z_]+="",?', "", name).replace(",}", "}")
        found.add(name.replace("{}", ""))
    return found


def types(text):
    return {line for line in text.splitlines() if line.startswith("# TYPE")}


def serve():
    port = tap.free_port()
    read_end, write_end = os.pipe()
    server = tap.start(
        [EXPORT, "host", "--listen", f"127.0.0.1:{port}", "--ready-fd",
         str(write_end)], pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    tap.ok(os.read(read_end, 1) == b"\n", "it says when it listens")
    base = f"http://127.0.0.1:{port}"
    tap.ok("\nnode_load1 " in fetch(base + "/metrics"), "it serves /metrics")
    some = fetch(base + "/metrics?collect[]=uname")
    tap.ok("node_uname_info" in some and "node_load1" not in some,
           "a request may ask for some collectors")
    try:
        fetch(base + "/metrics?collect[]=none")
        tap.ok(False, "an unknown collector is refused")
    except urllib.error.HTTPError as error:
        tap.ok(error.code == 400, "an unknown collector is refused")
    if os.path.exists(tap.tool("prom-scrape")):
        scraped = tap.run([tap.tool("prom-scrape"), base + "/metrics"])
        tap.ok(scraped.returncode == 0 and "node_load1{" in scraped.stdout,
               "prom-scrape reads it", scraped.stderr)
    server.terminate()
    tap.ok(server.wait(10) == 0, "SIGTERM ends it with 0")


def beside_node_exporter():
    what = "the same series and types as node_exporter, but for a list"
    peer = shutil.which("prometheus-node-exporter")
    if peer is None:
        tap.skip(what, "prometheus-node-exporter is not installed")
        return
    port = tap.free_port()
    tap.start([peer, f"--web.listen-address=127.0.0.1:{port}"],
              stderr=subprocess.DEVNULL)
    theirs = []

    def answers():
        try:
            theirs.append(fetch(f"http://127.0.0.1:{port}/metrics"))
            return True
        except OSError:
            return False

    if not tap.wait_until(answers):
        tap.skip(what, "prometheus-node-exporter does not answer")
        return
    ours = tap.run([EXPORT, "host"]).stdout
    missing = {s for s in series(theirs[0]) - series(ours)
               if not THEIRS.search(s)}
    extra = {s for s in series(ours) - series(theirs[0]) if not OURS.search(s)}
    tap.ok(not missing and not extra, what,
           f"missing {sorted(missing)}, extra {sorted(extra)}")
    shared = {line.split()[2] for line in types(theirs[0])} & \
        {line.split()[2] for line in types(ours)}
    different = {line for line in types(ours) - types(theirs[0])
                 if line.split()[2] in shared}
    tap.ok(not different, "shared families have the same types",
           str(sorted(different)))


def commands():
    directory = tap.directory()
    path = os.path.join(directory, "job.prom")
    done = tap.run([EXPORT, "command", "-o", path, "--name", "job", "--", "sh",
                    "-c", "echo 'x 5'; exit 2"])
    gathered = tap.run([EXPORT, "textfile", directory])
    tap.ok(done.returncode == 0 and gathered.returncode == 0 and
           "\nx 5\n" in gathered.stdout and
           'prom_export_command_exit_status{command="job"} 2\n'
           in gathered.stdout, "a command's file is read as a text file",
           done.stderr + gathered.stderr)
    with open("/dev/full", "w", encoding="ascii") as full:
        failed = tap.run([EXPORT, "host"], capture_output=False, stdout=full,
                         stderr=subprocess.DEVNULL)
    tap.ok(failed.returncode == 74, "a failed write ends with 74")


serve()
beside_node_exporter()
commands()
tap.finish()
