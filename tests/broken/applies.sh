#!/usr/bin/env bash
# Does every patch of this folder apply to the tree? Whether it turns its test red is what ./run broken shows.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
count=0 stale=0
for patch in tests/broken/*.patch; do
  count=$((count + 1))
  if ! said=$(patch --dry-run --batch --strip=1 --input="$patch" 2>&1); then
    printf '%s does not apply any more:\n%s\n' "$patch" "$said" >&2
    stale=$((stale + 1))
  fi
done
printf '%d patches, %d do not apply\n' "$count" "$stale"
[[ $count -gt 0 && $stale == 0 ]]
