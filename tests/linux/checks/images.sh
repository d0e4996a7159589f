# shellcheck shell=sh
# Kernels and device trees in their various forms.

compressed() {
    gzip -c "$KERNEL" >Image.gz
    KERNEL=Image.gz
    start -append 'console=ttyAMA0 quiet trapeze.cmd="poweroff"' -serial mon:stdio </dev/null >out
    ends_with 0 120
    grep -q 'trapeze-guest: ready' out
}

# The tree of one machine, changed, as the tree of another.
own_tree() {
    "$TRAPEZE" -machine virt,gic-version=3,dumpdtb=tree.dtb -smp 3 -m 512
    grep -q 'linux,dummy-virt' tree.dtb
    sed 's/linux,dummy-virt/linux,dummy-TEST/' tree.dtb >changed.dtb
    start -smp 3 -dtb changed.dtb -serial mon:stdio </dev/null >out \
        -append 'console=ttyAMA0 quiet trapeze.cmd="tr -d \\000 </proc/device-tree/model; guest-check cpus 3 && poweroff"'
    ends_with 0 120
    grep 'dummy-TEST' out
}

# scripts/test-linux looks at these with dtc.
dump_trees() {
    mkdir -p "$RESULTS"
    "$TRAPEZE" -machine virt,dumpdtb="$RESULTS/smp1.dtb"
    "$TRAPEZE" -machine virt,dumpdtb="$RESULTS/smp40.dtb" -smp 40 -m 8G -append 'console=ttyAMA0'
    test -s "$RESULTS/smp40.dtb"
}

scenario images main
images() {
    check kernel_compressed compressed
    check kernel_with_own_device_tree own_tree
    check dumps_device_trees dump_trees
    skip kernel_efi_zboot "Debian ships none; unit tests of boot/ cover the format"
}
