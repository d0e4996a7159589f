#!/bin/sh
# The measurements, inside the rig; called by scripts/bench, so it keeps to what busybox has. Prints lines of facts for
# bench/report.awk:
#   exits WHO NAME ITERATIONS TICKS       one phase of guest/exits.cc, once
#   icount WHO NAME ITERATIONS TICKS      the same, in a rig whose clock counts instructions
#   phase NAME TIMES EVENT COUNT          exits of a phase by class, under trapeze
#   start WHO NANOSECONDS                 from exec to the first byte that the guest says with its first instructions
#   boot WHO SMP NANOSECONDS              from exec to the line that the guest's process 1 prints
#   idle WHO SMP NAME VALUE               see observe.cc
#   class SMP EVENT DETAIL COUNT          exits of a boot and the power-off after it, under trapeze
#   irqs CHIP NAME ITERATIONS TICKS EXITS one phase of guest/irqs.cc, once, with an interrupt controller
#   io WHO NET NAME OPERATIONS MILLISECONDS EXITS   disk and network of a Linux guest, once; NET is user or tap, the
#                                         operations of the network are KiB
#   irqboot CHIP NANOSECONDS EXITS        a boot with it, to the line that process 1 prints, on two vCPUs
#
# usage: measure.sh BUILD TRAPEZE QEMU_ROOT KERNEL INITRD DISK ROUNDS IDLE_SECONDS SECTION...
# SECTION: exits start boot idle counts irqs io instructions
build=$1 trapeze=$2 qemu_root=$3 kernel=$4 initrd=$5 disk=$6 rounds=$7 idle_seconds=$8
shift 8
ready='trapeze-guest: ready'
here=$(dirname "$0")

