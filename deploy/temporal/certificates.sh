#!/bin/sh
# Makes an authority, a certificate for Temporal and one for its clients, for deploy/docker-compose.tls.yml.
# For a start: where there is a PKI, let it issue these. What is there already is kept; to renew, delete the .crt.
#   deploy/temporal/certificates.sh DIRECTORY [NAME_OR_ADDRESS…]    by which clients outside reach this machine
set -eu

directory=$1
shift
names=DNS:temporal,DNS:localhost,IP:127.0.0.1
for name in "$@"; do
  case $name in
    *[!0-9.]*) names=$names,DNS:$name ;;
    *) names=$names,IP:$name ;;
  esac
done

umask 077
mkdir -p "$directory"
cd "$directory"

if [ ! -e ca.crt ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
    -subj "/CN=sluice authority" -keyout ca.key -out ca.crt
fi

# issue FILE SUBJECT EXTENSIONS
issue() {
  [ ! -e "$1.crt" ] || return 0
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$2" -keyout "$1.key" -out "$1.csr"
  printf '%s\n' "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 730 -extfile "$1.ext" -out "$1.crt"
  rm "$1.csr" "$1.ext"
}

# Temporal shows its certificate to itself too, as a client.
issue server /CN=temporal "subjectAltName=$names
extendedKeyUsage=serverAuth,clientAuth"
issue client /CN=sluice "extendedKeyUsage=clientAuth"
