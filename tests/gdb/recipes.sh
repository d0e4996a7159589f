#!/bin/sh
# Runs the command of docs/debugging.md for gdb in the rig: recipes.sh DOCUMENT LOG TRAPEZE KERNEL INITRD. Ends when
# trapeze does.
document=$1 log=$PWD/$2
ifconfig lo 127.0.0.1 up
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
mkdir -p /tmp/recipes/bin
cd /tmp/recipes || exit
ln -s "$3" bin/trapeze
ln -s "$4" Image
ln -s "$5" initrd
# The first block of commands, but for the gdb in it.
awk '/^    trapeze /{on = 1} on && !/^    /{exit} on' "$document" | grep -v gdb-multiarch >recipe
PATH=$PWD/bin:$PATH sh -e recipe </dev/null >output 2>&1 &
# gdb is told to start, by the log, when the kernel is loaded and there are vCPUs.
until grep -q vcpu0 /proc/[0-9]*/task/*/comm 2>/dev/null || ! kill -0 $!; do usleep 100000; done
: >"$log"
status=0
wait $! || status=$?
cat output
echo "trapeze ended with status $status"
