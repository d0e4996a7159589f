# shellcheck shell=bash
# Linux guests for the demo and the tests. Sourced after common.sh.

# guest_initramfs [MODULES-FROM]: prints the path of a guest initramfs, with the modules that belong to a Debian
# kernel if one is given; makes it if necessary.
guest_initramfs() {
    local key result options=()
    key=$(hash_of "$repo_dir/scripts/rig/make-initramfs" "$repo_dir/scripts/rig/guest/init")
    result=$cache_dir/guest-$key.cpio.gz
    if [ $# -gt 0 ]; then
        result=$cache_dir/guest-$key-$(printf '%s' "$1" | sha256sum | cut -c1-16).cpio.gz
        options=(--modules-from "$1")
    fi
    if [ ! -e "$result" ]; then
        say "making the guest's initramfs"
        "$repo_dir/scripts/rig/make-initramfs" "${options[@]}" "$result.$$"
        mv "$result.$$" "$result"
    fi
    echo "$result"
}

# select_guest KIND: sets guest_kernel and guest_initrd. KIND: debian (Debian's stock 6.1), trimmed (the rig's 6.12).
select_guest() {
    case $1 in
        debian)
            guest_kernel=$("$repo_dir/scripts/rig/fetch-debian-kernel")
            guest_initrd=$(guest_initramfs "$guest_kernel")
            ;;
        trimmed)
            guest_kernel=$("$repo_dir/scripts/rig/build-kernel")/Image
            guest_initrd=$(guest_initramfs)
            ;;
        *) die "unknown guest kernel: $1 (debian or trimmed)" ;;
    esac
    export guest_kernel guest_initrd
}
