# shellcheck shell=bash
# Building the program. Sourced after common.sh.

# shellcheck source=scripts/lib/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

need_build_tools() {
    need_packages cmake ninja-build g++ g++-aarch64-linux-gnu libfmt-dev libspdlog-dev libfdt-dev zlib1g-dev \
        libzstd-dev nlohmann-json3-dev libre2-dev libpugixml-dev libelf-dev libedit-dev liburing-dev libslirp-dev \
        libglib2.0-dev libgtest-dev libgmock-dev gdb-multiarch bzip2
}

# Prints the directory of unpacked arm64 libraries that the cross build links, making it if necessary.
# Debian's libfdt-dev cannot be installed for two architectures at once.
arm64_sysroot() {
    local packages=(libfdt-dev libfmt-dev libspdlog-dev zlib1g-dev libzstd-dev nlohmann-json3-dev libre2-dev libpugixml-dev libelf-dev
        libedit-dev libbsd-dev liburing-dev libglib2.0-dev libpcre2-dev) dir
    dir=$cache_dir/sysroot-$(printf '%s\n' "${packages[@]}" "$libslirp" "$(declare -f add_libslirp)" |
        sha256sum | cut -c1-16)
    if [ ! -d "$dir" ]; then with_lock sysroot make_sysroot "$dir" "${packages[@]}" >&2; fi
    echo "$dir"
}
make_sysroot() {
    local dir=$1
    shift
    [ ! -d "$dir" ] || return 0
    debian_update arm64
    say "fetching arm64 libraries"
    rm -rf "$dir.new"
    debian_unpack arm64 "$dir.new" "$@"
    add_libslirp "$dir.new"
    publish "$dir.new" "$dir"
}

# Debian has no static libslirp, so it is built from the source package.
libslirp=4.7.0-1
add_libslirp() {
    local usr=$1/usr src=$1/libslirp version=${libslirp%-*} file
    local lib=$usr/lib/aarch64-linux-gnu numbers
    debian_update source
    say "building libslirp $version"
    debian_source "$src" "libslirp=$libslirp"
    IFS=. read -ra numbers <<<"$version"
    sed -e "s/@SLIRP_MAJOR_VERSION@/${numbers[0]}/; s/@SLIRP_MINOR_VERSION@/${numbers[1]}/" \
        -e "s/@SLIRP_MICRO_VERSION@/${numbers[2]}/; s/@SLIRP_VERSION_STRING@/\"$version\"/" \
        "$src/src/libslirp-version.h.in" >"$src/src/libslirp-version.h"
    for file in "$src"/src/*.c; do
        echo "$file"
    done | xargs -P "$(nproc)" -I{} aarch64-linux-gnu-gcc -O2 -g -std=gnu99 -w '-DG_LOG_DOMAIN="Slirp"' \
        -I "$usr/include/glib-2.0" -I "$lib/glib-2.0/include" -c {} -o {}.o
    aarch64-linux-gnu-ar rcs "$lib/libslirp.a" "$src"/src/*.o
    mkdir -p "$usr/include/slirp"
    cp "$src"/src/libslirp{,-version}.h "$usr/include/slirp/"
    rm -rf "$src"
}

# build PRESET [TARGET...]: configures (see CMakePresets.json) and builds into build/PRESET.
build() {
    local preset=$1
    shift
    need_build_tools
    say "building $preset ${*:-}"
    (
        cd "$repo_dir"
        cache=build/$preset/CMakeCache.txt fresh=()
        if [[ $preset == arm64-* ]]; then
            TRAPEZE_ARM64_SYSROOT=$(arm64_sysroot)
            export TRAPEZE_ARM64_SYSROOT
            # A tree that was configured with other libraries would go on looking for all of them there.
            if [ -e "$cache" ] && ! grep -qx "TRAPEZE_ARM64_SYSROOT:PATH=$TRAPEZE_ARM64_SYSROOT" "$cache"; then
                fresh=(--fresh)
            fi
        fi
        cmake --preset "$preset" "${fresh[@]}" >"$cache_dir/cmake-$preset.log" 2>&1 || {
            cat "$cache_dir/cmake-$preset.log" >&2
            die "could not configure $preset"
        }
        local targets=()
        [ $# -eq 0 ] || targets=(--target "$@")
        cmake --build "build/$preset" "${targets[@]}" >&2
    )
}
