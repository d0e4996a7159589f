# shellcheck shell=sh
# The command lines of tests/launch_lines.txt, with only the program's name changed: each has to reach what its users
# wait for. Where their kernels have programs built in, ours gets an initramfs from the same command line.

# launch_line WHO: the arguments, as written.
launch_line() {
    awk -v who="$1" '/^[^ #]/ { on = $0 == who } on && /^    / { printf "%s ", substr($0, 5) }' "$HERE/../launch_lines.txt"
}
# launch WHO [ARGUMENT]...: plays the script on standard input against that line, and more arguments.
launch() {
    launch_text=$(launch_line "$1")
    shift
    # shellcheck disable=SC2294 # a command line with quotes in it
    eval "drive -- $launch_text \"\$@\""
}
# launch_start WHO [ARGUMENT]...: the same in the background; sets pid.
launch_start() {
    launch_text=$(launch_line "$1")
    shift
    eval "\"$TRAPEZE\" $launch_text \"\$@\" </dev/null >out 2>err &"
    pid=$!
}

# What the lines call their files: the trimmed kernel, which needs no modules, and a small system with busybox.
launch_files() {
    mkdir -p arch/arm64/boot tree mnt
    ln -s "$KERNEL" Image
    gzip -1 <"$KERNEL" >arch/arm64/boot/Image.gz
    ln -s arch/arm64/boot/Image.gz Image.gz
    for name in rootfs.cpio rootfs.cpio.gz qemu-initramfs.img; do ln -s "$INITRD" $name; done
    gzip -dc "$INITRD" >archive
    (cd tree && cpio -i <../archive 2>/dev/null)
    ln -s ../init tree/sbin/init 2>/dev/null || { mkdir tree/sbin && ln -s ../init tree/sbin/init; }
    # Busybox makes no ext4; Debian's program is on Debian's disk.
    mount -o loop,ro "$DEBIAN_DISK" mnt
    lib=mnt/usr/lib/aarch64-linux-gnu
    make_ext4() { $lib/ld-linux-aarch64.so.1 --library-path $lib mnt/usr/sbin/mke2fs -q -t ext4 "$@"; }
    make_ext4 -d tree rootfs.ext4 64M
    # Memory has no attributes for security_model=mapped.
    make_ext4 share.img 16M
    umount mnt
    mkdir share
    mount -o loop share.img share
    for name in root.img disk.img; do ln -s rootfs.ext4 $name; done
    rm -rf archive tree
}
root_is() { echo "guest grep -q ' / $1 ' /proc/mounts"; }
power_off() { printf 'send poweroff\\r\nexit 0\n'; }

