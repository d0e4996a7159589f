# shellcheck shell=sh
# AF_VSOCK: a distribution's driver at one end, unix sockets of the host at the other, or AF_VSOCK of its kernel.

scenario vsock main
vsock() {
    use_guest debian
    stream=${DRIVER%/*}/stream
    dd if=/dev/urandom of=data bs=1M count=16 2>/dev/null
    sum=$(md5sum <data)
    dd if=/dev/urandom of=less bs=1M count=4 2>/dev/null
    less_sum=$(md5sum <less)
    # to_guest N: standard input to port N of the guest, and back, after a line with OK.
    cat >to_guest <<END
{ echo CONNECT \$1; cat; } | $stream connect unix:v.sock
END
    {
        to_shell vsock_boot
        cat <<END
guest (stream echo vsock:5000 >/dev/null 2>&1 &)
host ($stream echo unix:v.sock_7 & echo \$! >echo.pid) >/dev/null 2>&1; until [ -S v.sock_7 ]; do usleep 10000; done
check vsock_from_the_guest
guest [ "\$(echo hello | stream connect vsock:2:7)" = hello ]
check vsock_from_the_host
host for i in \$(seq 50); do echo hello | sh to_guest 5000 >got; [ "\$(tail -n 1 got)" = hello ] && exit; usleep 100000; done; exit 1
host head -n 1 got | grep -q '^OK [0-9]*\$'
check vsock_nobody_listens
guest ! stream connect vsock:2:8 </dev/null
host [ -z "\$(sh to_guest 5001 </dev/null)" ]
check vsock_much_from_the_host
host [ "\$(sh to_guest 5000 <data | tail -n +2 | md5sum)" = "$sum" ]
check vsock_much_from_the_guest
guest (stream listen vsock:5002 </dev/null >/tmp/data &) ; usleep 200000
host sh to_guest 5002 <less
guest [ "\$(md5sum </tmp/data)" = "$less_sum" ]
guest [ "\$(stream connect vsock:2:7 </tmp/data | md5sum)" = "$less_sum" ]
check vsock_many_at_once
guest for n in \$(seq 8); do (seq \$n 1000 | stream connect vsock:2:7 >/tmp/many\$n) & done; wait
guest for n in \$(seq 8); do seq \$n 1000 | cmp - /tmp/many\$n || echo bad; done >/tmp/bad; [ ! -s /tmp/bad ]
check vsock_survives_rebinding
guest echo virtio0 >/sys/bus/virtio/drivers/vmw_vsock_virtio_transport/unbind
host [ -z "\$(sh to_guest 5000 </dev/null)" ]
guest echo virtio0 >/sys/bus/virtio/drivers/vmw_vsock_virtio_transport/bind
guest [ "\$(echo again | stream connect vsock:2:7)" = again ]
guest guest-check quiet-log
send poweroff\\r
exit 0
END
    } | vm quiet -serial stdio -monitor none -smp 2 -device virtio-vsock-device,guest-cid=42,uds-path=v.sock
    check vsock_removes_its_socket test ! -e v.sock
    kill "$(cat echo.pid)"
}

# vhost_talks CHECK: both ends connect. On the host, port 7 echoes.
vhost_talks() {
    cat <<END
check $1_from_the_guest
guest (stream echo vsock:5000 >/dev/null 2>&1 &)
guest [ "\$(echo hello | stream connect vsock:2:7)" = hello ]
check $1_from_the_host
host for i in \$(seq 50); do [ "\$(echo hello | $stream connect vsock:42:5000)" = hello ] && exit; usleep 100000; done; exit 1
END
}

scenario vhost_vsock main
vhost_vsock() {
    if [ ! -e /dev/vhost-vsock ]; then
        skip vhost_vsock 'the host has no /dev/vhost-vsock'
        return
    fi
    use_guest debian
    stream=${DRIVER%/*}/stream
    dd if=/dev/urandom of=data bs=1M count=16 2>/dev/null
    sum=$(md5sum <data)
    "$stream" echo vsock:7 &
    echo=$!
    {
        to_shell vhost_vsock_boot
        vhost_talks vhost_vsock
        cat <<END
check vhost_vsock_nobody_listens
guest ! stream connect vsock:2:8 </dev/null
host ! $stream connect vsock:42:5001 </dev/null
check vhost_vsock_much_from_the_host
host [ "\$($stream connect vsock:42:5000 <data | md5sum)" = "$sum" ]
check vhost_vsock_much_from_the_guest
guest (stream listen vsock:5002 </dev/null >/tmp/data &) ; usleep 200000
host $stream connect vsock:42:5002 <data
guest [ "\$(md5sum </tmp/data)" = "$sum" ]
guest [ "\$(stream connect vsock:2:7 </tmp/data | md5sum)" = "$sum" ]
check vhost_vsock_many_at_once
guest for n in \$(seq 8); do (seq \$n 1000 | stream connect vsock:2:7 >/tmp/many\$n) & done; wait
guest for n in \$(seq 8); do seq \$n 1000 | cmp - /tmp/many\$n || echo bad; done >/tmp/bad; [ ! -s /tmp/bad ]
check vhost_vsock_survives_rebinding
guest echo virtio0 >/sys/bus/virtio/drivers/vmw_vsock_virtio_transport/unbind
guest echo virtio0 >/sys/bus/virtio/drivers/vmw_vsock_virtio_transport/bind
guest [ "\$(echo again | stream connect vsock:2:7)" = again ]
guest guest-check quiet-log
check vhost_vsock_reboot
send reboot\\r
expect trapeze-guest: ready
match [~/] #
END
        vhost_talks vhost_vsock_after_reboot
        printf '%s\n' 'send poweroff\r' 'exit 0'
    } | vm quiet -serial stdio -monitor none -smp 2 -device vhost-vsock-device,guest-cid=42
    {
        to_shell vhost_vsock_legacy_boot
        vhost_talks vhost_vsock_legacy
        printf '%s\n' 'send poweroff\r' 'exit 0'
    } | vm quiet -serial stdio -monitor none -global virtio-mmio.force-legacy=on -device vhost-vsock-device,guest-cid=42
    kill $echo
    vhost_vsock_refusals
}

vhost_vsock_refusals() {
    vhost='-device vhost-vsock-device,guest-cid=42'
    # shellcheck disable=SC2086 # a list of words
    start -append 'console=ttyAMA0 earlycon' -serial file:console -monitor none $vhost >log 2>&1
    check vhost_vsock_holds_its_cid wait_for 60 console_has 'Booting Linux'
    # shellcheck disable=SC2086 # a list of words
    refuses vhost_vsock_cid_taken 'guest-cid=42: another guest of this host has this address' $MACHINE -cpu host -m 256 \
        -kernel "$KERNEL" $vhost
    # shellcheck disable=SC2154 # set by start
    kill "$pid"
    wait "$pid"
    # shellcheck disable=SC2086
    refuses vhost_vsock_wrong_descriptor 'vhostfd=99: Bad file descriptor' $MACHINE -cpu host -m 256 \
        -kernel "$KERNEL" $vhost,vhostfd=99
    if [ "$(cat /proc/sys/kernel/hostname)" != rig ]; then
        skip vhost_vsock_no_device 'this is not the rig, whose /dev/vhost-vsock may be moved away'
        return
    fi
    mv /dev/vhost-vsock /dev/vhost-vsock.away
    # shellcheck disable=SC2086
    refuses vhost_vsock_no_device 'no /dev/vhost-vsock; virtio-vsock-device with uds-path=' $MACHINE -cpu host -m 256 \
        -kernel "$KERNEL" $vhost
    mv /dev/vhost-vsock.away /dev/vhost-vsock
}
