#!/usr/bin/env bash
# Installs what `sluice up --runtime containerd` needs from Debian (or Ubuntu), and only what is missing. Run it as root.
# None of it has to run: the stack starts its own containerd and leaves a system's one alone.
set -euo pipefail

# program -> package. A program that is there counts, wherever it came from (Docker's own containerd too).
declare -A packages=(
  [containerd]=containerd
  [runc]=runc
  [iptables]=iptables
  [ip]=iproute2
  [nsenter]=util-linux
  [unshare]=util-linux
  [mount]=mount
  [tar]=tar
)

missing=()
for program in "${!packages[@]}"; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || missing+=("${packages[$program]}")
done
[ -x /usr/lib/cni/bridge ] || [ -x /opt/cni/bin/bridge ] || missing+=(containernetworking-plugins)
# The ordinary busybox needs a C library, which the images do not have: ldd must refuse it.
busybox=$(PATH="$PATH:/bin" command -v busybox) && ! ldd "$busybox" >/dev/null 2>&1 || missing+=(busybox-static)

if [ ${#missing[@]} -eq 0 ]; then
  echo 'Everything that the containerd runtime needs is installed.'
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Missing: ${missing[*]}. Installing them needs root: run this script with sudo." >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "Missing: ${missing[*]} (names of Debian packages). This script knows apt-get only; install their like with your package manager." >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "Installing: ${missing[*]}"
# A machine that was never updated has no package lists; one that was needs no second look.
apt-get install -y --no-install-recommends "${missing[@]}" || {
  apt-get update
  apt-get install -y --no-install-recommends "${missing[@]}"
}
