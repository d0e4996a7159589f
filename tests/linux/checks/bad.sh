# shellcheck shell=sh
# What goes wrong gives one clear line, status 1, and leaves nothing behind.

# refuses NAME TEXT OPTION...: the program ends at once with status 1 and one line on stderr that has TEXT. It runs on
# a terminal, which must be as before, with a PID file, which must be gone.
refuses() {
    refused_text=$2
    refused_name=$1
    shift 2
    export refused_text
    drive --stderr err -- -display none -pidfile pid "$@" <<END
check $refused_name
timeout 20
exit 1
terminal same
host cat err; test "\$(wc -l <err)" = 1 && case \$(cat err) in "trapeze: error: "*"\$refused_text"*) ;; *) false ;; esac
host test ! -e pid
END
}

# Rows of bad.table: NAME | TEXT | OPTION...
scenario bad main
bad() {
    head -c 1000000 "$KERNEL" >truncated
    gzip -c "$KERNEL" | head -c 1000000 >truncated.gz
    head -c 4096 /dev/zero >zeros
    : >empty
    echo text >text
    echo text >text.dtb
    dd if=/dev/zero of=big-initrd bs=1M count=1 seek=1023 2>/dev/null
    mkdir directory
    cp "$QCOW2/over.qcow2" lost.qcow2
    while read -r line; do
        case $line in '' | '#'*) continue ;; esac
        name=$(echo "${line%%|*}" | tr -d ' ')
        rest=${line#*|}
        text=$(echo "${rest%%|*}" | sed 's/^ *//; s/ *$//')
        eval "refuses bad_$name \"\$text\" ${rest#*|}"
    done <"$HERE/bad.table"
}

scenario no_kvm main
no_kvm() {
    if [ "$(cat /proc/sys/kernel/hostname)" != rig ]; then
        skip no_dev_kvm "this is not the rig, whose /dev/kvm may be moved away"
        return
    fi
    mv /dev/kvm /dev/kvm.away
    refuses no_dev_kvm 'no /dev/kvm' -accel trap-harder -kernel "$KERNEL"
    mv /dev/kvm.away /dev/kvm
}

scenario stock_kernel stock
stock_kernel() {
    refuses host_without_trap_all 'does not have the trap-all VM type' -accel trap-harder -kernel "$KERNEL"
}

scenario gicv2_host gicv2
gicv2_host() {
    refuses host_without_gicv3 'no GICv3' -accel trap-harder -machine gic-version=3 -kernel "$KERNEL"
}
