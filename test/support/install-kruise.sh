#!/usr/bin/env bash
# Builds the manager of OpenKruise from its Go module into Sluice's cache: about 4 minutes, once. Without Go it does
# nothing: the tests of CloneSets are skipped by name then. `--where` prints the program and builds nothing.
set -euo pipefail
version=1.8.3
sum=h1:3sddPSN9YiygMCG2Kmp4TTuPcj3f9zO6M4bUo2s3Pas=
root="${XDG_CACHE_HOME:-$HOME/.cache}/sluice/test/kruise-clonesets-$version"
if [ "${1:-}" = --where ]; then
  echo "$root/manager"
  exit 0
fi
[ ! -x "$root/manager" ] || exit 0
if ! command -v go >/dev/null; then
  echo 'There is no Go: the tests of CloneSets will be skipped.'
  exit 0
fi
export GOFLAGS='' GOWORK=off GOTOOLCHAIN=local CGO_ENABLED=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
got=$(cd "$scratch" && go mod download -json "github.com/openkruise/kruise@v$version")
field() { sed -n "s/^\t\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" <<<"$got"; }
[ "$(field Sum)" = "$sum" ] || { echo "github.com/openkruise/kruise@v$version is not what it was: $(field Sum)"; exit 1; }
# What is in the module cache cannot be overlaid.
source="$scratch/kruise"
cp -r "$(field Dir)" "$source"
chmod -R u+w "$source"
# Its webhooks listen on every address; no test of ours does.
sed -i 's/"0\.0\.0\.0"/"127.0.0.1"/' "$source/main.go"
# CloneSets as they are, and nothing else of it: the API server is that of all tests, whose pods and CRDs are none of its business.
sed -i -E '/(pkg\/controller\/|Funcs, )/{/cloneset/!d}' "$source/pkg/controller/controllers.go"
find "$source/pkg/webhook" -maxdepth 1 -name 'add_*.go' ! -name add_cloneset.go -delete
# It asks for indexes of resources that are not served then, and it is told so at once, not in the fourth attempt after 16 s.
sed -i -e '/utildiscovery "/d' -e '/ImagePullJob ownerReference/,/^\t})/{/^\t})/!d}' "$source/pkg/util/fieldindex/register.go"
sed -i 's/Steps: *4,/Steps: 1,/' "$source/pkg/util/discovery/discovery.go"
# golang.org/x/net of that time refers to what the linker keeps to itself since Go 1.23.
go build -C "$source" -mod=readonly -trimpath -buildvcs=false -ldflags='-s -w -checklinkname=0' -o ../manager .
mkdir -p "$root"
cp -rT "$source/config" "$root/config"
mv "$scratch/manager" "$root/manager"
