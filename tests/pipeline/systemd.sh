#!/bin/sh
# The units are known to systemd and expose little; no service manager runs.
set -u
units=$(dirname "$0")/../../scripts/systemd
if ! command -v systemd-analyze >/dev/null; then
  echo "ok - systemd units # SKIP systemd-analyze is not installed"
  exit 0
fi
bad=0
# The tools need not be installed for the units to be right.
said=$(systemd-analyze verify --man=no "$units"/*.service "$units"/*.socket \
  "$units"/prom.target 2>&1 | grep -v 'is not executable')
if [ -z "$said" ]; then
  echo "ok - systemd-analyze verify has nothing to say"
else
  echo "not ok - systemd-analyze verify has nothing to say"
  echo "$said" >&2
  bad=1
fi
for unit in "$units"/*.service; do
  name=$(basename "$unit")
  if systemd-analyze security --offline=true --threshold=20 "$unit" \
    >/dev/null 2>&1; then
    echo "ok - $name exposes at most 2.0"
  else
    echo "not ok - $name exposes at most 2.0"
    systemd-analyze security --offline=true "$unit" | tail -n 1 >&2
    bad=1
  fi
done
exit $bad
