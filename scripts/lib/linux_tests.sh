# shellcheck shell=bash
# What test-linux and soak share. Sourced after common.sh and guest.sh.

linux_tests_dir=$repo_dir/build/linux-tests

# Builds tests/linux for the rig, into $linux_tests_dir/arm64.
build_linux_driver() {
    need_packages cmake ninja-build g++-aarch64-linux-gnu nlohmann-json3-dev
    with_lock linux-driver configure_and_build arm64 -DCMAKE_TOOLCHAIN_FILE="$repo_dir/cmake/toolchain-aarch64.cmake"
}

# Builds it for this machine; prints the path.
native_linux_driver() {
    need_packages cmake ninja-build g++ nlohmann-json3-dev
    configure_and_build native
    echo "$linux_tests_dir/native/pty_driver"
}

# configure_and_build NAME CMAKE-OPTION...
configure_and_build() {
    local dir=$linux_tests_dir/$1
    shift
    mkdir -p "$dir"
    {
        cmake -S "$repo_dir/tests/linux" -B "$dir" -G Ninja "$@" && cmake --build "$dir"
    } >"$dir.log" 2>&1 || {
        cat "$dir.log" >&2
        die "could not build tests/linux"
    }
}

# with_guest_programs INITRD: prints the path of that initramfs with those of tests/linux/guest in it.
with_guest_programs() {
    local programs=("$repo_dir/tests/linux/guest/guest-check" "$linux_tests_dir"/arm64/{registers,stream}) result
    result=$cache_dir/test-$(basename "$1" .cpio.gz)-$(hash_of "${programs[@]}").cpio.gz
    if [ ! -e "$result" ]; then
        need_packages cpio
        # Linux unpacks archives that follow each other one after the other.
        local root
        root=$(mktemp -d)
        mkdir "$root/bin"
        install -m 755 "${programs[@]}" "$root/bin/"
        (cd "$root" && find bin | cpio -o -H newc -R 0:0 --quiet | gzip -n) | cat "$1" - >"$result.$$"
        mv "$result.$$" "$result"
        rm -rf "$root"
    fi
    echo "$result"
}

# Sets trimmed_kernel, trimmed_initrd, debian_kernel, debian_initrd and debian_disk. After build_linux_driver.
select_linux_guests() {
    local kind
    for kind in trimmed debian; do
        select_guest $kind
        guest_initrd=$(with_guest_programs "$guest_initrd")
        export "${kind}_kernel=$guest_kernel" "${kind}_initrd=$guest_initrd"
    done
    debian_disk=$("$repo_dir/scripts/rig/make-disk")
    export debian_disk
}

# make_qcow2_images DIR: over.qcow2, of 5 MiB, over a compressed base.qcow2 of 4 MiB that it names relative to itself,
# with written, zeroed and unwritten clusters; over.sum is what its content is, says QEMU. Sets qcow2_images.
make_qcow2_images() {
    qcow2_images=$1
    need_packages qemu-utils
    mkdir -p "$qcow2_images"
    (
        cd "$qcow2_images"
        {
            for _ in $(seq 48); do head -c 4K /dev/urandom && head -c 60K /dev/zero; done # which compresses
            head -c 1M /dev/urandom
        } >content
        qemu-img convert -q -f raw -O qcow2 -c content base.qcow2
        qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 over.qcow2 5M
        qemu-io -f qcow2 -c 'write -q -P 7 100k 100k' -c 'write -q -z 1M 128k' -c 'write -q -P 9 4608k 512' over.qcow2
        qemu-img convert -q -f qcow2 -O raw over.qcow2 content
        md5sum <content >over.sum
        rm content
    )
    export qcow2_images
}

# linux_rig CPU TRAPEZE [RIG-OPTION]... -- COMMAND...: runs the command in the rig with the variables that
# tests/linux/lib.sh wants. CPU "host" is this machine, without the rig. The current directory there is $linux_tests_dir.
linux_rig() {
    local cpu=$1 trapeze=$2 model=()
    shift 2
    if [ "$cpu" = host ]; then model=(--native); else model=(--cpu "$cpu"); fi
    # shellcheck disable=SC2154 # set by select_linux_guests
    (
        cd "$linux_tests_dir"
        "$repo_dir/scripts/rig/run" "${model[@]}" --no-tty --mem 6144 --ro "$(dirname "$trapeze")" \
            --env TRAPEZE="$trapeze" --env DRIVER="$linux_tests_dir/arm64/pty_driver" --env CPU="$cpu" \
            --env HERE="$repo_dir/tests/linux" --env RESULTS --env KILLS="${KILLS:-3}" \
            --env TRIMMED_KERNEL="$trimmed_kernel" --env TRIMMED_INITRD="$trimmed_initrd" \
            --env DEBIAN_KERNEL="$debian_kernel" --env DEBIAN_INITRD="$debian_initrd" --env DEBIAN_DISK="$debian_disk" \
            --env QCOW2="${qcow2_images:-}" \
            --console-log "$linux_tests_dir/host-$cpu.log" "$@"
    )
}
