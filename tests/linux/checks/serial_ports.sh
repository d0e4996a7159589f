# shellcheck shell=sh
# The second UART, and Linux's virtio console driver: hvc0, and ports with names.

# eventually COMMAND: as a step on the host.
eventually() { echo "host for i in \$(seq 100); do $1 && exit; usleep 100000; done; exit 1"; }

scenario serial_ports main
serial_ports() {
    dd if=/dev/urandom of=data bs=1M count=1 2>/dev/null
    sum=$(md5sum <data)
    {
        to_shell serial_ports_boot
        cat <<'END'
guest port() { for p in /sys/class/virtio-ports/*; do [ "$(cat $p/name 2>/dev/null)" = $1 ] && echo /dev/${p##*/}; done; }
check serial_ports_have_names
guest ls -l /dev/hvc0 /sys/class/virtio-ports
guest [ -c "$(port org.file)" ] && [ -c "$(port org.both)" ] && [ -c "$(port ctd)" ] && [ -z "$(port else)" ]
check serial_ports_second_uart
guest echo from-the-second >/dev/ttyAMA1
END
        eventually 'grep -q from-the-second uart1'
        cat <<'END'
check serial_ports_console
guest (setsid -c sh </dev/hvc0 >/dev/hvc0 2>&1 &)
host ({ printf 'echo answer-$((40+2))\r'; sleep 10; } | nc 127.0.0.1 4000 >answer &) >/dev/null 2>&1; for i in $(seq 50); do grep -q answer-42 answer && exit; usleep 100000; done; cat answer; exit 1
check serial_ports_to_a_file
guest echo to-a-file >$(port org.file)
END
        eventually 'grep -q to-a-file file'
        cat <<END
check serial_ports_to_the_guest
guest (until [ -s /tmp/data ]; do head -c 1048576 \$(port org.both) >/tmp/data; usleep 100000; done &)
host nc 127.0.0.1 4001 <data
guest for i in \$(seq 100); do [ "\$(md5sum </tmp/data)" = "$sum" ] && break; usleep 100000; done; [ "\$(md5sum </tmp/data)" = "$sum" ]
check serial_ports_to_the_host
host (sleep 30 | nc 127.0.0.1 4001 >got &) >/dev/null 2>&1; sleep 1
guest cat /tmp/data >\$(port org.both)
END
        eventually "[ \"\$(md5sum <got)\" = \"$sum\" ]"
        cat <<'END'
check serial_ports_quiet_log
guest guest-check quiet-log
check serial_ports_test_device
send echo last-words >$(port org.file); echo 7q >$(port ctd)\r
exit 15
END
    } | vm quiet -serial stdio -serial file:uart1 -monitor none -smp 2 \
        -device virtio-serial-device,id=ports \
        -chardev socket,id=c,host=127.0.0.1,port=4000,server=on,wait=off -device virtconsole,chardev=c \
        -chardev file,id=f,path=file -device virtserialport,bus=ports.0,chardev=f,name=org.file \
        -chardev socket,id=b,host=127.0.0.1,port=4001,server=on,wait=off \
        -device virtserialport,chardev=b,name=org.both,nr=5 \
        -chardev testdev,id=t -device virtserialport,chardev=t,name=ctd
    check serial_ports_last_words grep -q last-words file
}

# The console of the guest's kernel and of its shell, with the monitor on the same terminal.
scenario serial_ports_hvc main
serial_ports_hvc() {
    {
        to_shell serial_ports_hvc_boot
        cat <<'END'
check serial_ports_hvc_output
guest seq 500
host [ "$(echo "$OUTPUT" | grep -c '^[0-9]*$')" = 500 ]
check serial_ports_hvc_monitor
END
        to_monitor
        cat <<'END'
send info chardev\r
match ^r: filename=ringbuf
match ^c: filename=stdio
send \x01c
guest echo to-the-ring >/dev/ttyAMA0
send \x01c
send ringbuf_read r 100000\r
expect to-the-ring
send \x01c
send \r
match [~/] #
guest guest-check quiet-log
send poweroff\r
exit 0
terminal same
END
    } | vm 'console=hvc0 quiet' -chardev ringbuf,id=r,size=64K -serial chardev:r \
        -chardev stdio,id=c,mux=on,signal=off -device virtio-serial-device -device virtconsole,chardev=c -mon c
}
