#!/usr/bin/env bash
# Unpacks Debian's Prometheus into Sluice's cache, for the tests: nothing is installed and no service begins. Where there is no
# apt-get it does nothing: the tests that need it are skipped by name. `--where` prints the program and fetches nothing.
set -euo pipefail
root="${XDG_CACHE_HOME:-$HOME/.cache}/sluice/test/prometheus"
if [ "${1:-}" = --where ]; then
  echo "$root/usr/bin/prometheus"
  exit 0
fi
[ ! -x "$root/usr/bin/prometheus" ] || exit 0
if ! command -v apt-get >/dev/null; then
  echo 'There is no apt-get: the tests of Prometheus will be skipped.'
  exit 0
fi
fetched=$(mktemp -d)
trap 'rm -rf "$fetched"' EXIT
chmod 755 "$fetched"
cd "$fetched"
# A machine that was never updated has no package lists; one that was needs no second look.
apt-get download prometheus || {
  apt-get update
  apt-get download prometheus
}
mkdir unpacked
dpkg-deb --extract prometheus_*.deb unpacked
mkdir -p "$(dirname "$root")"
mv unpacked "$root"
