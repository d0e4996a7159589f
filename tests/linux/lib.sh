# shellcheck shell=sh
# What the scenarios of the Linux tests have in common; for busybox sh, inside the rig. run_checks.sh sets:
#   TRAPEZE, DRIVER      the program, and pty_driver
#   TRIMMED_*, DEBIAN_*  KERNEL and INITRD of the two guests
#   DEBIAN_DISK          image of a disk with a Debian, not to be changed
#   QCOW2                directory with over.qcow2, over base.qcow2, and over.sum
#   CPU                  model of the host's processor
#   KILLS                how often disks_killed and debian_killed kill the program
#   WORK                 an empty directory in memory

# scenario NAME SET: the function NAME runs in that set: every (CPU model), main (the first model only), stock and
# stock_every (the same two, on a host kernel without trap-all VMs), gicv2 (host without a GICv3).
scenario() {
    case " $SETS " in *" $2 "*) SCENARIOS="$SCENARIOS $1" ;; esac
}

# drive [DRIVER-OPTION...] -- OPTION...: plays the script on standard input against the program.
drive() {
    driver_options=''
    while [ "$1" != -- ]; do
        driver_options="$driver_options $1"
        shift
    done
    shift
    # shellcheck disable=SC2086 # no option has blanks
    "$DRIVER" --prefix "$CPU/" $driver_options "$TRAPEZE" "$@"
}

# vm KERNEL-ARGUMENTS OPTION...: the same for a machine with the guest that use_guest chose, and the accelerator and
# interrupt controller of $MACHINE.
vm() {
    kernel_arguments=$1
    shift
    # shellcheck disable=SC2086 # these are lists of words
    drive $stderr_option -- $MACHINE -cpu host -display none -m 512 \
        -kernel "$KERNEL" -initrd "$INITRD" -append "console=ttyAMA0 $kernel_arguments" "$@"
}
stderr_option=''
MACHINE=${MACHINE:-'-machine virt,gic-version=3 -accel trap-harder'}

use_guest() {
    case $1 in
        trimmed) KERNEL=$TRIMMED_KERNEL INITRD=$TRIMMED_INITRD ;;
        debian) KERNEL=$DEBIAN_KERNEL INITRD=$DEBIAN_INITRD ;;
    esac
}

# Pieces of scripts.

# to_shell CHECK: boots to the guest's prompt.
to_shell() {
    printf '%s\n' "check $1" 'timeout 180' 'expect trapeze-guest: ready' 'match [~/] #'
}
# to_kernel CHECK: waits until the guest's kernel runs. It needs "earlycon".
to_kernel() {
    printf '%s\n' "check $1" 'timeout 120' 'expect Booting Linux' 'terminal raw'
}
# to_monitor: from the guest to the monitor.
to_monitor() {
    printf '%s\n' 'send \x01c' 'expect (trapeze)'
}

# common NAME N: a guest at its prompt, with N CPUs, is in good health.
common() {
    cat <<END
check $1_cpus
guest guest-check cpus $2
check $1_interrupts
guest guest-check interrupts
check $1_hotplug
guest guest-check hotplug
check $1_interrupts_after_hotplug
guest guest-check interrupts
END
    for n in $(seq $(($2 - 1)) -1 0); do
        printf '%s\n' "guest guest-check route $n" 'guest true' "guest guest-check routed $n"
    done
    cat <<END
check $1_quiet_log
guest guest-check quiet-log
END
}

# Checks without a terminal.

seconds_now() { cut -d ' ' -f 1 /proc/uptime; }

# check NAME COMMAND [ARGUMENT]...: passes if the command, usually a function, succeeds; -e is set. What it prints is
# shown if it fails.
check() {
    check_name=$1
    shift
    check_start=$(seconds_now)
    (
        set -e
        "$@"
    ) >"$WORK/check.log" 2>&1
    check_status=$?
    check_seconds=$(seconds_now | awk -v start="$check_start" '{ printf "%6.1f", $1 - start }')
    if [ $check_status = 0 ]; then
        echo "PASS $check_seconds s  $CPU/$check_name"
    else
        echo "FAIL $check_seconds s  $CPU/$check_name: status $check_status"
        tail -n 60 "$WORK/check.log" | tr -d '\r' | sed 's/^/   | /'
    fi
    return $check_status
}

# skip NAME REASON
skip() { echo "SKIP    0.0 s  $CPU/$1: $2"; }

# fail REASON: ends a check.
fail() {
    echo "$*"
    [ ! -e console ] || tail -n 20 console
    exit 1
}

# wait_for SECONDS COMMAND...: repeats the command until it succeeds.
wait_for() {
    wait_until=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt $wait_until ] || fail "in vain: $*"
        usleep 100000
    done
}

# console_has TEXT: in the file "console", for guests started with -serial file:console.
console_has() { grep -q "$1" console 2>/dev/null; }

# start OPTION... : the program in the background, without a terminal; sets pid. Redirect its streams.
start() {
    exec 9<&0 # a shell takes standard input from what it runs in the background
    # shellcheck disable=SC2086 # a list of words
    "$TRAPEZE" $MACHINE -cpu host -display none -m 512 -kernel "$KERNEL" -initrd "$INITRD" "$@" <&9 9<&- &
    pid=$!
    exec 9<&-
}

# ends_with STATUS SECONDS: the program that start started ends so, in that time.
ends_with() {
    wait_until=$(($(date +%s) + $2))
    while kill -0 "$pid" 2>/dev/null && [ "$(sed 's/.*) //; s/ .*//' /proc/"$pid"/stat 2>/dev/null)" != Z ]; do
        if [ "$(date +%s)" -ge $wait_until ]; then
            kill -KILL "$pid"
            fail "it did not end in $2 s"
        fi
        usleep 50000
    done
    end_status=0
    wait "$pid" || end_status=$?
    [ "$end_status" = "$1" ] || fail "it ended with status $end_status, not $1"
}
