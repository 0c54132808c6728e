#!/usr/bin/env bash
# Builds rnacos, the Nacos server of the tests, from crates.io into Sluice's cache: about 6 minutes of one core, once.
# Without cargo it does nothing: the tests of Nacos are skipped by name then. `--where` prints the program and builds nothing.
set -euo pipefail
version=0.8.8
root="${XDG_CACHE_HOME:-$HOME/.cache}/sluice/test/rnacos-$version"
if [ "${1:-}" = --where ]; then
  echo "$root/bin/rnacos"
  exit 0
fi
[ ! -x "$root/bin/rnacos" ] || exit 0
if ! command -v cargo >/dev/null; then
  echo 'There is no cargo: the tests of Nacos will be skipped.'
  exit 0
fi
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
# Not optimised: it builds in a third of the time, and no test asks for speed. It appears whole or not at all.
export CARGO_TARGET_DIR="$target" CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_INCREMENTAL=false
cargo install rnacos --version "$version" --locked --debug --no-track --quiet --root "$root"
