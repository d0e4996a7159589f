#!/bin/sh
# Boots one guest again and again; called by scripts/soak inside the rig, with busybox. See lib.sh for the variables
# it wants.
#
# usage: soak.sh FIRST LAST GUEST SMP LIMIT
#
# MACHINE may be in the environment: see vm in lib.sh.
#
# Prints a line "boot N ok|hang|status|warning SECONDS" for each boot, with evidence after those that are not ok.
first=$1 last=$2 smp=$4 limit=$5
# shellcheck source=tests/linux/lib.sh
. "$HERE/lib.sh"
use_guest "$3"
work_dir=$(mktemp -d)
trap 'rm -rf "$work_dir"' EXIT
cd "$work_dir" || exit
pid=''
mkfifo in
exec 4<>in

work='guest-check load && guest-check hotplug && guest-check load && guest-check quiet-log'
[ "$smp" != 1 ] || work='guest-check load && guest-check quiet-log'

# Why a program that does not end does not: the guest's view, the monitor's, and the host kernel's.
show_hang() {
    printf '\001bl\001bw' >in
    sleep 3
    printf '\001cinfo status\rinfo cpus\r' >in
    sleep 2
    for task in /proc/"$pid"/task/*; do
        echo "thread ${task##*/} $(cat "$task/comm"), $(awk '{ print $3 }' "$task/stat"), $(cat "$task/wchan")"
    done
    kill -TERM "$pid"
    sleep 3
    kill -KILL "$pid" 2>/dev/null && echo "and SIGTERM does not end it"
}

number=$first
while [ "$number" -le "$last" ]; do
    begin=$(seconds_now)
    start -smp "$smp" -append "console=ttyAMA0 quiet trapeze.cmd=\"$work\"" -serial mon:stdio <in >out 2>&1
    verdict=ok
    deadline=$(($(date +%s) + limit))
    while [ -e /proc/"$pid"/exe ] && [ "$(awk '{ print $3 }' /proc/"$pid"/stat 2>/dev/null)" != Z ]; do
        if [ "$(date +%s)" -ge $deadline ]; then
            verdict=hang
            show_hang >hang 2>&1
            break
        fi
        usleep 50000
    done
    status=0
    wait "$pid" || status=$?
    if [ $verdict = ok ]; then
        [ $status = 0 ] || verdict=status
        grep -q 'trapeze-guest: status 0' out || verdict=warning
    fi
    echo "boot $number $verdict $(seconds_now | awk -v begin="$begin" '{ printf "%.1f", $1 - begin }')"
    if [ $verdict != ok ]; then
        { echo "status $status, the end of the console:" && tail -n 100 out | tr -d '\r' && cat hang; } 2>/dev/null |
            sed 's/^/   | /'
    fi
    rm -f out hang
    number=$((number + 1))
done
echo END
