# shellcheck shell=bash
# Debian packages without installing them: a private apt in the cache, with its own sources
# (backports included) and architectures. The system's apt configuration is left alone.
# Sourced after common.sh.

: "${cache_dir:?}"

# debian_apt ARCH COMMAND...: apt-get for that architecture, on an otherwise empty system; for the ARCH "source",
# of source packages.
debian_apt() {
    local arch=${1/source/all} root=$cache_dir/apt/$1
    shift
    "${debian_tool:-apt-get}" -qq \
        -o "APT::Architecture=$arch" -o "APT::Architectures::=$arch" \
        -o "Dir::State=$root/state" -o "Dir::Cache=$root/cache" \
        -o "Dir::State::status=$root/status" \
        -o "Dir::Etc::sourcelist=$root/debian.sources" -o "Dir::Etc::sourceparts=/dev/null" \
        -o "Dir::Etc::preferences=/dev/null" -o "Dir::Etc::preferencesparts=/dev/null" \
        -o "APT::Sandbox::User=root" -o "Acquire::Languages=none" "$@"
}

# debian_update ARCH: fetches the package lists if they are missing or older than a day.
debian_update() {
    local arch=$1 root=$cache_dir/apt/$1 mirror=${TRAPEZE_MIRROR:-http://deb.debian.org} types=deb
    if [ "$arch" = source ]; then types=deb-src; fi
    if [ -e "$root/updated" ] && [ -z "$(find "$root/updated" -mmin +1440)" ]; then return; fi
    say "fetching Debian's package lists ($arch)"
    mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
    : >"$root/status"
    cat >"$root/debian.sources" <<EOF
Types: $types
URIs: $mirror/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: $types
URIs: $mirror/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
    debian_apt "$arch" update
    touch "$root/updated"
}

# debian_version ARCH PACKAGE: the version debian_unpack would take.
debian_version() {
    debian_tool=apt-cache debian_apt "$1" policy "$2" | sed -n 's/^ *Candidate: *//p'
}

# debian_unpack ARCH DIR PACKAGE[=VERSION]...: downloads the packages and unpacks them into DIR.
debian_unpack() {
    local arch=$1 dir=$2 debs
    shift 2
    mkdir -p "$dir"
    debs=$(mktemp -d "$dir/.debs.XXXXXX")
    (cd "$debs" && debian_apt "$arch" download "$@")
    local deb
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$dir"; done
    rm -rf "$debs"
}

# debian_source DIR PACKAGE=VERSION: unpacks what its authors have released, without Debian's changes, into DIR.
debian_source() {
    local dir=$1 package=$2 archive
    mkdir -p "$dir"
    archive=$(mktemp -d "$dir/.archive.XXXXXX")
    (cd "$archive" && debian_apt source source --download-only "$package" >&2)
    tar -xf "$archive"/*.orig.tar.* -C "$dir" --strip-components=1
    rm -rf "$archive"
}

# debian_closure ARCH APT-ARGUMENT...: PACKAGE=VERSION for a package and all it depends on.
debian_closure() {
    local arch=$1
    shift
    debian_apt "$arch" -s --no-install-recommends install "$@" |
        sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p'
}
