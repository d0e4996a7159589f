# shellcheck shell=sh
# Linux's balloon driver: memory that goes to the host, and comes back.

# resident_soon below|above MIB: of the program, as a step on the host.
resident_soon() {
    case $1 in below) test=-lt ;; above) test=-gt ;; esac
    echo "host for i in \$(seq 150); do r=\$(awk '/^VmRSS/ { print int(\$2 / 1024) }' /proc/\$(pidof ${TRAPEZE##*/})/status); [ \$r $test $2 ] && exit; usleep 100000; done; echo \$r MiB; exit 1"
}
# in_monitor COMMAND ANSWER: and back to the guest.
in_monitor() {
    to_monitor
    printf '%s\n' "send $1\\r" "expect $2" 'send \x01c' 'send \r' 'match [~/] #'
}
# mem FIELD below|above MIB: of the guest's /proc/meminfo, soon.
mem() {
    case $2 in below) test=-lt ;; above) test=-gt ;; esac
    echo "guest for i in \$(seq 100); do m=\$(awk '/^$1:/ { print int(\$2 / 1024) }' /proc/meminfo); [ \$m $test $3 ] && break; usleep 100000; done; [ \$m $test $3 ]"
}
# lacks MIB: so much less than at note_memory, soon.
note_memory() { echo "guest total() { awk '/^MemTotal:/ { print \$2 }' /proc/meminfo; }; all=\$(total)"; }
lacks() { echo "guest for i in \$(seq 100); do [ \$((all - \$(total))) = $(($1 * 1024)) ] && break; usleep 100000; done; [ \$((all - \$(total))) = $(($1 * 1024)) ]"; }
# Memory that the guest has used once is the host's loss from then on.
use_memory() { echo "guest mount -o remount,size=450m /tmp; dd if=/dev/zero of=/tmp/much bs=1M count=$1 2>/dev/null && rm /tmp/much"; }

balloon_qmp() {
    cat >balloon.qmp <<'END'
greeting
send {"execute": "qmp_capabilities"}
return {}
send {"execute": "query-balloon"}
return "actual":536870912
send {"execute": "balloon", "arguments": {"value": 419430400}}
return {}
event BALLOON_CHANGE
send {"execute": "balloon", "arguments": {"value": 0}}
error expects a size
END
    echo "host ${DRIVER%/*}/qmp_client unix:qmp.sock <balloon.qmp"
}

scenario balloon main
balloon() {
    {
        to_shell balloon_boot
        note_memory
        use_memory 350
        echo check balloon_takes_memory
        resident_soon above 350
        in_monitor 'balloon 200' 'balloon 200'
        lacks 312
        resident_soon below 220
        in_monitor 'info balloon' 'balloon: actual=200'
        echo check balloon_gives_it_back
        in_monitor 'balloon 512' 'balloon 512'
        lacks 0
        mem MemFree above 400
        use_memory 200
        resident_soon above 230
        echo check balloon_qmp
        balloon_qmp
        lacks 112
        # The next kernel is asked, too.
        echo check balloon_reboot
        printf '%s\n' 'send reboot\r' 'expect trapeze-guest: ready' 'match [~/] #'
        mem MemTotal below 400
        in_monitor 'balloon 600' 'balloon 600'
        mem MemTotal above 450
        echo "guest a=; while b=\$(grep MemTotal /proc/meminfo); [ \"\$a\" != \"\$b\" ]; do a=\$b; sleep 1; done"
        in_monitor 'info balloon' 'balloon: actual=512'
        cat <<'END'
guest guest-check quiet-log
send poweroff\r
exit 0
END
    } | vm quiet -serial mon:stdio -qmp unix:qmp.sock,server=on,wait=off -device virtio-balloon-device
}

scenario balloon_of_free_pages main
balloon_of_free_pages() {
    {
        to_shell balloon_of_free_pages_boot
        note_memory
        echo check balloon_reported_pages
        echo 'guest mount -o remount,size=450m /tmp && dd if=/dev/zero of=/tmp/much bs=1M count=250 2>/dev/null'
        resident_soon above 250
        echo 'guest rm /tmp/much'
        resident_soon below 150
        echo check balloon_out_of_memory
        in_monitor 'balloon 250' 'balloon 250'
        lacks 262
        echo 'guest dd if=/dev/zero of=/tmp/much bs=1M count=200 2>/dev/null && [ "$(wc -c </tmp/much)" = 209715200 ]'
        cat <<'END'
guest guest-check quiet-log
send poweroff\r
exit 0
END
    } | vm quiet -serial mon:stdio -device virtio-balloon-device,free-page-reporting=on,deflate-on-oom=on
}
