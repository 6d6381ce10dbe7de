#!/usr/bin/env bash
# Runs the shell commands of a page, in order, in one shell: each must end as the page says, which is with exit 0 unless a
# comment behind the command says `exit N`.
#
#   commands.sh PAGE
#
# Passes over the two commands that contain this test or are one of their own. Exit 77: skipped, because a cluster runs
# on this machine's ports already, and stopping it is not this test's business.
set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../.." || exit 1
page=${1:?usage: commands.sh PAGE}

commands() { awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$page"; }

for port in 7101 7102 7103 7104; do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "skipped: port $port is in use"
    exit 77
  fi
done
trap './run cluster down' EXIT

count=0
while IFS= read -r line; do
  [[ $line != "./run demo" && $line != "./run test" ]] || continue
  wanted=0
  [[ ! $line =~ \#\ .*exit\ ([0-9]+) ]] || wanted=${BASH_REMATCH[1]}
  printf '$ %s\n' "$line"
  eval "$line" </dev/null
  got=$?
  [[ $got == "$wanted" ]] || {
    echo "$page: ended with $got, not with $wanted: $line"
    exit 1
  }
  count=$((count + 1))
done < <(commands)
((count > 0)) || {
  echo "$page has no shell commands"
  exit 1
}