scenario launch_lines main
launch_lines() {
    launch_files
    { to_shell launch_boot_utils; power_off; } | launch '1 ClangBuiltLinux boot-utils'
    { to_shell launch_lkft; root_is ext4; power_off; } | launch '2 LKFT, without EL2'
    {
        to_shell launch_tuxlava
        root_is ext4
        echo 'guest [ "$(cat /sys/class/net/eth0/address)" = 52:54:00:12:34:58 ]'
        echo 'guest mount -t 9p -o trans=virtio,version=9p2000.L tuxlava /tmp && echo results >/tmp/results && umount /tmp'
        echo 'host grep -q results share/results'
        power_off
    } | launch '2 tuxlava on an arm64 host'
    umount share
    { to_shell launch_pull_lab; power_off; } | launch '3 KernelCI pull-lab'

    # Their guest's root is the host's, with the host's /proc until this, which runs first there, has mounted another.
    cat >/tmp/launch-init <<END
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
export PATH=/bin:/sbin HOME=/
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
grep ' / ' /proc/mounts
cat /sys/class/virtio-ports/*/name
echo "trapeze-guest: ready"
exec setsid cttyhack sh
END
    chmod +x /tmp/launch-init
    {
        to_shell launch_virtme
        root_is 9p
        echo 'guest ! touch /tmp/x'
        # The virtio console is the program's standard error.
        printf '%s\n' 'send echo for the ""log >/dev/hvc0\r' 'expect for the log'
        power_off | sed 's/poweroff/poweroff -f/'
    } | launch '5 virtme-ng'
    { to_shell launch_vmtest_sh; root_is ext4; power_off; } | launch '6 BPF selftests vmtest.sh'
    {
        to_shell launch_vmtest
        root_is 9p
        echo "guest touch $PWD/from-the-guest"
        echo 'guest grep -q org.qemu.guest_agent.0 /sys/class/virtio-ports/*/name'
        power_off | sed 's/poweroff/poweroff -f/'
    } | launch '7 danobi/vmtest'
    rm /tmp/launch-init
    check launch_vmtest_writes test -e from-the-guest
    { to_shell launch_kunit; printf 'send reboot -f\\r\nexit 0\n'; } | launch '8 KUnit' -initrd rootfs.cpio
    check launch_rcutorture rcutorture
    {
        to_shell launch_wireguard
        echo 'guest echo success >/dev/ttyAMA1'
        printf 'send reboot -f\\r\nexit 0\n'
    } | launch '10 WireGuard' -initrd rootfs.cpio -append console=ttyAMA0
    check launch_wireguard_result grep -q success result
    {
        to_shell launch_buildroot
        root_is ext4
        echo 'guest ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 && ping -c 1 10.0.2.2'
        power_off
    } | launch '11 Buildroot'
    { to_shell launch_buildroot_tests; power_off; } | launch '11 Buildroot run-time tests'
    { to_shell launch_linux_build_test; printf 'send reboot\\r\nexit 0\n'; } | launch '12 linux-build-test'
    {
        printf '%s\n' 'check launch_kvm_unit_tests' 'timeout 120' 'expect trapeze-guest: ready' 'exit 7'
    } | launch '13 kvm-unit-tests, without PCI' -kernel Image -initrd rootfs.cpio \
        -append 'console=ttyAMA0 trapeze.cmd="printf 3q >/dev/hvc0; sleep 100"'
    { to_shell launch_rust; power_off; } | launch '14 Rust-for-Linux'
    check launch_labgrid labgrid
    {
        to_shell launch_kola
        echo 'guest grep MemTotal /proc/meminfo; [ "$(awk "/MemTotal/ { print \$2 }" /proc/meminfo)" -gt 900000 ]'
        power_off
    } | launch '16 CoreOS kola, its memory, without firmware' -nographic -initrd rootfs.cpio -append console=ttyAMA0
    check launch_functional functional
    { to_shell launch_yocto; echo 'guest [ -c /dev/hvc0 ]'; power_off; } |
        launch '17 Yocto runqemu, without PCI' -initrd rootfs.cpio
}
# Its console log is all there is; the script kills the program when the time is over.
rcutorture() {
    launch_start '9 rcutorture' -initrd rootfs.cpio
    wait_for 120 grep -q 'trapeze-guest: ready' console.log
    kill -TERM "$pid"
    ends_with 0 10
}

# on_bridge ARGUMENT...: plays the script on standard input on what stream_bridge has for a terminal.
on_bridge() { "$DRIVER" "${DRIVER%/*}/stream_bridge" "$@"; }

# Its monitor is the program's standard input and output, its console a socket at which it listens.
labgrid() {
    mkfifo to from
    {
        negotiate
        execute query-status
        echo 'return "status":"prelaunch"'
        execute cont
        echo 'return {}'
        echo 'event RESUME'
        wait_for 120 test -e seen >&2
        execute quit
        echo 'return {}'
        echo end
    } | qmp fds:3:4 4>to 3<from &
    {
        wait_for 20 test -S serial.sock
        eval "\"$TRAPEZE\" $(launch_line '15 labgrid') <to >from 2>err"
        echo $? >status
    } &
    {
        to_shell the_console
        root_is ext4
        printf '%s\n' 'host touch seen' 'exit 0'
    } | on_bridge listen serial.sock
    wait_for 20 grep -qx 0 status
}

# They make both sockets themselves, and hand them over.
functional() {
    {
        negotiate
        execute quit
        echo 'return {}'
        echo end
    } >quit
    eval "set -- $(launch_line '18 QEMU functional tests')"
    {
        to_shell the_console
        root_is ext4
        echo "host ${DRIVER%/*}/qmp_client unix:mon.sock <quit"
        echo 'exit 0'
    } | on_bridge run 11 10 mon.sock "$TRAPEZE" "$@"
}
