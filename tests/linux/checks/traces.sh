# shellcheck shell=sh
# -trace and -stats: files of a whole boot. scripts/test-linux looks into the JSON ones, with check_trace.

# recorded STATUS OPTION...: a guest boots on two vCPUs and powers off.
recorded() {
    recorded_status=$1
    shift
    start -smp 2 -serial file:console -monitor none -append 'console=ttyAMA0 trapeze.cmd="guest-check cpus 2; poweroff"' \
        "$@" </dev/null >out 2>err
    ends_with "$recorded_status" 200
}

trace_of_a_boot() {
    recorded 0 -trace 'file=boot.json' -stats boot-stats.json
    test ! -s err
    grep -q '"name":"HVC SYSTEM_OFF"' boot.json
    grep -q '"name":"psci_call"' boot.json
    cp boot.json "$RESULTS/trace-$CPU.json"
    cp boot-stats.json "$RESULTS/trace-stats-$CPU.json"
}

# A flight recorder: the file has the end only, a table on the side, and nothing goes to the log.
trace_of_the_end() {
    recorded 0 -trace 'kvm_*,file=end.txt,buffer=16K,stream=off' -stats table.txt
    test ! -s err
    test "$(grep -c ' vcpu[01] kvm_' end.txt)" -le 256
    tail -n 3 end.txt | grep -q 'kvm_hypercall SYSTEM_OFF(0x84000008'
    grep -Eq '^# [0-9]+ records, [1-9][0-9]+ dropped$' end.txt
    grep -Eq ' mmio_write +pl011$' table.txt
    grep -Eq ' sysreg_read +ICC_IAR1_EL1$' table.txt
}

scenario traces every
traces() {
    check trace_of_a_boot trace_of_a_boot
    check trace_of_the_end trace_of_the_end
}
