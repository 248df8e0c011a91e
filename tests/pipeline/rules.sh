#!/bin/bash
# prom-rules from cron: two runs that share a state file, so that `for` goes
# on; alerts as JSON lines; recorded samples in the store.
set -u
bin=${PROM_BIN:-build/release/bin}
bin=$(cd "$bin" && pwd) || exit 70
PATH=$bin:$PATH
work=$(mktemp -d) || exit 74
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 74
export PROM_STORE=$work/store
failed=0

check() { # check WHAT COMMAND…: runs the command
  local what=$1
  shift
  if "$@" >>check.log 2>&1; then
    echo "ok - $what"
  else
    echo "not ok - $what"
    failed=1
  fi
}

for tool in prom-store prom-query prom-rules; do
  [ -x "$bin/$tool" ] || { echo "ok - rules # SKIP no $tool"; exit 0; }
done

cat >rules.yml <<'END'
groups:
  - name: g
    interval: 1m
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - record: job:up:double
        expr: job:up:sum * 2
      - alert: Down
        expr: up == 0
        for: 1m
        labels: {severity: page}
        annotations: {summary: '{{ $labels.instance }} is {{ $value }}'}
END
now=$(date +%s)
first=$((now - 120))
second=$((now - 60))
samples() { # at both times; the one instance is down
  echo "# prom-samples v1"
  for t in "$first" "$second"; do
    echo "up{instance=\"a\",job=\"j\"} 1 ${t}000"
    echo "up{instance=\"b\",job=\"j\"} 0 ${t}000"
  done
  echo "# prom-samples end"
}
samples | prom-store append || echo "not ok - append"

check "rules pass their check" prom-rules check rules.yml
prom-rules eval --time "$first" rules.yml >first.json 2>first.log
check "the first run ends well" test $? -eq 0
check "an alert with for is pending, so nothing is told" test ! -s first.json
prom-rules eval --time "$second" rules.yml >second.json 2>second.log
check "the second run ends well" test $? -eq 0
check "for has run over both runs" \
  grep -q '"alertname":"Down"' second.json
check "one alert, one line" test "$(wc -l <second.json)" -eq 1
check "the alert is expanded" grep -q '"summary":"b is 0"' second.json
check "it began when it fired" \
  grep -q "\"startsAt\":\"$(date -u -d "@$second" +%Y-%m-%dT%H:%M:%SZ)\"" \
  second.json
value() { prom-query --time "$second" "$1" 2>>check.log; }
check "recorded samples are in the store" \
  grep -q ' 1$' <(value job:up:sum)
check "a rule sees what the one before it recorded" \
  grep -q ' 2$' <(value job:up:double)
check "the alert is a series" \
  grep -q ' 1$' <(value 'ALERTS{alertstate="firing"}')

echo "up{instance=\"b\",job=\"j\"} 1 ${now}000" |
  (echo "# prom-samples v1"; cat; echo "# prom-samples end") |
  prom-store append
prom-rules eval --time "$now" rules.yml >third.json 2>third.log
check "a resolved alert is told with its end" \
  grep -q "\"endsAt\":\"$(date -u -d "@$now" +%Y-%m-%dT%H:%M:%SZ)\"" third.json

prom-rules eval -S "$work/nothing" --state "$work/store.rules" rules.yml \
  >gone.json 2>gone.log
status=$?
check "without the store the run fails" test $status -eq 66
check "and tells nothing" test ! -s gone.json
check "and keeps the state" grep -q '"Down' store.rules

echo 'groups: [{name: g, rules: [{record: "x", expr: "rate(up)", four: 1}]}]' \
  >bad.yml
prom-rules check bad.yml >bad.log 2>&1
check "errors are an exit status of 1" test $? -eq 1
check "with file, line and column" grep -q '^bad.yml:1:[0-9]*: error: ' bad.log
[ $failed = 0 ] || { cat ./*.log >&2; exit 1; }
