# shellcheck shell=sh
# The accelerator kvm, on a kernel without the patches: every interrupt controller that it can have.

# boots_smp4 NAME MACHINE-OPTIONS INTERRUPT-CONTROLLER: a guest with four CPUs is in good health, restarts and ends.
boots_smp4() {
    MACHINE=$2
    {
        to_shell "$1_boots"
        common "$1" 4
        echo "check $1_controller"
        to_monitor
        printf '%s\n' 'send info pic\r' "expect $3" 'expect (trapeze)' 'send \x01c'
        cat <<END
check $1_restarts
send reboot\r
expect trapeze-guest: ready
match [~/] #
guest guest-check cpus 4
guest guest-check quiet-log
check $1_powers_off
send poweroff\r
exit 0
terminal same
END
    } | vm quiet -smp 4 -serial mon:stdio
}

scenario kvm_debian stock_every
kvm_debian() {
    use_guest debian
    boots_smp4 kvm_debian_kernel_irqchip '-accel kvm,kernel-irqchip=on -machine virt' 'GICv3 in the kernel'
    boots_smp4 kvm_debian_gicv2 '-accel kvm,kernel-irqchip=off -machine virt' 'GICv2'
}

scenario kvm_trimmed stock
kvm_trimmed() {
    boots_smp4 kvm_kernel_irqchip '-accel kvm -machine virt' 'GICv3 in the kernel'
    boots_smp4 kvm_gicv2 '-machine virt,accel=kvm,kernel-irqchip=off,gic-version=2' 'GICv2'
}

# The first entry of the default list does not work there, the second one does.
scenario kvm_by_default stock
kvm_by_default() {
    MACHINE='-machine virt'
    {
        to_shell kvm_by_default
        echo check kvm_by_default_says_so
        printf '%s\n' 'host grep -q "using -accel kvm (-accel trap-harder: .*trap-all" default.err'
        echo check kvm_keeps
        to_monitor
        printf '%s\n' 'send info traps\r' 'expect all calls: PSCI' 'expect (trapeze)' 'send quit\r' 'exit 0'
    } | stderr_option='--stderr default.err' vm quiet -serial mon:stdio
}

scenario kvm_impossible stock
kvm_impossible() {
    refuses kvm_gicv3_in_userspace 'use gic-version=2, or kernel-irqchip=on' \
        -accel kvm,kernel-irqchip=off -machine virt,gic-version=3 -kernel "$KERNEL"
    refuses kvm_rvic_in_the_kernel 'use kernel-irqchip=off' \
        -accel kvm,kernel-irqchip=on -machine virt,irqchip=rvic -kernel "$KERNEL"
    refuses kvm_too_many_for_gicv2 'room for 8 vCPUs' \
        -accel kvm,kernel-irqchip=off -smp 9 -kernel "$KERNEL"
}

# On a host whose own interrupt controller is a GICv2.
scenario kvm_on_gicv2_host gicv2
kvm_on_gicv2_host() {
    boots_smp4 gicv2_host_kernel_irqchip '-accel kvm -machine virt' 'GICv2 in the kernel'
    boots_smp4 gicv2_host_trap_harder '-accel trap-harder -machine virt' 'GICv2'
    refuses gicv2_host_has_no_gicv3 'use gic-version=2' -accel kvm -machine gic-version=3 -kernel "$KERNEL"
}
