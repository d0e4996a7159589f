# shellcheck shell=sh
# Linux's balloon driver: memory that goes to the host, and comes back.

# soon WHERE COMMAND: a step that waits for it, in the guest or on the host.
soon() {
    case $1 in
        host) echo "host for i in \$(seq 150); do $2 && exit; usleep 100000; done; exit 1" ;;
        guest) echo "guest for i in \$(seq 150); do $2 && break; usleep 100000; done; $2" ;;
    esac
}
# resident below|above MIB: of the program, soon.
resident() {
    case $1 in below) test=-lt ;; above) test=-gt ;; esac
    soon host "[ \$(awk '/^VmRSS/ { print int(\$2 / 1024) }' /proc/\$(pidof ${TRAPEZE##*/})/status) $test $2 ]"
}
# monitor COMMAND ANSWER: by QMP, as the console is the guest's.
monitor() {
    monitor_script=qmp-$(echo "$*" | tr -c '[:alnum:]\n' -)
    { negotiate && hmp "$1" && echo "return $2"; } >"$monitor_script"
    echo "host ${DRIVER%/*}/qmp_client unix:qmp.sock <$monitor_script"
}
# balloon_is MIB: that is what it leaves to the guest, soon.
balloon_is() {
    monitor 'info balloon' "balloon: actual=$1" >/dev/null
    soon host "${DRIVER%/*}/qmp_client unix:qmp.sock <$monitor_script 2>/dev/null"
}
# The guest's MemTotal is MIB less than at note_memory.
note_memory() { echo "guest total() { awk '/^MemTotal:/ { print \$2 }' /proc/meminfo; }; all=\$(total)"; }
lacks() { soon guest "[ \$((all - \$(total))) = $(($1 * 1024)) ]"; }
# Memory that the guest has used once is the host's loss from then on.
use_memory() { echo "guest mount -o remount,size=450m /tmp; dd if=/dev/zero of=/tmp/much bs=1M count=$1 2>/dev/null && rm /tmp/much"; }

balloon_qmp() {
    {
        negotiate
        execute query-balloon
        echo 'return "actual":536870912'
        execute balloon '{"value": 419430400}'
        echo 'return {}'
        echo 'event BALLOON_CHANGE "actual":'
        execute balloon '{"value": 0}'
        echo 'error expects a size'
    } >balloon.qmp
    echo "host ${DRIVER%/*}/qmp_client unix:qmp.sock <balloon.qmp"
}

scenario balloon main
balloon() {
    {
        to_shell balloon_boot
        note_memory
        use_memory 350
        echo check balloon_takes_memory
        resident above 350
        monitor 'balloon 200' ''
        lacks 312
        resident below 220
        balloon_is 200
        echo check balloon_gives_it_back
        monitor 'balloon 512' ''
        lacks 0
        balloon_is 512
        use_memory 200
        resident above 230
        echo check balloon_qmp
        balloon_qmp
        balloon_is 400
        lacks 112
        # The next kernel is asked, too.
        echo check balloon_reboot
        printf '%s\n' 'send reboot\r' 'expect trapeze-guest: ready' 'match [~/] #'
        balloon_is 400
        monitor 'balloon 600' ''
        balloon_is 512
        cat <<'END'
guest guest-check quiet-log
send poweroff\r
exit 0
END
    } | vm quiet -serial stdio -monitor none -qmp unix:qmp.sock,server=on,wait=off -device virtio-balloon-device
}

scenario balloon_of_free_pages main
balloon_of_free_pages() {
    {
        to_shell balloon_of_free_pages_boot
        cat <<'END'
check balloon_reported_pages
guest mount -o remount,size=450m /tmp && dd if=/dev/zero of=/tmp/much bs=1M count=250 2>/dev/null
END
        resident above 250
        echo 'guest rm /tmp/much'
        resident below 150
        # More than is left, and less than there is.
        echo check balloon_out_of_memory
        monitor 'balloon 250' ''
        balloon_is 250
        cat <<'END'
guest dd if=/dev/zero of=/tmp/much bs=1M count=220 2>/dev/null && [ "$(wc -c </tmp/much)" = 230686720 ]
guest guest-check quiet-log
send poweroff\r
exit 0
END
    } | vm quiet -serial stdio -monitor none -qmp unix:qmp.sock,server=on,wait=off \
        -device virtio-balloon-device,free-page-reporting=on,deflate-on-oom=on
}
