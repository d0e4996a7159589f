#!/bin/sh
# shellcheck disable=SC2016 # the expansions are for the scripts
# Usage: pty_driver_test.sh PTY_DRIVER
#
# The driver of the Linux tests must be able to fail: each step is tried with a shell that does what it wants, and
# with one that does not.
driver=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit

# play EXPECTED-STATUS NAME: the script on standard input gives that status.
play() {
    "$driver" --stderr err sh -c 'while read -r line; do eval "$line"; done' >out 2>&1
    got=$?
    [ $got = "$1" ] || { echo "$2: status $got, not $1" && cat out; } | tee -a failures
}
# try NAME GOOD BAD: two bodies of a script, of which only the first passes.
try() {
    printf 'check x\ntimeout 1\n%b\nsend exit 0\\n\nexit 0\n' "$2" | play 0 "$1, good"
    printf 'check x\ntimeout 1\n%b\nsend exit 0\\n\nexit 0\n' "$3" | play 1 "$1, bad"
}

try expect 'send echo a""b\\n\nexpect ab' 'send echo a""b\\n\nexpect ac'
try order 'send echo a""b; echo c""d\\n\nexpect ab\nexpect cd' 'send echo a""b; echo c""d\\n\nexpect cd\nexpect ab'
try match 'send echo a""b\\n\nmatch ^a.$' 'send echo a""b\\n\nmatch ^a..$'
try absent 'send echo a""b\\n\nexpect ab\nabsent ac' 'send echo a""b\\n\nexpect ab\nabsent ab'
try guest 'guest true' 'guest false'
try output 'guest echo a b\nhost test "$OUTPUT" = "a b"' 'guest echo a c\nhost test "$OUTPUT" = "a b"'
try host 'host kill -0 $PID' 'host false'
try idle 'idle 0.1' 'send exit 0\\n\nidle 1'
try raw 'send stty raw -echo\\n\nidle 0.3\nterminal raw' 'terminal raw'
try same 'terminal same' 'send stty -echo\\n\nidle 0.3\nterminal same'
try stderr 'send echo oops >&2\\n\nidle 0.3\nhost grep oops err' 'send echo oops\\n\nidle 0.3\nhost grep oops err'

printf 'check x\nsend exit 3\\n\nexit 3\n' | play 0 exit
printf 'check x\nsend exit 3\\n\nexit 0\n' | play 1 'other exit'
printf 'check x\nsignal KILL\nkilled KILL\n' | play 0 killed
printf 'check x\nsignal KILL\nkilled TERM\n' | play 1 'other signal'
printf 'check x\nsignal KILL\nexit 0\n' | play 1 'killed, not ended'
printf 'check x\ntimeout 1\nexit 0\n' | play 1 'no end'
printf 'check x\nexpct a\n' | play 2 'unknown command'
printf 'check x\ntimeout 1\n' | play 2 'no end in the script'
printf 'check a\nsend exit 0\\n\nexpect never\ncheck b\nexit 0\n' | play 1 'two checks'
[ "$(grep -c ^FAIL out)" = 2 ] || { echo "a check after a failure does not count as failed" | tee -a failures; }
[ ! -s failures ]
