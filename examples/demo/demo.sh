#!/usr/bin/env bash
# The demo: real files of this machine, and tar streams of its folders that no message can carry, go into a three-node log
# over two transports. Under each size policy, and under a chain of all three: what fits is taken, what does not is split,
# spilled, or refused at once and in words; a log server is killed on the way; everything is read back and compared.
#
#   examples/demo/demo.sh FOLDER-WITH-PROGRAMS        (./run demo builds first)
#
# Uses only what an operator has: outsized, outsize, and the system's own tools. Ends by itself, also on Ctrl-C, and leaves
# nothing running and nothing behind; after a failure the nodes' logs stay.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

die() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

[[ $# == 1 && -x $1/outsized && -x $1/outsize ]] || die "usage: demo.sh FOLDER-WITH-PROGRAMS (./run demo builds them)"
programs=$(cd "$1" && pwd)
readonly programs
readonly work=$PWD/build/demo
readonly files_wanted=1200   # spread evenly over all sizes
readonly largest_files=6     # besides them, the largest files there are below 30 MiB
readonly files_least=1000
readonly files_mib=256       # all of them together at most
readonly streams=(40 200 1024) # MiB of each tar stream
readonly small_bytes=1048576 # latencies in the table are of records below
readonly roots=(/usr/share /usr/lib /usr/include)
readonly nodes=(n1 n2 n3)
readonly mib=1048576
export TMPDIR=$work/tmp

say() { printf '\n==> %s\n' "$*"; }
outsize() { "$programs/outsize" "$@"; }

# ---- nodes ----------------------------------------------------------------------------------------------------------

declare -A pids=()
appenders=()
streams_appender=
port_prefix=

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

# A failure leaves configs, logs and answers, which are small and worth reading; data never stays.
clean_up() {
  local status=$?
  trap '' INT TERM
  [[ ${#appenders[@]} == 0 ]] || kill -TERM "${appenders[@]}" 2>/dev/null || true
  stop_nodes
  rm -rf "$work/tmp" "$work/tar" "$work"/*/data
  if [[ $status == 0 || $status == 130 ]] || ! compgen -G "$work/*/*.log" >/dev/null; then
    rm -rf "$work"
  else
    printf 'demo: the logs of the nodes are in %s\n' "$work" >&2
  fi
  [[ $status != 130 ]] || printf 'demo: interrupted; nothing is left running\n' >&2
}

# The example clusters' ports are 7101 to 7104; the demo's are 17101 to 17104, or the next that nobody listens on.
choose_ports() {
  local prefix port
  for prefix in {171..199}; do
    for port in 01 02 03 04; do
      if (exec 3<>"/dev/tcp/127.0.0.1/$prefix$port") 2>/dev/null; then continue 2; fi
    done
    port_prefix=$prefix
    export OUTSIZE_CONNECT=tcp://127.0.0.1:${prefix}01
    return
  done
  die "no four free ports between 17101 and 19904"
}

# write_config ROUND NODE LIMIT POLICIES: the example's own file, with ports, folders, a limit and policies of the demo.
# Without spill behind it, split is to take what the chain leaves to spill.
write_config() {
  local round=$1 node=$2 limit=$3 policies=$4
  mkdir -p "$work/$round"
  sed -e "s/127\.0\.0\.1:71/127.0.0.1:$port_prefix/" -e "s|^data-dir = .*|data-dir = \"data/$node\"|" \
    -e "s|^directory = .*|directory = \"data/blobs\"|" -e "s|^message-limit = .*|message-limit = \"$limit\"|" \
    -e "s|^policies = .*|policies = [$policies]|" "examples/clusters/mixed/$node.toml" >"$work/$round/$node.toml"
  [[ $policies != '"split"' ]] || sed -i 's|^max-record-size = "64MiB"|max-record-size = "2GiB"|' "$work/$round/$node.toml"
}

# The kernel ends a node whose demo was killed.
start_node() {
  local cluster=$1 node=$2 dir
  dir=$work/$cluster
  : >"$dir/$node.out"
  setpriv --pdeathsig TERM "$programs/outsized" --config "$dir/$node.toml" >"$dir/$node.out" 2>>"$dir/$node.log" </dev/null &
  pids[$node]=$!
}

# Ends with the node's line, or with its process.
await_ready() {
  local cluster=$1 node=$2 dir out follower status=0
  dir=$work/$cluster
  exec {out}< <(exec timeout 60 tail -n +1 --pid="${pids[$node]}" -f "$dir/$node.out" 2>/dev/null)
  follower=$!
  grep -m 1 '^ready ' <&"$out" || status=1
  exec {out}<&-
  kill "$follower" 2>/dev/null || true
  [[ $status == 0 ]] || {
    tail -n 20 "$dir/$node.log" >&2
    die "node $node did not start"
  }
}

# start_cluster ROUND POLICIES LIMIT-OF-N1 LIMIT-OF-N2 LIMIT-OF-N3
start_cluster() {
  local round=$1 policies=$2 node
  shift 2
  for node in "${nodes[@]}"; do
    write_config "$round" "$node" "$1" "$policies"
    shift
  done
  for node in "${nodes[@]}"; do start_node "$round" "$node"; done
  for node in "${nodes[@]}"; do await_ready "$round" "$node"; done
}

# The next round has the disk for itself.
end_cluster() {
  stop_nodes
  rm -rf "$work/$1/data"
}

# ---- real input -----------------------------------------------------------------------------------------------------

# Size and name of every file that has a plain name, smallest first.
list_files() {
  find "${roots[@]}" -type f -readable -regex '[A-Za-z0-9._/+@:,=-]*' -printf '%s\t%p\n' 2>/dev/null | sort -n || true
}

# Evenly over all sizes, from the smallest to the largest, and the largest ones below 30 MiB.
choose_files() {
  local all=$1 count
  count=$(wc -l <"$all")
  ((count >= files_least)) || die "only $count files in ${roots[*]}; at least $files_least are wanted"
  {
    awk -v every="$((count > files_wanted ? count / files_wanted : 1))" 'NR % every == 0' "$all"
    awk -F '\t' '$1 < 30 * 1048576' "$all" | tail -n "$largest_files"
  } | sort -n -u | awk -F '\t' -v most="$((files_mib * mib))" '(sum += $1) <= most'
}

# What is put in counts up to four times: three copies under split, or one under spill; files may lie in the write-ahead
# log and in a table as well. Then the streams and what the tool spools of them, and what nodes leave free.
check_space() {
  local chosen=$1 bytes needed free stream streams_mib=0
  bytes=$(awk -F '\t' '{ sum += $1 } END { printf "%.0f", sum }' "$chosen")
  for stream in "${streams[@]}"; do streams_mib=$((streams_mib + stream)); done
  needed=$((6 * bytes / mib + 5 * streams_mib + 2048))
  free=$(($(df -m --output=avail "$work" | tail -n 1)))
  ((free >= needed)) ||
    die "$free MiB are free where the demo writes ($work), and it needs $needed MiB: free some, or move the checkout"
  printf '%d files of 0 to %d bytes, %d MiB together; %d MiB of disk are free, %d are needed\n' \
    "$(wc -l <"$chosen")" "$(tail -n 1 "$chosen" | cut -f 1)" $((bytes / mib)) "$free" "$needed"
}

# folders_of MIB: the smallest folder with at least as much in it; all of them together when none has.
folders_of() {
  awk -v wanted="$1" -v all="${roots[*]}" '
    $1 >= wanted { print $2; found = 1; exit } END { if (!found) print all }' "$work/folders"
}

# Every policy is given the same bytes, so each stream is made once; cut at the size that it shall have.
make_streams() {
  local size folders
  mkdir -p "$work/tar"
  { du -m --max-depth=4 "${roots[@]}" 2>/dev/null || true; } | sort -n >"$work/folders"
  for size in "${streams[@]}"; do
    read -r -a folders < <(folders_of "$size")
    printf 'a tar stream of %s, %d MiB\n' "${folders[*]}" "$size"
    { tar -cf - -C / "${folders[@]#/}" 2>/dev/null || true; } | head -c "$((size * mib))" >"$work/tar/$size"
  done
}

# ---- a round --------------------------------------------------------------------------------------------------------

# field NAME: of JSON objects, one a line, as this tool writes them.
field() { sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p"; }

show_progress() {
  [[ ! -t 2 ]] || printf '\r\033[K%d of %d answers' "$1" "$2" >&2
}
end_progress() {
  [[ ! -t 2 ]] || printf '\r\033[K' >&2
}

# Named pipes: of each the tool knows no length before its end. Returns when all of them have been taken, and the last one,
# the largest, is on its way into the log.
start_streams() {
  local round=$1 pipes=$work/$1/pipes size writers=()
  mkdir -p "$pipes"
  for size in "${streams[@]}"; do
    mkfifo "$pipes/$size"
    timeout 120 dd if="$work/tar/$size" of="$pipes/$size" bs=1M status=none &
    writers+=($!)
  done
  "$programs/outsize" append orders --json --timeout 60s "${streams[@]/#/$pipes/}" >"$work/$round/streams.raw" &
  streams_appender=$!
  appenders=("${writers[@]}" "$streams_appender")
  wait "${writers[@]}" || die "the streams were not taken: $work/$round/streams.raw"
}

# Waits for the answers, and gives each stream its name in them.
end_streams() {
  local round=$1 status=0
  wait "$streams_appender" || status=$?
  appenders=()
  [[ $status == 0 || $status == 1 ]] || die "append of the streams ended with $status"
  sed "s|$work/$round/pipes/|$work/tar/|" "$work/$round/streams.raw" >"$work/$round/streams"
  tell_streams "$work/$round/streams"
}

tell_streams() {
  sed -n -e 's/.*"text":"\([^"]*\)".*/refused: \1/p' \
    -e 's/.*"offset":\([0-9]*\),"bytes":\([0-9]*\),"stored":"\([a-z]*\)".*/\2 bytes at offset \1: \3/p' "$1"
}

# Appends every file. At a third of the answers n2 is killed, at two thirds it is started again.
append_files() {
  local round=$1 list=$2 answers=$3 files=() all seen=0 line stream appender status=0
  mapfile -t files < <(cut -f 2 "$list")
  all=${#files[@]}
  exec {stream}< <(exec "$programs/outsize" append orders --json --timeout 60s "${files[@]}")
  appender=$!
  appenders+=("$appender")
  while IFS= read -r line <&"$stream"; do
    printf '%s\n' "$line"
    seen=$((seen + 1))
    if ((seen == all / 3)); then
      kill_n2 "$seen" "$all" >&2
    elif ((seen == 2 * all / 3)); then
      start_node "$round" n2
      end_progress
      printf 'n2 is started again after %d of %d answers\n' "$seen" "$all" >&2
    fi
    ((seen % 50)) || show_progress "$seen" "$all"
  done >"$answers"
  end_progress
  exec {stream}<&-
  wait "$appender" || status=$?
  [[ $status == 0 || $status == 1 ]] || die "append ended with $status"
  ((seen == all)) || die "$seen answers came for $all files"
  await_ready "$round" n2
}

kill_n2() {
  kill -KILL "${pids[n2]}"
  wait "${pids[n2]}" 2>/dev/null || true
  end_progress
  printf 'n2 is killed (-9) after %d of %d answers\n' "$@"
}

# Every acknowledged record, by offset, must have the digest of its file or stream.
compare() {
  local dir=$work/$1
  cat "$dir/files" "$dir/streams" >"$dir/answers"
  grep '"offset":' "$dir/answers" >"$dir/acknowledged" || die "nothing was acknowledged: $dir/answers"
  paste <(field offset <"$dir/acknowledged") \
    <(field file <"$dir/acknowledged" | tr '\n' '\0' | xargs -0 sha256sum | cut -d ' ' -f 1) |
    sort -n >"$dir/written"
  outsize read orders --json --no-payload >"$dir/records"
  paste <(field offset <"$dir/records") <(field sha256 <"$dir/records") | sort -n >"$dir/read"
  diff "$dir/written" "$dir/read" >"$dir/difference" || die "what was read is not what was written: $dir/difference"
}

# What was refused was too large, and nothing else went wrong.
check_refusals() {
  local other
  other=$(grep '"code":' "$1" | grep -v -e '"code":"rejected_by_policy"' -e '"code":"too_large"' || true)
  [[ -z $other ]] || die "refused for another reason: $other"
}

# check_streams ROUND COUNT: so many of the streams are in the log.
check_streams() {
  local count
  count=$(grep -c '"offset":' "$work/$1/streams" || true)
  ((count == $2)) || die "$count streams of ${#streams[@]} are in the log, $2 must be: $work/$1/streams"
}

row() { printf '%-30s %7s %11s %7s %16s %7s %11s %8s\n' "$@"; }

# count HOW FILE: how many records are stored that way; of split ones into how many fragments, too.
count() {
  field stored <"$2" | awk -v how="$1" '$1 == how { n++ } END { printf "%d", n }'
  [[ $1 != split ]] || field fragments <"$2" | awk '{ sum += $1 } END { if (sum) printf " into %d", sum }'
}

p99_of_small() {
  paste <(field bytes <"$1") <(field latency_us <"$1") | awk -v below="$small_bytes" '$1 < below { print $2 }' | sort -n |
    awk '{ v[NR] = $1 } END { printf "%.0f ms", v[int(NR * 0.99 + 0.999)] / 1000 }'
}

# add_row TITLE ROUND NANOSECONDS
add_row() {
  local title=$1 dir=$work/$2 elapsed=$3 records=$work/$2/acknowledged refused bytes rate
  refused=$(grep -c '"code":' "$dir/answers" || true)
  bytes=$(field bytes <"$records" | awk '{ sum += $1 } END { printf "%.0f", sum }')
  rate=$(awk -v b="$bytes" -v ns="$elapsed" 'BEGIN { printf "%.1f MiB/s", b / 1048576 / (ns / 1e9) }')
  row "$title" "$(wc -l <"$records")" "$bytes" "$refused" "$(count split "$records")" \
    "$(count spilled "$records")" "$rate" "$(p99_of_small "$records")" >>"$work/table"
}

# append_and_compare ROUND TITLE STREAMS-TAKEN: appends, kills, restarts, compares; leaves a row of the table.
append_and_compare() {
  local round=$1 title=$2 taken=$3 started ended
  started=$(date +%s%N)
  start_streams "$round"
  append_files "$round" "$work/files" "$work/$round/files"
  end_streams "$round"
  ended=$(date +%s%N)
  check_streams "$round" "$taken"
  compare "$round"
  check_refusals "$work/$round/answers"
  add_row "$title" "$round" $((ended - started))
  printf 'read back all %s acknowledged records: every SHA-256 is equal\n' "$(wc -l <"$work/$round/acknowledged")"
}

# run_round NAME POLICIES STREAMS-TAKEN LIMIT-OF-N1 LIMIT-OF-N2 LIMIT-OF-N3
run_round() {
  local round=$1 policies=$2 taken=$3
  shift 3
  say "policies $policies; limits $1, $2, $3; $(wc -l <"$work/files") files beside ${#streams[@]} streams"
  start_cluster "$round" "$policies" "$@"
  append_and_compare "$round" "$round ($1 $2 $3)" "$taken"
  end_cluster "$round"
}

main() {
  local started=$SECONDS
  rm -rf "$work"
  mkdir -p "$work/tmp"
  trap clean_up EXIT
  trap 'exit 130' INT TERM

  say "real files of ${roots[*]}"
  list_files >"$work/all"
  choose_files "$work/all" >"$work/files"
  check_space "$work/files"
  make_streams
  choose_ports

  run_round reject '"reject"' 0 32MiB 32MiB 32MiB
  run_round split '"split"' 3 4MiB 4MiB 32MiB # the smallest of the nodeset counts, on every path
  run_round spill '"spill"' 3 32MiB 32MiB 32MiB
  run_round chain '"split", "spill", "reject"' 3 32MiB 32MiB 32MiB

  say "result"
  row "policy (limits of n1 n2 n3)" records bytes refused "split" spilled rate "small p99"
  cat "$work/table"
  printf '\nEverything that was acknowledged was read back equal. %d s.\n' "$((SECONDS - started))"
}

main
