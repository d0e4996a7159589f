#!/bin/sh
# Runs trapeze in the rig for a gdb outside it: host.sh PORT LOG TRAPEZE ARGUMENT... Ends when trapeze does.
port=$1 log=$2
shift 2
ifconfig lo 127.0.0.1 up
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
trapeze=$1
shift
status=0
"$trapeze" -gdb "tcp::$port" "$@" </dev/null >"$log" 2>&1 || status=$?
echo "trapeze ended with status $status"
