#!/usr/bin/env bash
# The demo: real files of this machine go into a three-node log over two transports. What fits is taken, what does not is
# refused at once and in words, a log server is killed on the way, and everything is read back and compared.
#
#   examples/demo/demo.sh FOLDER-WITH-PROGRAMS        (./run demo builds first)
#
# Uses only what an operator has: outsized, outsize, and the system's own tools. Ends by itself and cleans up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

programs=$(cd "${1:?usage: demo.sh FOLDER-WITH-PROGRAMS}" && pwd)
readonly programs
readonly work=$PWD/build/demo
readonly space_needed_mib=4096 # three copies, write-ahead logs, spooled tar streams, what is read back
readonly files_wanted=1200     # real files for each of the two clusters
readonly largest_of_all=12     # besides them, the largest files there are below 30 MiB
readonly roots=(/usr/share /usr/lib /usr/include)
readonly nodes=(n1 n2 n3)
export TMPDIR=$work/tmp

say() { printf '\n==> %s\n' "$*"; }
die() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

outsize() { "$programs/outsize" "$@"; }

# ---- nodes ----------------------------------------------------------------------------------------------------------

declare -A pids=()

stop_nodes() {
  local node
  for node in "${!pids[@]}"; do
    kill -TERM "${pids[$node]}" 2>/dev/null || true
  done
  for node in "${!pids[@]}"; do
    wait "${pids[$node]}" 2>/dev/null || true
  done
  pids=()
}

clean_up() {
  local status=$?
  stop_nodes
  # What a failure left is worth reading.
  if [[ $status == 0 ]]; then rm -rf "$work"; else printf 'demo: what is left is in %s\n' "$work" >&2; fi
}

# write_config CLUSTER NODE LIMIT: the example's own file, with ports and a data directory of the demo.
write_config() {
  local cluster=$1 node=$2 limit=$3
  mkdir -p "$work/$cluster"
  sed -e 's/127\.0\.0\.1:71/127.0.0.1:171/' -e "s|^data-dir = .*|data-dir = \"data/$node\"|" \
    -e "s|^message-limit = .*|message-limit = \"$limit\"|" "examples/clusters/mixed/$node.toml" >"$work/$cluster/$node.toml"
}

start_node() {
  local cluster=$1 node=$2 dir
  dir=$work/$cluster
  : >"$dir/$node.out"
  "$programs/outsized" --config "$dir/$node.toml" >"$dir/$node.out" 2>>"$dir/$node.log" </dev/null &
  pids[$node]=$!
}

await_ready() {
  local cluster=$1 node=$2 dir
  dir=$work/$cluster
  # Ends with the node's line, or with its process.
  grep -m 1 '^ready ' < <(timeout 60 tail -n +1 --pid="${pids[$node]}" -f "$dir/$node.out") || {
    tail -n 20 "$dir/$node.log" >&2
    die "node $node did not start"
  }
}

start_cluster() {
  local cluster=$1 node
  for node in "${nodes[@]}"; do start_node "$cluster" "$node"; done
  for node in "${nodes[@]}"; do await_ready "$cluster" "$node"; done
}

# ---- real input -----------------------------------------------------------------------------------------------------

# Size and name of every file that has a plain name, smallest first.
list_files() {
  find "${roots[@]}" -type f -readable -regex '[A-Za-z0-9._/+@:,=-]*' -printf '%s\t%p\n' 2>/dev/null | sort -n
}

# Evenly over all sizes, from the empty file to the largest, and the largest ones below 30 MiB.
choose_files() {
  local all=$1 count
  count=$(wc -l <"$all")
  ((count >= files_wanted)) || die "only $count files in ${roots[*]}; $files_wanted are wanted"
  {
    awk -v every="$((count / files_wanted))" 'NR % every == 1 || every == 1' "$all"
    awk -F '\t' '$1 < 30 * 1048576' "$all" | tail -n "$largest_of_all"
  } | sort -n -u | cut -f 2
}

# nearest_folder MIB: the folder whose size comes nearest.
nearest_folder() {
  awk -v wanted="$1" '{ d = $1 - wanted; if (d < 0) d = -d; if (best == "" || d < least) { least = d; best = $2 } }
                      END { print best }' "$work/folders"
}

# refuse_stream MIB: a tar stream of a real folder, over the limit. The refusal is what is wanted.
refuse_stream() {
  local mib=$1 folder status=0
  folder=$(nearest_folder "$mib")
  say "a tar stream of $folder, about $mib MiB: refused before it gets an offset"
  # What comes in is cut at a quarter above the size that was asked for, in case the machine has no folder like that.
  { tar -cf - -C / "${folder#/}" 2>/dev/null || true; } | head -c "$((mib * 1310720))" >"$work/tmp/stream.tar" || true
  outsize append orders - <"$work/tmp/stream.tar" 2>&1 || status=$?
  rm -f "$work/tmp/stream.tar"
  [[ $status == 1 ]] || die "a stream over the limit must be refused (exit 1), and ended with $status"
}

# ---- a round --------------------------------------------------------------------------------------------------------

