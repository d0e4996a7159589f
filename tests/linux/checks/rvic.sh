# shellcheck shell=sh
# Linux on rVIC and rVID, without a GIC, with the drivers of our kernel. They test themselves while they boot.

rvic_vm() { MACHINE="-machine virt,irqchip=rvic -accel $rvic_accel" vm 'quiet rvid.selftest=1' -serial mon:stdio "$@"; }
rvic_accel=trap-harder

# rvic_health NAME: a guest at its prompt uses rVIC and rVID and nothing else, and their test has passed.
rvic_health() {
    cat <<END
check $1_no_gic
guest ! ls /proc/device-tree | grep intc
guest ! grep -i gic /proc/interrupts
guest grep 'rVIC .* arch_timer' /proc/interrupts
guest grep 'rVID .* uart-pl011' /proc/interrupts
check $1_selftest
guest dmesg | grep 'rvid: selftest: passed'
guest ! dmesg | grep 'rvid: selftest: failed'
END
}

# rvic_moves NAME N: the interrupts of devices are on all of N CPUs, and leave those that go off.
rvic_moves() {
    printf '%s\n' "check $1_spread" 'guest guest-check spread rVID' "check $1_interrupts_leave"
    for n in $(seq 0 $(($2 - 1))); do
        cat <<END
guest guest-check route $n
guest true
guest guest-check routed $n
guest echo 0 >/sys/devices/system/cpu/cpu$n/online
guest guest-check left rVID $n
guest echo 1 >/sys/devices/system/cpu/cpu$n/online
guest guest-check route $n
guest true
guest guest-check routed $n
END
    done
    cat <<END
check $1_hotplug_all
timeout 300
guest guest-check hotplug-all 5
timeout 180
check $1_interrupts_after_hotplug_all
guest guest-check interrupts
check $1_quiet_log_after_hotplug_all
guest guest-check quiet-log
END
}

scenario rvic_smp1 main
rvic_smp1() {
    {
        to_shell rvic_smp1_boots
        rvic_health rvic_smp1
        cat <<'END'
check rvic_smp1_quiet_log
guest guest-check cpus 1
guest guest-check route 0
guest true
guest guest-check routed 0
guest guest-check quiet-log
check rvic_smp1_powers_off
send poweroff\r
exit 0
terminal same
END
    } | rvic_vm
}

scenario rvic_smp2 main
rvic_smp2() {
    {
        to_shell rvic_smp2_boots
        rvic_health rvic_smp2
        rvic_moves rvic_smp2 2
        common rvic_smp2 2
        echo check rvic_smp2_power_button
        to_monitor
        cat <<'END'
send system_powerdown\r
exit 0
terminal same
END
    } | rvic_vm -smp 2
}

# rvic_everything NAME: all of it, with four CPUs, and after restarts.
rvic_everything() {
    {
        to_shell "$1_boots"
        rvic_health "$1"
        rvic_moves "$1" 4
        common "$1" 4
        for time in 1 2; do
            cat <<END
check $1_reboot_$time
send reboot\r
expect trapeze-guest: ready
match [~/] #
guest guest-check cpus 4
guest guest-check quiet-log
END
            rvic_health "$1_reboot_$time"
        done
        cat <<END
check $1_powers_off
send poweroff\r
exit 0
terminal same
END
    } | rvic_vm -smp 4
}

scenario rvic_smp4 main
rvic_smp4() { rvic_everything rvic_smp4; }

# The kernel of the host needs no patches.
scenario rvic_kvm stock
rvic_kvm() {
    rvic_accel=kvm,kernel-irqchip=off
    rvic_everything rvic_kvm
}

# Nor its processor a GICv3.
scenario rvic_gicv2_host gicv2
rvic_gicv2_host() {
    {
        to_shell rvic_gicv2_host_boots
        rvic_health rvic_gicv2_host
        common rvic_gicv2_host 2
        cat <<'END'
check rvic_gicv2_host_powers_off
send poweroff\r
exit 0
terminal same
END
    } | rvic_vm -smp 2
}
