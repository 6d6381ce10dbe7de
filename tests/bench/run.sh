#!/usr/bin/env bash
# Speed, as shares of a floor measured in the same run (./run bench builds first):
#
#   tests/bench/run.sh RELEASE_DIR [--cell NAME]... [--rounds N] [--seconds N] [--json FILE]
set -euo pipefail
release=$(cd "${1:?usage: run.sh RELEASE_DIR [OPTION]...}" && pwd)
shift
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/driver/main.py" "$release" "$@"
