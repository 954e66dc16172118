#!/usr/bin/env bash
# Prints the path of the pinned Temporal server (with its command line and web UI) on stdout; builds it if there is none yet.
# Messages go to stderr. Exit code 8: none can be had.
#
#   BACKSTAY_TEMPORAL   path of a binary of your own; nothing is built
#   BACKSTAY_DIR        where the binary goes if the cache directory is not writable
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=pin.env
source "$here/pin.env"
home=${HOME:-/nonexistent}
cache=${XDG_CACHE_HOME:-$home/.cache}/backstay/temporal/$version/temporal
in_data=${BACKSTAY_DIR:+$BACKSTAY_DIR/temporal/$version/temporal}

say() { printf 'backstay: %s\n' "$*" >&2; }

refuse() {
  say "$1"
  cat >&2 <<EOF
  What to do, one of these:
    install Go $go_version or newer (https://go.dev/dl/ or apt install golang-go where it is new enough) and run this again
    copy the file $cache from a machine that has it
    set BACKSTAY_TEMPORAL to a "temporal" binary whose --version says "$server"
    use a Temporal server of your own: --temporal HOST:PORT
EOF
  exit 8
}

is_pinned() { [[ "$("$1" --version 2>/dev/null)" == *"$server"* ]]; }

writable_parent() { mkdir -p "${1%/*}" 2>/dev/null && [[ -w ${1%/*} ]]; }

# Sets go_command to a Go that is new enough to fetch the toolchain that the module asks for.
find_go() {
  local candidate found
  for candidate in "$(type -P go || true)" /usr/local/go/bin/go /usr/lib/go-*/bin/go "$home"/sdk/go*/bin/go; do
    [[ -x $candidate ]] || continue
    found=$(GOTOOLCHAIN=local "$candidate" env GOVERSION 2>/dev/null) || continue
    if [[ ! $found =~ ^go1\.([0-9]+) ]] || ((BASH_REMATCH[1] < 21)); then continue; fi
    go_command=$candidate
    return 0
  done
  return 1
}

# Builds into directory $1, which is removed afterwards whatever happens. The module cache is Go's own, so that nothing is downloaded twice.
go_install() (
  local scratch=$1 started=$SECONDS said=0 seen=0 lines doing pid
  export GOBIN=$scratch/bin GOCACHE=$scratch/cache GOTMPDIR=$scratch/tmp GOFLAGS="-trimpath -buildvcs=false" CGO_ENABLED=0
  export GOTOOLCHAIN=${GOTOOLCHAIN:-auto}
  unset GOOS GOARCH
  mkdir -p "$GOBIN" "$GOTMPDIR"
  modules=$(cd / && "$go_command" env GOMODCACHE 2>/dev/null || true)
  if [[ -z $modules ]] || ! mkdir -p "$modules" 2>/dev/null || [[ ! -w $modules ]]; then
    export GOMODCACHE=$scratch/modules GOPATH=$scratch/go GOFLAGS="$GOFLAGS -modcacherw"
  fi
  cd "$scratch"
  "$go_command" install -ldflags "-s -w" "$module@$version" >"$scratch/log" 2>&1 & # with descriptor 9: see adopt
  pid=$!
  trap 'kill "$pid" 2>/dev/null || true' EXIT
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5
    if ((SECONDS - started - said >= 10)); then
      said=$((SECONDS - started))
      lines=$(wc -l <"$scratch/log")
      if ((lines > seen)); then
        doing=$(tail -n 1 "$scratch/log")
      else
        doing="compiling, $(du -sm "$GOCACHE" 2>/dev/null | cut -f1) MiB so far"
      fi
      seen=$lines
      say "building the Temporal server: $said s, $doing"
    fi
  done
  if ! wait "$pid"; then
    tail -n 15 "$scratch/log" >&2
    return 1
  fi
)

# What is left of a caller that was killed: its Go held the lock and went on, so the binary may be there. The lock is ours.
adopt() {
  local left
  for left in "${1%/*}"/.build.*; do
    if [[ ! -x $1 && -x $left/bin/temporal ]] && is_pinned "$left/bin/temporal"; then mv "$left/bin/temporal" "$1"; fi
    remove "$left"
  done
}

# A private module cache is read-only.
remove() { rm -rf "$1" 2>/dev/null || { chmod -R u+w "$1" && rm -rf "$1"; }; }

build_at() {
  local target=$1 directory=${1%/*} scratch code=0
  exec 9>"$directory/lock"
  if ! flock -n 9; then
    say "another process is building the Temporal server; waiting for it"
    until flock -w 10 9; do say "still waiting for the Temporal server: $SECONDS s"; done
  fi
  if [[ -x $target ]]; then return 0; fi
  adopt "$target"
  if [[ -x $target ]]; then return 0; fi
  find_go || refuse "a Temporal server is needed, and there is neither an earlier installation ($target) nor Go to build one"
  scratch=$(mktemp -d "$directory/.build.XXXXXX")
  say "building the Temporal server $version with $go_command; two to three minutes on two cores, only this once"
  go_install "$scratch" || code=$?
  if ((code == 0)); then
    if is_pinned "$scratch/bin/temporal"; then mv "$scratch/bin/temporal" "$target"; else code=1; fi
  fi
  remove "$scratch"
  ((code == 0)) || refuse "the Temporal server could not be built from $module@$version"
  exec 9>&-
}

if [[ -n ${BACKSTAY_TEMPORAL:-} ]]; then
  [[ -x $BACKSTAY_TEMPORAL ]] || refuse "BACKSTAY_TEMPORAL=$BACKSTAY_TEMPORAL is not an executable file"
  is_pinned "$BACKSTAY_TEMPORAL" || say "BACKSTAY_TEMPORAL=$BACKSTAY_TEMPORAL is not the pinned $server: $("$BACKSTAY_TEMPORAL" --version 2>&1 || true)"
  printf '%s\n' "$BACKSTAY_TEMPORAL"
  exit 0
fi
for binary in "$in_data" "$cache"; do
  if [[ -n $binary && -x $binary ]]; then
    printf '%s\n' "$binary"
    exit 0
  fi
done
if writable_parent "$cache"; then
  target=$cache
elif [[ -n $in_data ]] && writable_parent "$in_data"; then
  target=$in_data
else
  refuse "neither ${cache%/*} nor a BACKSTAY_DIR is writable, so there is no place for the Temporal server"
fi
build_at "$target"
printf '%s\n' "$target"
