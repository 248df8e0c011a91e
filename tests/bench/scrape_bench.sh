#!/bin/bash
# CPU, memory and lateness of scraping 1,000 targets (618 samples each on
# average, every 10 s): prom-scrape alone and with prom-store, beside Debian's
# prometheus on the same targets in the same run.  Prometheus also stores what
# it scrapes, so its figure is compared with the two tools together where
# prom-store is there.  Lateness is how much longer than the interval the 99th
# of 100 distances between scrapes was.
#
#   PROM_BENCH_TARGETS (1000)  PROM_BENCH_WARM (25 s)  PROM_BENCH_WINDOW (40 s)
#   PROM_BENCH_INTERVAL (10 s)  PROM_BENCH_PEER=no leaves Prometheus out, which
#   wants some 20 GB of memory for 10,000 targets
set -u
bin=${PROM_BIN:-build/release/bin}
data=${PROM_SHARED:-../shared}/data/captures
targets=${PROM_BENCH_TARGETS:-1000}
warm=${PROM_BENCH_WARM:-25}
window=${PROM_BENCH_WINDOW:-40}
interval=${PROM_BENCH_INTERVAL:-10}
here=$(dirname "$0")

if [ ! -x "$bin/prom-scrape" ] || [ ! -d "$data" ]; then
  echo "# scrape: needs $bin/prom-scrape and $data" >&2
  exit 0
fi

work=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  wait 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT

ulimit -n "$(ulimit -Hn)"
"$here/bake_targets.py" "$targets" "$data"/*.raw.zst >"$work/port" &
pids+=($!)
for _ in $(seq 100); do
  [ -s "$work/port" ] && break
  sleep 0.1
done
port=$(cat "$work/port")

{
  echo "global:" \
    "{scrape_interval: ${interval}s, scrape_timeout: $((interval - 1))s}"
  echo "scrape_configs:"
  echo "- job_name: bench"
  echo "  static_configs:"
  echo "  - targets:"
  for ((i = 0; i < targets; i++)); do
    echo "    - 127.1.$((i / 250)).$((i % 250 + 1)):$port"
  done
} >"$work/prometheus.yml"

run_ns() { # of a process and all its threads, as the scheduler counts it
  cat "/proc/$1/task/"*/schedstat | awk '{ n += $1 } END { printf "%.0f\n", n }'
}
rss_kb() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }

# measure "PID…" SAMPLES_COMMAND: sets cpu_ns (per sample) and rss (bytes per
# series, of which there is one per sample and interval)
measure() {
  local before=0 after=0 kb=0 first last begin end
  sleep "$warm"
  first=$($2)
  begin=$EPOCHREALTIME
  for pid in $1; do before=$((before + $(run_ns "$pid"))); done
  sleep "$window"
  last=$($2)
  end=$EPOCHREALTIME
  for pid in $1; do
    after=$((after + $(run_ns "$pid")))
    kb=$((kb + $(rss_kb "$pid")))
  done
  read -r cpu_ns rss < <(awk -v ns=$((after - before)) -v begin="$begin" \
    -v end="$end" -v s=$((last - first)) -v kb="$kb" -v i="$interval" 'BEGIN {
      printf "%.1f %.0f\n", ns / s, kb * 1024 / (s * i / (end - begin)) }')
}

late_ms() { # of metrics on standard input
  awk -v i="$interval" '/^prometheus_target_interval_length_seconds\{/ &&
    /quantile="0.99"/ { printf "%.1f\n", ($2 - i) * 1000; exit }'
}

ours_samples() {
  sleep 5 # the file is rewritten so often
  awk '$1 == "prom_scrape_samples_total" { printf "%.0f\n", $2 }' \
    "$1/prom-scrape.prom"
}

mkdir "$work/run"
"$bin/prom-discover" --config.file "$work/prometheus.yml" --once \
  >"$work/targets" 2>"$work/discover.log"

# --- prom-scrape alone
mkfifo "$work/pipe"
wc -c <"$work/pipe" >"$work/bytes" &
"$bin/prom-scrape" --config.file "$work/prometheus.yml" --wire \
  --targets "$work/targets" --run-dir "$work/run" >"$work/pipe" \
  2>"$work/scrape.log" &
pid=$!
pids+=("$pid")
alone_samples() { ours_samples "$work/run"; }
measure "$pid" alone_samples
scrape_ns=$cpu_ns scrape_rss=$rss
scrape_late=$(late_ms <"$work/run/prom-scrape.prom")
total=$(alone_samples)
kill "$pid"
wait "$pid" 2>/dev/null
sleep 0.5
bytes_per_sample=$(awk -v b="$(cat "$work/bytes")" -v s="$total" \
  'BEGIN { printf "%.2f", b / s }')

# --- with prom-store
both_ns='' both_rss=''
if [ -x "$bin/prom-store" ]; then
  mkdir "$work/run2"
  "$bin/prom-store" append -S "$work/store" - <"$work/pipe" \
    2>"$work/store.log" &
  store=$!
  pids+=("$store")
  "$bin/prom-scrape" --config.file "$work/prometheus.yml" --wire \
    --targets "$work/targets" --run-dir "$work/run2" >"$work/pipe" \
    2>"$work/scrape2.log" &
  pid=$!
  pids+=("$pid")
  both_samples() { ours_samples "$work/run2"; }
  measure "$pid $store" both_samples
  if kill -0 "$store" 2>/dev/null; then
    both_ns=$cpu_ns both_rss=$rss
  else
    tail -n 3 "$work/store.log" >&2
  fi
  kill "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  sleep 2
  kill "$store" 2>/dev/null
fi

# --- Debian's prometheus
peer_ns='' peer_rss='' peer_late=''
if [ "${PROM_BENCH_PEER:-yes}" = yes ] && command -v prometheus >/dev/null; then
  web=$(python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])')
  prometheus --config.file="$work/prometheus.yml" \
    --storage.tsdb.path="$work/prometheus" \
    --web.listen-address="127.0.0.1:$web" 2>"$work/prometheus.log" &
  pid=$!
  pids+=("$pid")
  peer_samples() {
    curl -s "127.0.0.1:$web/metrics" | awk '
      /^prometheus_tsdb_head_samples_appended_total/ { n += $2 }
      END { printf "%.0f\n", n }'
  }
  measure "$pid" peer_samples
  peer_ns=$cpu_ns peer_rss=$rss
  peer_late=$(curl -s "127.0.0.1:$web/metrics" | late_ms)
  kill "$pid"
fi

line() { # NAME VALUE UNIT PEER
  if [ -n "$4" ]; then
    awk -v n="$1" -v v="$2" -v u="$3" -v p="$4" \
      'BEGIN { printf "%s %s %s prometheus %s %.3f\n", n, v, u, p, v / p }'
  else
    echo "$1 $2 $3"
  fi
}
line scrape_cpu "$scrape_ns" ns/sample "$peer_ns"
line scrape_memory "$scrape_rss" B/series "$peer_rss"
line scrape_late_p99 "$scrape_late" ms "$peer_late"
line scrape_wire "$bytes_per_sample" B/sample ""
if [ -n "$both_ns" ]; then
  line scrape_and_store_cpu "$both_ns" ns/sample "$peer_ns"
  line scrape_and_store_memory "$both_rss" B/series "$peer_rss"
fi
