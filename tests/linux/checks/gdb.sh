# shellcheck shell=sh
# The gdbstub and its peers, as a client that speaks the protocol sees them. What a gdb sees is in tests/gdb.

gdb_client() { "${DRIVER%/*}/gdb_client" "$@"; }
idle_guest() { start -smp 2 -serial file:console -monitor none -append console=ttyAMA0 "$@" </dev/null 2>err; }

# attach: the machine stops; the script goes on in its sense.
attach() { printf '%s\n' 'packet ?' 'reply T'; }
go_on() { echo 'packet c'; }
# end_politely: the guest powers off by its button, and the peer is told.
end_politely() {
    printf '%s\n' 'monitor system_powerdown' 'packet c' 'reply W00' 'end'
}

gdb_on_a_unix_socket() {
    rm -f console
    idle_guest -S -gdb unix:gdb.sock
    wait_for 20 test -S gdb.sock
    {
        attach
        # The first instruction of the kernel, one step, and a breakpoint in front of it.
        printf '%s\n' 'packet p20' 'reply 0000204000000000' 'packet s' 'reply T05thread:1;' \
            'break 0' 'packet c' 'reply T05thread:1;swbreak:;' 'packet D' 'reply OK'
    } | gdb_client unix:gdb.sock
    wait_for 100 console_has 'trapeze-guest: ready'
    # The next one, at the same path.
    { attach && end_politely; } | gdb_client unix:gdb.sock
    ends_with 0 30
    [ ! -e gdb.sock ] || fail 'the socket is still there'
    [ ! -s err ] || fail "$(cat err)"
}

gdb_after_a_killed_program() {
    idle_guest -S -gdb unix:gdb.sock
    wait_for 20 test -S gdb.sock
    # shellcheck disable=SC2154 # set by start
    kill -KILL "$pid"
    ends_with 137 10
    [ -S gdb.sock ] || fail 'it has left no socket behind: this checks nothing'
    idle_guest -S -gdb unix:gdb.sock
    { attach && echo 'packet k' && echo end; } | gdb_client unix:gdb.sock
    ends_with 0 20
    [ ! -e gdb.sock ] || fail 'the socket is still there'
    [ ! -s err ] || fail "$(cat err)"
}

# A connection that breaks, in each of the ways there are: the guest goes on, and nothing of the debugger is left in
# it. Breakpoints are at the place where the idle CPU will go on, and somewhere else in the kernel.
gdb_connections_that_break() {
    rm -f console
    ifconfig lo up 2>/dev/null || true
    idle_guest -gdb tcp:127.0.0.1:4322
    wait_for 100 console_has 'trapeze-guest: ready'
    for how in reset close; do
        for where in between 'inside'; do
            for offset in 0 80000; do
                for state in stopped running; do
                    {
                        attach
                        echo "break $offset"
                        echo 'packet Z2,ffff800080000000,8'
                        echo 'reply OK'
                        [ $state = stopped ] || go_on
                        [ $where = between ] || echo 'raw $m40200000'
                        [ $how = close ] || echo reset
                    } | gdb_client tcp:127.0.0.1:4322
                    [ $state = stopped ] || sleep 1
                done
            done
        done
    done
    {
        attach
        echo 'monitor info status'
        end_politely
    } | gdb_client tcp:127.0.0.1:4322
    ends_with 0 30
    ! grep -E 'BRK|BUG|Oops|Internal error|panic' console || fail 'it has harmed the guest'
    [ ! -s err ] || fail "$(cat err)"
}

scenario gdb_peers every
gdb_peers() {
    check gdb_on_a_unix_socket gdb_on_a_unix_socket
    check gdb_after_a_killed_program gdb_after_a_killed_program
    check gdb_connections_that_break gdb_connections_that_break
}
