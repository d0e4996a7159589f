# shellcheck shell=bash
# Building the program. Sourced after common.sh.

# shellcheck source=scripts/lib/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

need_build_tools() {
    need_packages cmake ninja-build g++ g++-aarch64-linux-gnu libfmt-dev libspdlog-dev libfdt-dev zlib1g-dev \
        libzstd-dev nlohmann-json3-dev libre2-dev libpugixml-dev libelf-dev libedit-dev liburing-dev libgtest-dev libgmock-dev \
        gdb-multiarch
}

# Prints the directory of unpacked arm64 libraries that the cross build links, making it if necessary.
# Debian's libfdt-dev cannot be installed for two architectures at once.
arm64_sysroot() {
    local packages=(libfdt-dev libfmt-dev libspdlog-dev zlib1g-dev libzstd-dev nlohmann-json3-dev libre2-dev libpugixml-dev libelf-dev
        libedit-dev libbsd-dev liburing-dev) dir
    dir=$cache_dir/sysroot-$(printf '%s\n' "${packages[@]}" | sha256sum | cut -c1-16)
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
    publish "$dir.new" "$dir"
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
