#!/bin/sh
# Runs guest tests one after the other; called by scripts/test-guest on this machine or inside the rig, so it keeps
# to what busybox has.
#
# usage: run_tests.sh [--accel trap-harder|kvm] [--irqchip gicv3|gicv2|rvic] [--kernel-irqchip on|off] [--sdei on|off]
#            qemu|trapeze PROGRAM CPU IMAGES RESULTS <MANIFEST_LINES
#
# The options say what machine the tests get (trap-harder, gicv3); which tests apply to it is for the caller to know.
# Each test leaves RESULTS/name.log, and a line "verdict TAB name TAB seconds TAB reason" in RESULTS/verdicts.
accel=trap-harder irqchip=gicv3 kernel_irqchip='' sdei=''
while [ "${1#--}" != "$1" ]; do
    case $1 in
        --accel) accel=$2 ;;
        --irqchip) irqchip=$2 ;;
        --kernel-irqchip) kernel_irqchip=,kernel-irqchip=$2 ;;
        --sdei) sdei=,sdei=$2 ;;
        *) echo "run_tests.sh: unknown option $1" >&2 && exit 2 ;;
    esac
    shift 2
done
kind=$1 program=$2 cpu=$3 images=$4 results=$5
case $irqchip in
    gicv3) machine=virt,gic-version=3 ;;
    gicv2) machine=virt,gic-version=2 ;;
    rvic) machine=virt,irqchip=rvic ;;
    *) echo "run_tests.sh: unknown interrupt controller $irqchip" >&2 && exit 2 ;;
esac

command_for() {
    case $kind in
        qemu) set -- "$program" -M "$machine" -accel tcg,thread=multi -cpu "$cpu" -nic none ;;
        trapeze)
            accelerator=$accel$kernel_irqchip
            [ "$options" = none ] || accelerator=$accelerator,$options
            set -- "$program" -machine "$machine$sdei$more" -accel "$accelerator" -cpu host
            ;;
    esac
    set -- "$@" -smp "$smp" -m 128 -nographic -kernel "$images/$name.$suffix"
    [ "$reboot" = yes ] || set -- "$@" -no-reboot
    if [ "$with" != none ]; then
        files=$results/$name.files
        mkdir -p "$files/share"
        truncate -s 1M "$files/disk"
        set -- "$@" -global virtio-mmio.force-legacy=off
        for word in $(echo "$with" | tr '|' ' '); do
            set -- "$@" "$(echo "$word" | sed "s|@|$files|")"
        done
    fi
    [ -z "$append" ] || set -- "$@" -append "$append"
    # Of a program with AddressSanitizer, leaks are looked for after the tests that do most: it takes an emulated CPU
    # seconds.
    case $name in
        *hostile*) export ASAN_OPTIONS='' ;;
        *) export ASAN_OPTIONS=detect_leaks=0 ;;
    esac
    timeout "$limit" "$@" </dev/null >"$results/$name.log" 2>&1
}

# kvm_deviates MARK: whether the machine is one of which the mark says so.
kvm_deviates() {
    [ "$kind" = trapeze ] && [ "$accel" = kvm ] || return 1
    case $1:$irqchip$kernel_irqchip in
        any:* | kernel-irqchip:*=on | kernel-irqchip:gicv3) return 0 ;;
        *) return 1 ;;
    esac
}

: >"$results/verdicts"
while read -r name smp limit only image reboot _irqchip _accel deviates options more with append; do
    reason='' start=$(date +%s)
    if [ "$more" = none ]; then more=''; else more=,$more; fi
    suffix=$image
    if [ "$kind" = qemu ] && { [ "$only" = trapeze ] || [ "$only" = "trapeze/$irqchip" ]; }; then
        verdict=skip reason='only asked of trapeze'
    elif [ "$kind" = trapeze ] && [ "$only" = qemu ]; then
        verdict=skip reason='not asked of a KVM host, see the file'
    elif kvm_deviates "$deviates"; then
        verdict=skip reason='KVM deviates, see the file'
    else
        command_for
        status=$?
        log=$results/$name.log
        verdict=$(tr -d '\r' <"$log" | sed -n "s/^\(FAIL\|SKIP\|PASS\) $name\(\$\|: .*\)/\1\2/p" | sort | head -n 1)
        reason=${verdict#*: }
        case $verdict in
            FAIL*) verdict=fail ;;
            SKIP*) verdict=skip ;;
            PASS) verdict=pass reason='' ;;
            *) verdict=fail reason='no verdict' ;;
        esac
        case $status in
            0) ;;
            124 | 143) verdict=fail reason="no end after $limit s; $reason" ;;
            *) verdict=fail reason="exit status $status; $reason" ;;
        esac
        # A host that cannot do what the test's options ask for, or has not what they name.
        if [ $status = 1 ] && refusal=$(grep -E 'trap-at=on needs a CPU with FEAT_FGT or FEAT_NV|this host has no /dev/vhost-vsock' "$log"); then
            verdict=skip reason=$refusal
        fi
    fi
    seconds=$(($(date +%s) - start))
    printf '%s\t%s\t%s\t%s\n' "$verdict" "$name" "$seconds" "$reason" >>"$results/verdicts"
    printf '%-4s  %-42s %3s s  %s\n' "$verdict" "$name" "$seconds" "$reason"
done
