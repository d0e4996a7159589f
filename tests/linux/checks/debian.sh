# shellcheck shell=sh
# A distribution as people have it: its kernel with modules, systemd on an ext4 disk, its network by DHCP.

debian_disk="-drive file=$DEBIAN_DISK,if=virtio,format=raw,snapshot=on"

# As much as apt downloads, through the gateway, guestfwd and hostfwd.
scenario debian_disk main
debian_disk() {
    use_guest debian
    mkdir www
    dd if=/dev/urandom of=www/data bs=1M count=64 2>/dev/null
    httpd -f -p 127.0.0.1:8080 -h www &
    server=$!
    {
        cat <<END
check debian_disk_boots
timeout 240
match root@disk:.*#
guest grep -q '^/dev/vda / ext4 rw' /proc/mounts
guest [ "\$(cat /proc/1/comm)" = systemd ]
check debian_disk_network
guest for i in \$(seq 100); do ip -4 addr show eth0 | grep -q 'inet 10.0.2.15/24' && break; sleep 0.2; done
guest ip -4 addr show eth0 | grep -q 'inet 10.0.2.15/24'
check debian_disk_downloads
guest wget -q -O /root/data http://10.0.2.2:8080/data && sync
guest [ "\$(md5sum </root/data)" = "$(md5sum <www/data)" ]
guest wget -q -O - http://10.0.2.100/data | cmp - /root/data
check debian_disk_uploads
guest busybox httpd -p 80 -h /root
host wget -q -O got http://127.0.0.1:8022/data && cmp got www/data
check debian_disk_quiet_log
guest [ -z "\$(dmesg -l emerg,alert,crit)" ]
check debian_disk_powers_off
send systemctl poweroff\r
exit 0
END
    } | vm 'quiet root=/dev/vda rw' -serial stdio -monitor none -smp 2 $debian_disk -device virtio-net-device,netdev=n0 \
        -netdev user,id=n0,hostfwd=tcp:127.0.0.1:8022-:80,guestfwd=tcp:10.0.2.100:80-tcp:127.0.0.1:8080
    kill $server
}

# In each of $KILLS rounds the guest writes a file of its own on an ext4 disk, at least 21 blocks of 1 MiB (a gibibyte in
# fifty rounds), and says when fsync has returned for one; the program is killed at a random moment. What had been said
# has to be in the file system afterwards, and when all rounds are over.
round_file() { # ROUND BLOCKS
    for n in $(seq "$2"); do yes "$1 $n" | head -c 1048576; done >expected
    cmp -n $(($2 * 1048576)) "mnt/$1" expected
    rm expected
}
with_data_disk() { # COMMAND...: sees the file system of the guest's disk in mnt; ext4 replays the journal first.
    mkdir -p mnt
    mount -o loop data.img mnt
    data_status=0
    "$@" || data_status=$?
    umount mnt
    return $data_status
}
killed_debian() {
    rm -f console
    # The last one is vda.
    start -serial file:console -monitor none -drive file=data.img,if=virtio,format=raw $debian_disk \
        -append "console=ttyAMA0 quiet root=/dev/vda rw init=/sbin/run-command trapeze.cmd=\"sh /root/write-blocks /dev/vdb $1\"" 2>stderr
    wait_for 120 console_has "safe 21"
    usleep "$(awk -v seed="$1$(date +%s)" 'BEGIN { srand(seed); print int(rand() * 1000000) }')"
    kill -KILL "${pid:?}"
    ends_with 137 10
    # A line that is cut off says nothing.
    safe=$(tr -d '\r' <console | sed '$d' | sed -n 's/.*safe \([0-9]*\)$/\1/p' | tail -n 1)
    echo "killed after block $safe"
    echo "$1 $safe" >>rounds
    with_data_disk round_file "$1" "$safe"
}
all_rounds() { while read -r round blocks; do round_file "$round" "$blocks" || return; done <rounds; }
nothing_is_lost() {
    with_data_disk all_rounds
    awk '{ sum += $2 } END { print sum " MiB in " NR " rounds" }' rounds
}
scenario debian_killed main
debian_killed() {
    use_guest debian
    truncate -s 2G data.img
    for round in $(seq "$KILLS"); do
        check "debian_survives_sigkill_$round" killed_debian "$round" || return
    done
    check debian_loses_nothing nothing_is_lost
}
