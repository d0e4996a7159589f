# shellcheck shell=sh
# Disks, and the other virtio devices that need nobody else.

# disk NAME MIB: an image of random content, and what its content is.
disk() {
    dd if=/dev/urandom of="$1.img" bs=1M count="$2" 2>/dev/null
    md5sum <"$1.img" >"$1.sum"
}

# The guest reads what the image holds, and the host what the guest has written. The devices of -device come before those
# of -hda, each kind from the last slot down, and Linux counts from the first.
scenario disks main
disks() {
    disk a 8
    disk b 4
    truncate -s 64M c.img
    {
        to_shell disks_boot
        cat <<END
check disks_have_their_places
guest cat /proc/partitions
guest test "\$(cat /sys/block/vdb/serial)" = serial-of-a
guest test "\$(cat /sys/block/vdb/size)" = 16384
guest test "\$(cat /sys/block/vda/size)" = 131072
check disks_are_read
guest test "\$(md5sum </dev/vdb)" = "$(cat a.sum)"
check disks_read_only
guest test "\$(cat /sys/block/vdc/ro)" = 1
guest test "\$(md5sum </dev/vdc)" = "$(cat b.sum)"
guest ! dd if=/dev/zero of=/dev/vdc count=1
check disks_qcow2
guest test "\$(cat /sys/block/vdd/ro)" = 1
guest test "\$(md5sum </dev/vdd)" = "$(cat "$QCOW2/over.sum")"
check disks_are_written
guest test "\$(cat /sys/block/vda/queue/write_cache)" = 'write back'
guest dd if=/dev/vdb of=/dev/vda bs=1M seek=20 conv=fsync
host dd if=c.img bs=1M skip=20 count=8 2>/dev/null | md5sum | grep "$(cut -c 1-32 a.sum)"
check disks_discard
guest dd if=/dev/zero of=/dev/vda bs=1M seek=40 count=1
guest test "\$(cat /sys/block/vda/queue/discard_max_bytes)" -gt 0
check disks_random_numbers
guest test "\$(cat /sys/class/misc/hw_random/rng_available)" != none
guest dd if=/dev/hwrng of=/dev/null bs=512 count=20
check disks_quiet_log
guest guest-check quiet-log
send poweroff\r
exit 0
END
    } | vm quiet -serial stdio -monitor none -smp 2 \
        -drive file="$QCOW2/over.qcow2",if=none,id=q,format=qcow2,readonly=on -device virtio-blk-device,drive=q \
        -drive file=b.img,if=none,id=b,format=raw,readonly=on -device virtio-blk-device,drive=b \
        -drive file=a.img,if=none,id=a,format=raw,cache=none -device virtio-blk-device,drive=a,serial=serial-of-a \
        -device virtio-rng-device,max-bytes=65536,period=1000 -drive file=c.img,if=virtio,discard=unmap
}

# The interface of before version 1.0, threads instead of io_uring, and images that stay as they are: a raw one, and
# one that is seen to be qcow2.
scenario disks_legacy main
disks_legacy() {
    disk a 8
    {
        to_shell disks_legacy_boot
        cat <<END
check disks_legacy_read_and_write
guest test "\$(md5sum </dev/vda)" = "$(cat a.sum)"
guest dd if=/dev/zero of=/dev/vda bs=1M seek=2 count=3 conv=fsync
guest sh -c 'echo 3 >/proc/sys/vm/drop_caches'
guest dd if=/dev/vda bs=1M skip=2 count=3 2>/dev/null | cmp -n 3145728 - /dev/zero
check disks_snapshot_leaves_the_image
host test "\$(md5sum <a.img)" = "$(cat a.sum)"
check disks_qcow2_snapshot
guest test "\$(md5sum </dev/vdb)" = "$(cat "$QCOW2/over.sum")"
guest dd if=/dev/zero of=/dev/vdb bs=64k seek=3 count=3 conv=fsync
guest dd if=/dev/vda of=/dev/vdb bs=1M skip=5 seek=2 count=3 conv=fsync
guest sh -c 'echo 3 >/proc/sys/vm/drop_caches'
guest dd if=/dev/vdb bs=64k skip=3 count=3 2>/dev/null | cmp -n 196608 - /dev/zero
guest test "\$(dd if=/dev/vdb bs=1M skip=2 2>/dev/null | md5sum)" = "\$(dd if=/dev/vda bs=1M skip=5 2>/dev/null | md5sum)"
host test "\$(md5sum <"$QCOW2/over.qcow2")" = "$(md5sum <"$QCOW2/over.qcow2")"
check disks_legacy_quiet_log
guest guest-check quiet-log
send poweroff\r
exit 0
END
    } | vm quiet -serial stdio -monitor none -global virtio-mmio.force-legacy=on -snapshot \
        -hda "$QCOW2/over.qcow2" \
        -drive file=a.img,format=raw,aio=threads,cache=writethrough
}

# What the guest was told is safe is safe, whenever the program is killed: $KILLS times, at random moments. Block n
# holds the number n over and over, and the console says so once fsync has returned.
killed_writer() {
    truncate -s 64M killed.img
    rm -f console
    start -serial file:console -monitor none -drive file=killed.img,if=virtio \
        -append 'console=ttyAMA0 quiet trapeze.cmd="n=0; while n=$((n+1)); do yes $n | head -c 4096 | dd of=/dev/vda bs=4096 seek=$n conv=fsync 2>/dev/null && echo safe $n; done"' \
        2>stderr
    wait_for 180 console_has 'safe 3'
    usleep "$(awk -v seed="$1" 'BEGIN { srand(seed); print int(rand() * 2000000) }')"
    kill -KILL "$pid"
    ends_with 137 10
    # A line that is cut off says nothing.
    safe=$(tr -d '\r' <console | sed '$d' | sed -n 's/.*safe \([0-9]*\)$/\1/p' | tail -n 1)
    echo "killed after block $safe"
    [ "$safe" -ge 2 ]
    for n in $(seq 1 "$safe"); do yes "$n" | head -c 4096; done >expected
    dd if=killed.img bs=4096 skip=1 count="$safe" 2>/dev/null | cmp - expected
}
scenario disks_killed main
disks_killed() {
    for round in $(seq "$KILLS"); do
        check "disks_survive_sigkill_$round" killed_writer "$round$(date +%s)" || return
    done
}
