# shellcheck shell=sh
# Networks: Linux's driver at one end, sockets and interfaces of the host at the other.

network_test_data() {
    mkdir www
    dd if=/dev/urandom of=www/data bs=1M count=4 2>/dev/null
    data_sum=$(md5sum <www/data)
}

# With a distribution's kernel, whose drivers are modules and which leaves DHCP to programs.
scenario network_user main
network_user() {
    use_guest debian
    network_test_data
    httpd -f -p 127.0.0.1:8080 -h www &
    server=$!
    {
        to_shell network_dhcp
        cat <<END
guest (echo '#!/bin/sh'; echo 'case \$1 in bound) ip addr add \$ip/\$mask dev \$interface && ip route add default via \$router ;; esac') >/tmp/dhcp
guest chmod +x /tmp/dhcp && ip link set eth0 up && udhcpc -i eth0 -n -q -s /tmp/dhcp
guest ip -4 addr show eth0 | grep -q 'inet 10.0.2.15/24'
guest ping -c 2 -A 10.0.2.2
check network_download
guest wget -q -O /tmp/data http://10.0.2.2:8080/data
guest [ "\$(md5sum </tmp/data)" = "$data_sum" ]
check network_guestfwd
guest wget -q -O /tmp/again http://10.0.2.100/data
guest [ "\$(md5sum </tmp/again)" = "$data_sum" ]
guest wget -q -O /tmp/again http://10.0.2.100/data
guest [ "\$(md5sum </tmp/again)" = "$data_sum" ]
guest [ "\$(echo hello | nc 10.0.2.101 7)" = hello ]
check network_hostfwd
guest httpd -p 80 -h /tmp
host wget -q -O got http://127.0.0.1:8022/data && cmp got www/data
check network_monitor
send \\x01c
expect (trapeze)
send info network\\r
match ^ . n0: index=0,type=user,net=10.0.2.0,restrict=off
send hostfwd_add tcp:127.0.0.1:8023-:80\\r
send hostfwd_add tcp:127.0.0.1:8023-:80\\r
expect Could not set up host forwarding rule 'tcp:127.0.0.1:8023-:80'
host wget -q -O got http://127.0.0.1:8023/data && cmp got www/data
send hostfwd_remove tcp:127.0.0.1:8023\\r
expect host forwarding rule for tcp:127.0.0.1:8023 removed
host ! wget -q -O got http://127.0.0.1:8023/data
send set_link n0 off\\r
send \\x01c
send \\r
match [~/] #
guest [ "\$(cat /sys/class/net/eth0/carrier)" = 0 ]
send \\x01c
expect (trapeze)
send set_link n0 on\\r
send \\x01c
send \\r
match [~/] #
guest [ "\$(cat /sys/class/net/eth0/carrier)" = 1 ]
guest ping -c 2 -A 10.0.2.2
check network_survives_rebinding
guest echo virtio0 >/sys/bus/virtio/drivers/virtio_net/unbind
guest echo virtio0 >/sys/bus/virtio/drivers/virtio_net/bind
guest ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 && ping -c 2 -A 10.0.2.2
guest guest-check quiet-log
send poweroff\\r
exit 0
END
    } | vm '' -serial mon:stdio -device virtio-net-device,netdev=n0 \
        -netdev user,id=n0,hostfwd=tcp:127.0.0.1:8022-:80,guestfwd=tcp:10.0.2.100:80-tcp:127.0.0.1:8080,guestfwd=tcp:10.0.2.101:7-cmd:cat
    kill $server
}

scenario network_tap main
network_tap() {
    if [ ! -e /dev/net/tun ]; then
        skip network_tap 'the host has no /dev/net/tun'
        return
    fi
    network_test_data
    httpd -f -p 8080 -h www &
    server=$!
    {
        to_shell network_tap
        cat <<END
host ip addr add 10.7.7.1/24 dev tap7 && ip link set tap7 up
guest ping -c 2 -A 10.7.7.1
check network_tap_download
guest wget -q -O /tmp/data http://10.7.7.1:8080/data
guest [ "\$(md5sum </tmp/data)" = "$data_sum" ]
check network_tap_upload
guest httpd -p 80 -h /tmp
host wget -q -O got http://10.7.7.2/data && cmp got www/data
send poweroff\\r
exit 0
END
    } | vm 'ip=10.7.7.2::10.7.7.1:255.255.255.0::eth0:off' \
        -nic tap,ifname=tap7,script=no,downscript=no,model=virtio,mac=52:54:00:12:34:77
    kill $server
}