# What is measured comes from memory, not through the shared directory.
mkdir -p /tmp/bench/lib
cp "$build/floor" "$build/observe" "$build/exits.flat" "$build/irqs.flat" "$build/first_exit.flat" "$trapeze" "$kernel" "$initrd" /tmp/bench/
cd /tmp/bench || exit
mv "$(basename "$initrd")" initrd
mv "$(basename "$kernel")" kernel
mv "$(basename "$trapeze")" trapeze 2>/dev/null
if [ -n "$qemu_root" ]; then
    cp "$qemu_root/usr/bin/qemu-system-aarch64" .
    for lib in "$qemu_root"/lib/aarch64-linux-gnu/*.so* "$qemu_root"/usr/lib/aarch64-linux-gnu/*.so*; do
        [ ! -f "$lib" ] || cp "$lib" lib/
    done
fi

mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null

say() { echo "bench: $*" >&2; }
monitors() { if [ -n "$qemu_root" ]; then echo trapeze qemu; else echo trapeze; fi; }

trapeze_machine='-accel trap-harder -M gic-version=3'
# monitor WHO PREFIX... -- ARGUMENT...: runs WHO with the arguments that all monitors understand.
monitor() {
    who=$1
    shift
    prefix=''
    while [ "$1" != -- ]; do
        prefix="$prefix $1"
        shift
    done
    shift
    case $who in
        # shellcheck disable=SC2086 # words
        trapeze) set -- /tmp/bench/trapeze $trapeze_machine "$@" ;;
        qemu)
            set -- /tmp/bench/lib/ld-linux-aarch64.so.1 --library-path /tmp/bench/lib \
                /tmp/bench/qemu-system-aarch64 -accel kvm -M gic-version=3 -net none "$@"
            ;;
    esac
    set -- "$@" -M virt -cpu host -nodefaults -display none -serial stdio
    # shellcheck disable=SC2086 # words
    $prefix "$@"
}
observe_start() {
    text=$1 who=$2
    shift 2
    OBSERVE_TEXT=$text monitor "$who" observe_start_command -- "$@"
}
observe_start_command() { ./observe start "$OBSERVE_TEXT" -- "$@" </dev/null; }
observe_idle_command() { ./observe idle "$ready" "$idle_seconds" 512 -- "$@" </dev/null; }

measure_exits() {
    round=0
    while [ $round -lt "$rounds" ]; do
        round=$((round + 1))
        say "exits, round $round of $rounds"
        ./floor exits.flat | sed -n 's/^bench /exits floor /p'
        for who in $(monitors); do
            monitor "$who" timeout 200 -- -smp 2 -m 128 -kernel exits.flat </dev/null |
                tr -d '\r' | sed -n 's/^bench /exits '"$who"' /p'
        done
    done
    monitor trapeze timeout 200 -- -smp 2 -m 128 -kernel exits.flat -d 'trace:kvm_*' -D trace </dev/null >/dev/null
    awk -f "$here/phases.awk" trace
}

# In a rig whose clock counts instructions.
measure_instructions() {
    say instructions
    ./floor exits.flat | sed -n 's/^bench /icount floor /p'
    monitor trapeze timeout 200 -- -smp 1 -m 128 -kernel exits.flat </dev/null |
        tr -d '\r' | sed -n 's/^bench /icount trapeze /p'
}

measure_start() {
    say start
    round=0
    while [ $round -le $((rounds * 2)) ]; do
        for who in floor $(monitors); do
            if [ "$who" = floor ]; then
                ns=$(./observe start '!' -- ./floor first_exit.flat)
            else
                ns=$(observe_start '!' "$who" -smp 1 -m 512 -kernel first_exit.flat)
            fi
            # The first round only warms the caches up.
            [ $round = 0 ] || echo "$ns" | sed -n "s/^first_ns/start $who/p"
        done
        round=$((round + 1))
    done
}

measure_boot() {
    for smp in 1 2; do
        round=0
        while [ $round -le "$rounds" ]; do
            say "boot, $smp vCPUs, round $round of $rounds"
            for who in $(monitors); do
                ns=$(observe_start "$ready" "$who" -smp $smp -m 512 -kernel kernel -initrd initrd -append console=ttyAMA0)
                [ $round = 0 ] || echo "$ns" | sed -n "s/^text_ns/boot $who $smp/p"
            done
            round=$((round + 1))
        done
    done
}

measure_idle() {
    for smp in 1 4; do
        for who in $(monitors); do
            say "idle, $smp vCPUs, $who"
            monitor "$who" observe_idle_command -- -smp $smp -m 512 -kernel kernel -initrd initrd \
                -append console=ttyAMA0 | sed "s/^/idle $who $smp /"
        done
    done
}

measure_counts() {
    for smp in 1 2; do
        say "exits of a boot, $smp vCPUs"
        monitor trapeze timeout 200 -- -smp $smp -m 512 -kernel kernel -initrd initrd -d 'trace:kvm_*' -D trace \
            -append 'console=ttyAMA0 trapeze.cmd="poweroff -f"' </dev/null >/dev/null
        awk -v smp=$smp -f "$here/classes.awk" trace
    done
}

# chip NAME COMMAND... -- ARGUMENT...: the command followed by a monitor with that interrupt controller.
chip() (
    name=$1
    shift
    case $name in
        gicv3) trapeze_machine='-accel trap-harder' ;;
        gicv2) trapeze_machine='-accel trap-harder -M gic-version=2' ;;
        rvic) trapeze_machine='-accel trap-harder -M irqchip=rvic' ;;
        kvm_gicv2) trapeze_machine='-accel kvm,kernel-irqchip=off -M gic-version=2' ;;
        kvm_rvic) trapeze_machine='-accel kvm -M irqchip=rvic' ;;
        kvm_kernel) trapeze_machine='-accel kvm' ;;
    esac
    case $name in
        qemu_*) monitor qemu "$@" ;;
        *) monitor trapeze "$@" ;;
    esac
)
observe_marks_command() { ./observe marks -- "$@" </dev/null; }

measure_irqs() {
    chips='gicv3 gicv2 rvic kvm_gicv2 kvm_rvic kvm_kernel'
    [ -z "$qemu_root" ] || chips="$chips qemu_kernel"
    round=0
    while [ $round -lt "$rounds" ]; do
        round=$((round + 1))
        say "interrupts, round $round of $rounds"
        for chip in $chips; do
            chip "$chip" observe_marks_command -- -smp 2 -m 128 -kernel irqs.flat |
                awk -v chip="$chip" '$1 == "exits" { exits = $2 } $1 == "bench" { print "irqs", chip, $2, $3, $4, exits + 0 }'
            chip "$chip" observe_ready_command -- -smp 2 -m 512 -kernel kernel -initrd initrd -append console=ttyAMA0 |
                awk -v chip="$chip" '$1 == "text_ns" { ns = $2 } $1 == "exits" { print "irqboot", chip, ns, $2 }'
        done
    done
}
observe_ready_command() { ./observe start "$ready" -- "$@" </dev/null; }

# All with virtio-mmio of version 2, a raw image in memory, and else what each does without being told.
measure_io() {
    mkdir -p disk
    mount -o loop,ro "$disk" disk
    libs=disk/usr/lib/aarch64-linux-gnu
    $libs/ld-linux-aarch64.so.1 --library-path $libs disk/usr/bin/iperf3 -s >/dev/null &
    server=$!
    dd if=/dev/urandom of=data.img bs=1M count=256 2>/dev/null
    for net in user tap; do
        host=10.0.2.2 netdev=user,id=net
        # The monitors make the interface, and it goes with them.
        [ $net = user ] || host=10.9.9.1 netdev=tap,id=net,ifname=bench,script=no,downscript=no
        for who in $(monitors) trapeze_kvm; do
            say "disk and network, $net, $who"
            until ip addr add 10.9.9.1/24 dev bench 2>/dev/null && ip link set bench up; do usleep 100000; done &
            address=$!
            io_monitor "$who" | awk -v who="$who" -v net=$net '
                $1 == "exits" { exits = $2 }
                $1 == "io" { print "io", who, net, $2, $3, $4, exits }'
            kill $address 2>/dev/null
        done
    done
    kill $server
    umount disk
}
io_monitor() (
    who=$1 more=''
    case $who in
        qemu) more='-global virtio-mmio.force-legacy=off' ;;
        trapeze_kvm) who=trapeze trapeze_machine='-accel kvm' ;;
    esac
    # shellcheck disable=SC2086 # words
    monitor "$who" observe_marks_command -- $more -smp 2 -m 512 -kernel kernel \
        -drive file=data.img,if=none,format=raw,id=data -device virtio-blk-device,drive=data \
        -drive file="$disk",if=none,format=raw,id=root,readonly=on -device virtio-blk-device,drive=root \
        -netdev $netdev -device virtio-net-device,netdev=net \
        -append "console=ttyAMA0 quiet root=/dev/vda ro init=/sbin/run-command trapeze.cmd=\"sh /root/io-benchmark /dev/vdb $host $rounds\""
)

for section in "$@"; do "measure_$section"; done
