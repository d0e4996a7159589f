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
grep -q -e '-s -S' recipe || echo 'there is no recipe' >"$log"
status=0
PATH=$PWD/bin:$PATH sh -e recipe </dev/null >"$log" 2>&1 || status=$?
echo "trapeze ended with status $status"
