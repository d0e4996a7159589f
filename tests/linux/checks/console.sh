# shellcheck shell=sh
# Keys, signals, and where output goes.

scenario keys main
keys() {
    {
        to_shell key_help
        cat <<'END'
terminal raw
send \x01h
expect C-a x
check key_timestamps
send \x01t
send echo stam''ped\r
match ^\[[0-9:.]+\] stamped
send \x01t
guest true
send echo pla''in\r
match ^plain
check key_break_is_sysrq
send \x01b
send h
idle 1
send \r
guest dmesg
host case $OUTPUT in *"sysrq: HELP"*) ;; *) exit 1 ;; esac
check key_escape_itself
send cat >/dev/null\r
idle 1
send \x01\x01
expect ^A
send \x03
match [~/] #
guest true
END
        echo check key_monitor
        to_monitor
        cat <<'END'
send info status\r
expect VM status: running
send stop\r
send info status\r
expect VM status: paused
send cont\r
send info status\r
expect VM status: running
send info cpus\r
expect CPU #0
send info name\r
match ^somebody$
send \x01c
send \r
match [~/] #
guest true
check key_exit
send \x01x
exit 0
terminal same
END
    } | vm '' -serial mon:stdio -name somebody
}

# Every key as it comes over a slow line, arrows in pieces.
edits() {
    printf '%s\n' "check $1" 'expect (trapeze)'
    cat <<'END'
send info nme
send \x1b
idle 1
send [
send D\x1b[D
send a\r
match ^somebody$
send \x1b[A\x1b[A\r
match ^somebody$
send info na\t\r
match ^somebody$
send syst\t\t
expect system_powerdown  system_reset
send \x15info x\x17name\r
match ^somebody$
send quit\r
exit 0
terminal same
END
}
# The program in a mount namespace of its own, in which nobody can have a pseudo-terminal.
without_pseudo_terminals() {
    cat <<'END'
check monitor_without_pseudo_terminals
expect (no line editing: cannot open a pseudo-terminal: No such device)
expect (trapeze)
send info na\x1b[Dn\x7fme\r
match ^somebody$
send quit\r
exit 0
terminal same
END
}

scenario editing main
editing() {
    edits monitor_edits_lines | vm '' -S -serial null -monitor stdio -name somebody
    edits monitor_edits_lines_whatever_term_is | TERM=vt52 vm '' -S -serial null -monitor stdio -name somebody
    without_pseudo_terminals |
        "$DRIVER" --prefix "$CPU/" unshare -m sh -c 'umount -l /dev/pts && exec "$@"' sh "$TRAPEZE" \
            -machine virt,gic-version=3 -cpu host -accel trap-harder -display none -m 512 -kernel "$KERNEL" \
            -S -serial null -monitor stdio -name somebody
}

# ends NAME HOW: the script in which the kernel starts and the program is ended by the step HOW, with status 0.
ends() {
    to_kernel "$1"
    printf '%s\n' "$2" 'timeout 5' 'exit 0' 'terminal same'
}
# dies NAME SIGNAL: the program dies of that signal, but restores the terminal.
dies() {
    to_kernel "$1"
    printf '%s\n' "signal $2" 'timeout 5' "killed $2" 'terminal same'
}

scenario signals main
signals() {
    for signal in TERM INT HUP; do
        ends "signal_$signal" "signal $signal" | vm earlycon -serial mon:stdio
    done
    for signal in SEGV ABRT QUIT; do
        dies "signal_$signal" $signal | vm earlycon -serial mon:stdio
    done
    ends ctrl_c_ends_plain_stdio 'send \x03' | vm earlycon -serial stdio
    {
        to_shell ctrl_c_goes_to_the_guest
        cat <<'END'
send sleep 1000\r
idle 1
send \x03
match [~/] #
guest true
signal TERM
expect terminating on signal 15
exit 0
terminal same
END
    } | vm quiet -serial mon:stdio
}

batch='console=ttyAMA0 quiet trapeze.cmd="echo from-the-guest; poweroff"'

serial_file() {
    start -append "$batch" -serial file:out </dev/null
    ends_with 0 120
    grep from-the-guest out
}
serial_null() {
    start -append "$batch" -serial null </dev/null >out 2>err
    ends_with 0 120
    test ! -s out
    test ! -s err
}
chardev_file() {
    echo kept >out
    start -append "$batch" -chardev file,id=log,path=out,append=on -serial chardev:log </dev/null
    ends_with 0 120
    grep from-the-guest out
    head -n 1 out | grep '^kept$'
}
nographic() {
    start -append "$batch" -nographic -D log -d trace:kvm_hypercall -name somebody </dev/null >out 2>err
    ends_with 0 120
    grep from-the-guest out
    grep -q '^kvm_hypercall ' log
    test ! -s err
}
closed_output() {
    mkfifo pipe
    exec 3<>pipe 4<pipe 5>pipe 3>&-
    # The guest goes on writing after the reader has gone, and gets to its end.
    start -append 'console=ttyAMA0 trapeze.cmd="seq 3000; poweroff"' -serial mon:stdio </dev/null >&5 4<&- 5>&-
    exec 5>&-
    head -c 1000 <&4 >/dev/null
    exec 4<&-
    ends_with 0 120
}

scenario output main
output() {
    check serial_file serial_file
    check serial_null serial_null
    check chardev_file chardev_file
    check nographic_and_log_file nographic
    check closed_output_does_not_kill closed_output
}

# stuck HOW: a reader that never reads must not keep the program from ending. Its pipe is full from the start, and
# the answers of the monitor fill what the program keeps for it.
stuck() {
    mkfifo out in
    exec 3<>out 4<>in
    dd if=/dev/zero of=out bs=64k count=1
    start -append 'console=ttyAMA0 earlycon' -serial mon:stdio <in >out 3<&- 4<&-
    printf '\001c' >in
    for _ in $(seq 300); do printf 'help\r'; done >in
    sleep 3
    kill -0 "$pid"
    case $1 in
        signal) kill -TERM "$pid" ;;
        key) printf '\001x' >in ;;
    esac
    ends_with 0 4
}

scenario stuck_output main
stuck_output() {
    check stuck_output_and_signal stuck signal
    rm -f out in
    check stuck_output_and_key stuck key
}

# User and system time of the program, in ticks of 10 ms.
cpu_ticks() { sed 's/.*) //' /proc/"$pid"/stat | awk '{ print $12 + $13 }'; }

idle_is_idle() {
    start -append 'console=ttyAMA0 quiet' -serial mon:stdio -pidfile pid -smp 2 \
        -name somebody,process=idler </dev/null >out
    wait_for 120 grep -q 'trapeze-guest: ready' out
    sleep 2
    before=$(cpu_ticks)
    sleep 5
    used=$(($(cpu_ticks) - before))
    echo "used $used of 500 ticks"
    test "$(cat pid)" = "$pid"
    test "$(cat /proc/"$pid"/comm)" = idler
    kill -TERM "$pid"
    ends_with 0 5
    test ! -e pid
    test $used -lt 150
}

scenario idle main
idle() {
    check idle_without_input_and_pidfile idle_is_idle
}
