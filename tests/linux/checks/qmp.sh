# shellcheck shell=sh
# QMP as launch programs use it (docs/monitor.md), spoken by a client that has nothing but a JSON library.

qmp() { "${DRIVER%/*}/qmp_client" "$@"; }
# hmp COMMAND: as JSON.
hmp() { printf 'send {"execute": "human-monitor-command", "arguments": {"command-line": "%s"}}\n' "$1"; }
# execute NAME [ARGUMENTS]
execute() {
    if [ $# = 1 ]; then printf 'send {"execute": "%s"}\n' "$1"; else
        printf 'send {"execute": "%s", "arguments": %s}\n' "$1" "$2"
    fi
}
negotiate() {
    echo greeting
    execute qmp_capabilities
    echo 'return {}'
}
guest_runs() { echo "console=ttyAMA0 trapeze.cmd=\"$1\""; }

# danobi/vmtest: a socket beside the console; here with all the rest that QMP offers.
qmp_controls_the_guest() {
    rm -f console
    start -smp 2 -serial file:console -qmp unix:qmp.sock,server=on,wait=off -append "$(guest_runs 'sleep 1000')" </dev/null
    wait_for 100 console_has 'trapeze-guest: ready'
    {
        negotiate
        execute query-status
        echo 'return "status":"running"'
        execute query-cpus-fast
        echo 'return "cpu-index":1'
        execute stop
        echo 'return {}'
        echo 'event STOP'
        execute query-status
        echo 'return "status":"paused"'
        hmp 'info registers -a'
        echo 'return CPU#1'
        # A kernel address, through the guest's own tables: the vectors begin with a branch or a save of registers.
        hmp "x/1xw \$vbar_el1"
        echo 'return : 0x'
        hmp "gva2gpa \$vbar_el1"
        echo 'return gpa: 0x4'
        # That they are code of the kernel is what all three say.
        hmp "at s1e1r \$vbar_el1"
        echo 'return r-x/---, 0xff Normal WB'
        hmp "info tlb \$vbar_el1"
        echo 'return r-x/--- AF '
        hmp "info mem \$vbar_el1 \$vbar_el1"
        echo 'return r-x/--- 0xff Normal WB'
        hmp 'info mtree'
        echo 'return (ram): ram'
        hmp 'info pic'
        echo 'return GICv3'
        execute pmemsave "{\"val\": 1075838976, \"size\": 4096, \"filename\": \"$PWD/page\"}"
        echo 'return {}'
        execute dump-guest-memory "{\"paging\": false, \"protocol\": \"file:$PWD/core\"}"
        echo 'return {}'
        execute inject-nmi
        echo 'error non-maskable'
        execute nonsense
        echo 'error CommandNotFound'
        execute cont
        echo 'return {}'
        echo 'event RESUME'
        # Looking does not stop the guest.
        hmp 'info registers'
        echo 'return PSTATE='
        echo 'no-event STOP'
        execute system_reset
        echo 'return {}'
        echo 'event RESET "reason":"host-qmp-system-reset"'
        execute quit
        echo 'return {}'
        echo 'event SHUTDOWN "reason":"host-qmp-quit"'
        echo end
    } | qmp unix:qmp.sock
    ends_with 0 20
    [ "$(wc -c <page)" = 4096 ] || fail "pmemsave wrote $(wc -c <page) bytes"
    [ "$(head -c 4 core | tail -c 3)" = ELF ] || fail 'the dump is not ELF'
    # RAM follows the headers, which take a page.
    dd if=core bs=4096 skip=513 count=1 2>/dev/null | cmp - page || fail 'the dump and pmemsave differ'
    [ ! -e qmp.sock ] || fail 'the socket is still there'
}

# syzkaller: a TCP server given by -chardev and -mon, the console on standard output.
qmp_syzkaller() {
    rm -f console
    ifconfig lo up 2>/dev/null || true
    start -smp 2 -chardev socket,id=SOCKSYZ,server=on,wait=off,host=localhost,port=4321 \
        -mon chardev=SOCKSYZ,mode=control -serial stdio -no-reboot -name VM-0 \
        -append "$(guest_runs 'sleep 20')" </dev/null >console
    wait_for 100 console_has 'trapeze-guest: ready'
    {
        negotiate
        hmp 'info registers'
        echo 'return PC='
        echo 'event SHUTDOWN "guest":true,"reason":"guest-shutdown"'
        echo end
    } | qmp tcp:127.0.0.1:4321
    ends_with 0 20
}

# The default, wait=on: nothing happens until somebody has connected, and a signal ends the wait.
qmp_waits() {
    rm -f console
    start -serial file:console -monitor none -qmp unix:qmp.sock,server=on -append "$(guest_runs 'sleep 1000')" </dev/null 2>err
    wait_for 20 grep -q 'waiting for connection on: unix:qmp.sock' err
    # shellcheck disable=SC2154 # set by start
    kill -TERM "$pid"
    ends_with 143 10
    start -serial file:console -monitor none -qmp unix:qmp.sock,server=on -append "$(guest_runs 'sleep 1000')" </dev/null 2>err
    wait_for 20 grep -q 'waiting for connection on: unix:qmp.sock' err
    [ ! -s console ] || fail 'the guest runs already'
    {
        negotiate
        wait_for 100 console_has 'trapeze-guest: ready' >&2
        execute quit
        echo 'return {}'
        echo end
    } | qmp unix:qmp.sock
    ends_with 0 20
}

scenario monitors every
monitors() {
    check qmp_controls_the_guest qmp_controls_the_guest
}

scenario launchers main
launchers() {
    check qmp_syzkaller qmp_syzkaller
    check qmp_waits qmp_waits
}
