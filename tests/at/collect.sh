#!/bin/sh
# Runs the payload of scripts/at-differential and saves its records. Runs on this machine or inside the rig,
# so it keeps to what busybox has.
#
# usage: collect.sh qemu|trapeze PROGRAM CPU IMAGE RECORDS SECONDS [ACCEL-OPTIONS]
#
# RECORDS.serial is the payload's console, RECORDS.log the program's output, RECORDS.stats what the exits of trapeze
# were. ACCEL-OPTIONS, such as trap-at=on, are for trapeze. Status 3: this CPU cannot trap AT instructions.
kind=$1 program=$2 cpu=$3 image=$4 records=$5 limit=$6 accel=trap-harder${7:+,$7}
serial=$records.serial
case $kind in
    # The payload starts at EL3. Nothing is above 4 GB that a walk might read instead of being aborted.
    qemu)
        machine=virt,virtualization=on,secure=on,gic-version=3,highmem=off
        set -- "$program" -M $machine -accel tcg -cpu "$cpu" -nic none
        ;;
    trapeze) set -- "$program" -machine virt -accel "$accel" -cpu host -stats "$records.stats" ;;
    *) echo "collect.sh: unknown kind $kind" >&2 && exit 2 ;;
esac
ended=$records.ended
rm -f "$records" "$records.stats" "$serial" "$ended"
touch "$serial"

# What the monitor is told when the payload has finished.
commands() {
    tries=0
    while size=$(tr -d '\r' <"$serial" | sed -n 's/^records \(0x[0-9a-f]*\)$/\1/p') && [ -z "$size" ]; do
        tries=$((tries + 1))
        if [ -e "$ended" ] || [ $tries -gt $((limit * 5)) ]; then break; fi
        sleep 0.2
    done
    if [ -n "$size" ]; then echo "pmemsave 0x48000000 $size \"$records\""; fi
    echo quit
}

commands | {
    timeout $((limit + 60)) "$@" -nographic -smp 1 -m 512 -kernel "$image" -serial "file:$serial" \
        -monitor stdio >"$records.log" 2>&1
    echo $? >"$ended"
}
if grep -q 'trap-at=on needs a CPU with FEAT_FGT or FEAT_NV' "$records.log"; then exit 3; fi
if [ ! -s "$records" ]; then
    echo "collect.sh: no records (status $(cat "$ended"))" >&2
    tail -n 5 "$serial" "$records.log" >&2
    exit 1
fi