# field NAME: of JSON objects, one a line, as this tool writes them.
field() { sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p"; }

# Appends everything. At a third of the answers n2 is killed, at two thirds it is started again.
append_files() {
  local cluster=$1 list=$2 answers=$3 files=() all seen=0 line stream appender status=0
  mapfile -t files <"$list"
  all=${#files[@]}
  exec {stream}< <(outsize append orders --json --timeout 60s "${files[@]}")
  appender=$!
  while IFS= read -r line <&"$stream"; do
    printf '%s\n' "$line"
    seen=$((seen + 1))
    if ((seen == all / 3)); then
      kill_n2 "$seen" "$all" >&2
    elif ((seen == 2 * all / 3)); then
      start_node "$cluster" n2
    fi
  done >"$answers"
  exec {stream}<&-
  wait "$appender" || status=$?
  [[ $status == 0 || $status == 1 ]] || die "append ended with $status"
  await_ready "$cluster" n2
}

kill_n2() {
  kill -KILL "${pids[n2]}"
  wait "${pids[n2]}" 2>/dev/null || true
  printf 'n2 is killed (-9) after %d of %d answers, and comes back later\n' "$@"
}

# Every acknowledged record, by offset, must have the digest of its file.
compare() {
  local cluster=$1 answers=$2 dir
  dir=$work/$cluster
  grep '"offset":' "$answers" >"$dir/acknowledged" || die "nothing was acknowledged"
  paste <(field offset <"$dir/acknowledged") \
    <(field file <"$dir/acknowledged" | tr '\n' '\0' | xargs -0 sha256sum | cut -d ' ' -f 1) |
    sort -n >"$dir/written"
  outsize read orders --json --no-payload >"$dir/records"
  paste <(field offset <"$dir/records") <(field sha256 <"$dir/records") | sort -n >"$dir/read"
  diff "$dir/written" "$dir/read" >"$dir/difference" || die "what was read is not what was written: $dir/difference"
}

row() { printf '%-28s %9s %12s %9s %14s %10s\n' "$@"; }

# round CLUSTER TITLE: appends, kills, restarts, compares; leaves a row of the table.
round() {
  local cluster=$1 title=$2 answers=$work/$1/answers started ended seconds
  say "$title: $(wc -l <"$work/files") files, and n2 is killed on the way"
  started=$(date +%s%N)
  append_files "$cluster" "$work/files" "$answers"
  ended=$(date +%s%N)
  compare "$cluster" "$answers"
  local records refused bytes p99
  records=$(wc -l <"$work/$cluster/acknowledged")
  refused=$(grep -c '"code":' "$answers" || true)
  bytes=$(field bytes <"$work/$cluster/acknowledged" | awk '{ sum += $1 } END { printf "%.0f", sum }')
  p99=$(field latency_us <"$work/$cluster/acknowledged" | sort -n | awk '{ v[NR] = $1 } END { i = int(NR * 0.99 + 0.999); printf "%.0f", v[i] / 1000 }')
  seconds=$(awk -v ns="$((ended - started))" 'BEGIN { printf "%.1f", ns / 1e9 }')
  printf 'read back %s records from the log: all SHA-256 are equal\n' "$records"
  row "$title" "$records" "$bytes" "$refused" "$(awk -v b="$bytes" -v s="$seconds" 'BEGIN { printf "%.1f MiB/s", b / 1048576 / s }')" "$p99 ms" >>"$work/table"
  check_refusals "$answers"
}

# What was refused was too large, and nothing else went wrong.
check_refusals() {
  local other
  other=$(grep '"code":' "$1" | grep -v -e '"code":"rejected_by_policy"' -e '"code":"too_large"' || true)
  [[ -z $other ]] || die "refused for another reason: $other"
}

main() {
  local started=$SECONDS free
  mkdir -p "$work"
  free=$(df -m --output=avail "$work" | tail -n 1)
  ((free >= space_needed_mib)) || die "$free MiB are free at $work; $space_needed_mib MiB are needed"
  rm -rf "$work"
  mkdir -p "$work/tmp"
  trap clean_up EXIT
  trap 'exit 130' INT TERM

  list_files >"$work/all"
  choose_files "$work/all" >"$work/files"
  du -m --max-depth=4 "${roots[@]}" 2>/dev/null | sort -n >"$work/folders" || true

  local node
  for node in "${nodes[@]}"; do write_config even "$node" 32MiB; done
  write_config lower n1 4MiB
  write_config lower n2 4MiB
  write_config lower n3 32MiB

  export OUTSIZE_CONNECT=tcp://127.0.0.1:17101
  say "three nodes over TCP and ZeroMQ, every limit 32 MiB"
  start_cluster even
  round even "limits 32, 32, 32 MiB"
  refuse_stream 40
  refuse_stream 200
  stop_nodes

  say "the same with limits of 4, 4 and 32 MiB: the smallest of the nodeset counts, on every path"
  start_cluster lower
  round lower "limits 4, 4, 32 MiB"
  say "a refusal there names the node whose limit it is"
  outsize append orders "$(awk -F '\t' '$1 > 5 * 1048576 { print $2; exit }' "$work/all")" || true
  stop_nodes

  say "result"
  row "" records bytes refused rate p99
  cat "$work/table"
  printf '\nEverything that was acknowledged was read back equal. %d s.\n' "$((SECONDS - started))"
}

main "$@"
