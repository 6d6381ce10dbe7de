#!/usr/bin/env bash
# Every file and folder of this repository that a page names is there: links, and paths in backquotes that begin with one
# of the top folders.
set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../.." || exit 1

wrong=0 seen=0
while IFS=: read -r page path; do
  seen=$((seen + 1))
  compgen -G "$path" >/dev/null || compgen -G "$(dirname "$page")/$path" >/dev/null || {
    echo "$page names $path, which is not there"
    wrong=1
  }
done < <(
  find . -path ./build -prune -o -name '*.md' -print | while IFS= read -r page; do
    {
      grep -oE '\]\([A-Za-z0-9_./-]*[./][A-Za-z0-9_./-]*\)' "$page" | cut -c 3- | tr -d ')'
      # shellcheck disable=SC2016 # backquotes of the page
      grep -oE '`(sdk|host|plugins|policies|tests|examples|docs)/[A-Za-z0-9_./*-]+`' "$page" | tr -d '`' | sed 's/NAME/*/'
    } | sed "s|^|$page:|"
  done
)
((seen > 0)) || {
  echo "no page names anything: the search is broken"
  exit 1
}
exit "$wrong"
