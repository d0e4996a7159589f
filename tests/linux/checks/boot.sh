# shellcheck shell=sh
# Linux boots, on one vCPU and on many, and all of it works.

# The command line of the trap-harder proposal, option for option; our kernel needs an initrd besides.
scenario rfc main
rfc() {
    {
        to_shell rfc_boots_to_a_prompt
        cat <<'END'
guest expr 6 '*' 7
host test "$OUTPUT" = 42
guest guest-check cpus 1
guest test $(awk '/MemTotal/ {print $2}' /proc/meminfo) -gt 3900000
check rfc_traces_hypercalls
host grep '^kvm_hypercall ' rfc.err | head -n 3
host grep -q '^kvm_hypercall ' rfc.err
check rfc_traces_wfx
host grep -q '^kvm_wfx_trap ' rfc.err
check rfc_quiet_log
guest guest-check quiet-log
check power_button_trimmed
END
        to_monitor
        cat <<'END'
send system_powerdown\r
exit 0
terminal same
END
    } | drive --stderr rfc.err -- -machine type=virt,gic-version=3 -cpu host -smp 1 \
        -accel kvm,kernel-irqchip=off,trap-harder=on -serial mon:stdio -m 4096 -kernel "$KERNEL" \
        -append "console=ttyAMA0" -display none -d unimp,trace:kvm_hypercall,trace:kvm_wfx_trap -initrd "$INITRD"
}

scenario trimmed every
trimmed() {
    {
        to_shell trimmed_boots
        common trimmed 2
        cat <<'END'
check trimmed_powers_off
send poweroff\r
exit 0
terminal same
END
    } | vm quiet -smp 2 -serial mon:stdio
}

# AT instructions trap, too, where the CPU can do that.
scenario trap_at every
trap_at() {
    case $CPU in
        cortex-a57 | cortex-a76)
            refuses trap_at_refused 'needs a CPU with FEAT_FGT or FEAT_NV' -accel trap-harder,trap-at=on -kernel "$KERNEL"
            return
            ;;
    esac
    {
        to_shell trap_at_boots
        cat <<'END'
guest guest-check cpus 2
guest guest-check interrupts
guest guest-check quiet-log
check trap_at_powers_off
send poweroff\r
exit 0
terminal same
END
    } | MACHINE='-machine virt,gic-version=3 -accel trap-harder,trap-at=on' vm quiet -smp 2 -serial mon:stdio
}

scenario debian every
debian() {
    use_guest debian
    {
        to_shell debian_boots
        common debian 2
        echo check debian_power_button
        to_monitor
        cat <<'END'
send system_powerdown\r
exit 0
terminal same
END
    } | vm quiet -smp 2 -serial mon:stdio
}

# What differs from boot to boot is noted at each of three.
note_seeds() {
    cat <<'END'
guest cat /proc/sys/kernel/random/boot_id
host echo "$OUTPUT" >>boot-ids
guest grep ' _stext$' /proc/kallsyms
host echo "$OUTPUT" >>bases
END
}

scenario reboot main
reboot() {
    {
        to_shell smp4_boots
        common smp4 4
        cat <<'END'
check clock_is_the_hosts
guest date +%s
host now=$(date +%s); test $((now - OUTPUT)) -le 5 -a $((OUTPUT - now)) -le 5
guest test -e /dev/rtc0
check hwrng
guest grep -q smccc_trng /sys/class/misc/hw_random/rng_available
guest head -c 32 /dev/hwrng | wc -c
host test "$OUTPUT" = 32
check seeds_consumed
guest guest-check consumed kaslr-seed
guest guest-check consumed rng-seed
END
        note_seeds
        for time in 1 2; do
            cat <<END
check reboot_$time
send reboot\r
expect trapeze-guest: ready
match [~/] #
guest guest-check cpus 4
guest guest-check quiet-log
END
            note_seeds
        done
        cat <<'END'
check seeds_differ
host test "$(sort -u boot-ids | wc -l)" = 3
host test "$(sort -u bases | wc -l)" -gt 1
check poweroff_after_reboot
send poweroff\r
exit 0
terminal same
END
    } | vm quiet -smp 4 -serial mon:stdio
}

scenario smp8 main
smp8() {
    {
        to_shell smp8_boots
        common smp8 8
        cat <<'END'
check smp8_powers_off
send poweroff\r
exit 0
END
    } | vm quiet -smp 8 -serial mon:stdio
}

scenario no_reboot main
no_reboot() {
    {
        to_shell guest_checks_can_fail
        cat <<'END'
guest ! guest-check cpus 2
guest ! guest-check hotplug
guest guest-check route 0
guest sleep 1; echo 99999 >/tmp/uart-count; ! guest-check routed 0
guest guest-check quiet-log
guest echo "BUG: not really" >/dev/kmsg; ! guest-check quiet-log
check no_reboot_exits
send reboot\r
exit 0
terminal same
END
    } | vm quiet -no-reboot -serial mon:stdio
}

scenario no_shutdown main
no_shutdown() {
    {
        to_shell no_shutdown_pauses
        cat <<'END'
send poweroff\r
expect Power down
idle 1
END
        to_monitor
        cat <<'END'
send info status\r
expect VM status: paused (shutdown)
check no_shutdown_reset_starts_again
send system_reset\r
send info status\r
expect VM status: running
send \x01c
expect trapeze-guest: ready
match [~/] #
guest true
END
        to_monitor
        cat <<'END'
check monitor_quits
send quit\r
exit 0
terminal same
END
    } | vm '' -no-shutdown -serial mon:stdio
}
