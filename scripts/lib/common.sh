# shellcheck shell=bash
# Sourced by the scripts of this repository. Sets no traps and changes no directory.

set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

repo_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache_dir=${TRAPEZE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trapeze}
export repo_dir cache_dir

say() { printf '==> %s\n' "$*" >&2; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        command -v sudo >/dev/null || die "need root or sudo to run: $*"
        sudo "$@"
    fi
}

# need_packages PACKAGE...: installs what is missing on the system.
need_packages() {
    [ -z "$(missing_packages "$@")" ] || with_lock packages install_packages "$@"
}
missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}
install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0 # someone else has, meanwhile
    say "installing ${missing[*]}"
    local install=(apt-get install -y -qq --no-install-recommends
        -o DPkg::Lock::Timeout=600 "${missing[@]}")
    if ! as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null; then
        as_root apt-get update -qq -o DPkg::Lock::Timeout=600
        as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null
    fi
}

# hash_of FILE...: a short key over names and contents.
hash_of() {
    local file
    for file in "$@"; do
        printf '%s\n' "${file##*/}"
        cat "$file"
    done | sha256sum | cut -c1-16
}

# with_lock NAME COMMAND...: one at a time per user of the cache.
with_lock() {
    local name=$1
    shift
    mkdir -p "$cache_dir/locks"
    (
        flock -n 9 || {
            say "waiting for another $name to finish"
            flock 9
        }
        "$@" 9>&-
    ) 9>"$cache_dir/locks/$name"
}

# publish DIR TARGET: moves a finished directory into place in one step.
publish() {
    rm -rf "$2.old"
    if [ -e "$2" ]; then mv "$2" "$2.old"; fi
    mv "$1" "$2"
    rm -rf "$2.old"
}
