# shellcheck shell=sh
# SDEI as Linux uses it. The trimmed kernel has a handler of event 0 (scripts/rig/kernel/README.md), which the
# monitors raise; Linux by itself only looks at the interface.

# Pieces of scripts.

# sdei_answer COMMAND TEXT: what the human monitor says to it; no text: nothing.
sdei_answer() {
    # shellcheck disable=SC2016 # for the host's shell
    printf 'host "${DRIVER%%/*}"/qmp_client unix:qmp.sock hmp "%s" >answer; cat answer; ' "$1"
    if [ $# = 1 ]; then echo 'test ! -s answer'; else printf 'grep -qF "%s" answer\n' "$2"; fi
}

# sdei_detected NAME: a guest at its prompt, whichever it is, has found SDEI, and has no complaint.
sdei_detected() {
    cat <<END
check $1_detected
guest dmesg | grep -F 'sdei: SDEIv1.1 (0x7472707a) detected in firmware.'
guest test -d /proc/device-tree/firmware/sdei
guest ! dmesg | grep 'sdei: ' | grep -v detected
END
}

# sdei_absent NAME: it has not.
sdei_absent() {
    cat <<END
check $1_absent
guest ! dmesg | grep -i sdei | grep -v 'Command line'
guest ! test -e /proc/device-tree/firmware/sdei
END
    sdei_answer 'info sdei' 'this machine has no SDEI'
    sdei_answer 'sdei-inject 0 0' 'this machine has no SDEI'
    sdei_answer nmi 'this machine has no SDEI'
    # shellcheck disable=SC2016 # for the host's shell
    echo 'host ! "${DRIVER%/*}"/qmp_client unix:qmp.sock execute inject-nmi'
}

sdei_power_off() { printf '%s\n' "check $1_powers_off" 'send poweroff\r' 'timeout 60' 'exit 0' 'terminal same'; }

# sdei_vm KERNEL-ARGUMENTS OPTION...
sdei_vm() {
    sdei_arguments=$1
    shift
    vm "quiet $sdei_arguments" -serial mon:stdio -qmp unix:qmp.sock,server=on,wait=off "$@"
}

# sdei_boots NAME MACHINE-OPTIONS
sdei_boots() {
    MACHINE=$2
    {
        to_shell "$1_boots"
        sdei_detected "$1"
        printf '%s\n' "check $1_quiet_log" 'guest guest-check quiet-log'
        sdei_power_off "$1"
    } | sdei_vm '' -smp 2
}

scenario sdei_found main
sdei_found() {
    sdei_boots sdei_gicv3 '-accel trap-harder -machine virt,gic-version=3'
    sdei_boots sdei_gicv2 '-accel trap-harder -machine virt,gic-version=2'
    sdei_boots sdei_rvic '-accel trap-harder -machine virt,irqchip=rvic'
    use_guest debian
    sdei_boots sdei_debian_gicv3 '-accel trap-harder -machine virt,gic-version=3'
}

scenario sdei_found_by_stock stock
sdei_found_by_stock() {
    sdei_boots sdei_kvm_gicv2 '-accel kvm,kernel-irqchip=off -machine virt'
    sdei_boots sdei_kvm_rvic '-accel kvm,kernel-irqchip=off -machine virt,irqchip=rvic'
    use_guest debian
    sdei_boots sdei_kvm_debian_gicv2 '-accel kvm,kernel-irqchip=off -machine virt'
    sdei_boots sdei_kvm_debian_kernel_irqchip '-accel kvm -machine virt,sdei=on'
}

# sdei_not_there NAME MACHINE-OPTIONS
sdei_not_there() {
    MACHINE=$2
    {
        to_shell "$1_boots"
        sdei_absent "$1"
        sdei_power_off "$1"
    } | sdei_vm ''
}

scenario sdei_off main
sdei_off() { sdei_not_there sdei_off '-accel trap-harder -machine virt,gic-version=3,sdei=off'; }

# With the kernel's interrupt controller, it has to be asked for.
scenario sdei_off_by_stock stock
sdei_off_by_stock() {
    sdei_not_there sdei_kvm_off '-accel kvm,kernel-irqchip=off -machine virt,sdei=off'
    sdei_not_there sdei_kvm_default '-accel kvm -machine virt'
}

# --- Events ---------------------------------------------------------------------------------------------------

# sdei_reaches_masked NAME: of two CPUs, the second one has all interrupts masked. Events reach it nevertheless, and
# change nothing. This is the first use of events since the boot.
sdei_reaches_masked() {
    cat <<END
check $1_reaches_a_cpu_with_interrupts_masked
guest guest-check sdei 0 0
# A process on the other CPU would have to wait, too.
guest taskset -p 1 \$\$
guest guest-check sdei-spin 1 10000
END
    sdei_answer 'sdei-inject 0 1'
    cat <<END
guest guest-check sdei 0 1
guest dmesg | grep -E 'event 0 on CPU 1 interrupted sdei_test_hold[+].*PSTATE 0x[0-9a-f]*3c5, interrupts masked'
check $1_nmi_reaches_all
END
    sdei_answer nmi
    echo 'guest guest-check sdei 1 2'
    # shellcheck disable=SC2016 # for the host's shell
    echo 'host "${DRIVER%/*}"/qmp_client unix:qmp.sock execute inject-nmi'
    cat <<END
guest guest-check sdei 2 3
guest test \$(cat /sys/module/sdei_test/parameters/spin) = 0
check $1_interrupted_cpu_goes_on
guest guest-check sdei-spun 1
guest dmesg | grep 'CPU 1 has spun, 0 registers differ'
guest taskset -p 3 \$\$
END
}

# sdei_moves NAME N: of N CPUs, the last one goes off, and comes back.
sdei_moves() {
    last=$(($2 - 1))
    printf '%s\n' "check $1_cpu_goes_off" "guest echo 0 >/sys/devices/system/cpu/cpu$last/online"
    sdei_answer "sdei-inject 0 $last" "vCPU $last has no handler for event 0x0"
    echo 'guest guest-check sdei-note'
    sdei_answer nmi
    cat <<END
guest guest-check sdei-noted $(for n in $(seq $last); do printf '1 '; done)0
check $1_cpu_comes_back
guest echo 1 >/sys/devices/system/cpu/cpu$last/online
guest guest-check sdei-note
END
    sdei_answer "sdei-inject 0 $last"
    echo "guest guest-check sdei-noted $(for n in $(seq $last); do printf '0 '; done)1"
}

# sdei_restarts NAME N: everything begins anew.
sdei_restarts() {
    cat <<END
check $1_restarts
timeout 180
send reboot\r
expect trapeze-guest: ready
match [~/] #
guest guest-check cpus $2
guest guest-check sdei $(for n in $(seq "$2"); do printf '0 '; done)
END
    for n in $(seq 0 $(($2 - 1))); do sdei_answer "sdei-inject 0 $n"; done
    cat <<END
guest guest-check sdei $(for n in $(seq "$2"); do printf '1 '; done)
guest guest-check quiet-log
END
}

# sdei_stands_hotplug NAME N: of N CPUs, all go off and come back, while events come all the time, also for those that
# are just on their way. Which of these are handled depends; but the next ones are.
sdei_stands_hotplug() {
    cat <<END
check $1_under_fire
guest echo Y >/sys/module/sdei_test/parameters/quiet
END
    # shellcheck disable=SC2016 # for the host's shell
    echo 'host { while "${DRIVER%/*}"/qmp_client unix:qmp.sock execute inject-nmi; do :; done >fire 2>&1 & echo $! >shooter; }'
    cat <<END
timeout 300
guest guest-check hotplug-all 3
host kill \$(cat shooter) && sleep 1; tail -n 3 fire; test \$(grep -c '{}' fire) -gt 20
guest guest-check sdei-note
END
    sdei_answer nmi
    cat <<END
guest guest-check sdei-noted $(for n in $(seq "$2"); do printf '1 '; done)
guest guest-check quiet-log
timeout 180
END
}

# sdei_everything NAME
sdei_everything() {
    {
        to_shell "$1_boots"
        sdei_detected "$1"
        sdei_reaches_masked "$1"
        sdei_moves "$1" 2
        printf '%s\n' "check $1_quiet_log" 'guest guest-check quiet-log'
        sdei_restarts "$1" 2
        sdei_moves "$1_again" 2
        sdei_power_off "$1"
    } | sdei_vm sdei_test.enable=1 -smp 2
}

scenario sdei_events main
sdei_events() { sdei_everything sdei_events; }

scenario sdei_hotplug main
sdei_hotplug() {
    {
        to_shell sdei_hotplug_boots
        sdei_stands_hotplug sdei_hotplug 4
        sdei_restarts sdei_hotplug 4
        sdei_power_off sdei_hotplug
    } | sdei_vm sdei_test.enable=1 -smp 4
}

scenario sdei_events_on_rvic main
sdei_events_on_rvic() {
    MACHINE='-accel trap-harder -machine virt,irqchip=rvic'
    sdei_everything sdei_events_rvic
}

# The interrupt controller and the time are KVM's, but SDEI and PSCI are not.
scenario sdei_kernel_irqchip stock
sdei_kernel_irqchip() {
    MACHINE='-accel kvm -machine virt,sdei=on'
    sdei_everything sdei_kernel_irqchip
    {
        to_shell sdei_kernel_irqchip_smp4_boots
        common sdei_kernel_irqchip_smp4 4
        sdei_moves sdei_kernel_irqchip_smp4 4
        sdei_stands_hotplug sdei_kernel_irqchip_smp4 4
        sdei_restarts sdei_kernel_irqchip_smp4 4
        common sdei_kernel_irqchip_smp4_again 4
        sdei_power_off sdei_kernel_irqchip_smp4
    } | sdei_vm sdei_test.enable=1 -smp 4
}

# --- Many of them ---------------------------------------------------------------------------------------------

# sdei_flood NAME COUNT: while all of four CPUs watch their registers, and do other things, too. Each injection that
# the monitor accepts is delivered, and handled; no process notices.
sdei_flood() {
    {
        to_shell "$1_boots"
        cat <<END
check $1_checker_can_fail
guest { registers plant >/tmp/planted & }; until test -s /tmp/planted; do usleep 100000; done; kill \$!; wait \$!; test \$? = 1 && grep 'X17 is' /tmp/planted
check $1_$2_injections
guest { registers >/tmp/registers & }; checker=\$!; { while :; do guest-check load; done & }; load=\$!
timeout 300
host "\${DRIVER%/*}"/qmp_client unix:qmp.sock inject $2 4 >injected || { cat injected; false; }
check $1_all_delivered
END
        # What is pending still, or is handled, will be over soon.
        cat <<'END'
host for try in $(seq 100); do "${DRIVER%/*}"/qmp_client unix:qmp.sock hmp 'info sdei' >state; grep -qE 'pending|running' state || break; usleep 100000; done
host grep ^vCPU injected >accepted; awk '/^vCPU/ { cpu = $2 } /event 0x0:/ { print "vCPU", cpu, $NF }' state >delivered; cat injected state; cmp accepted delivered
END
        echo "check $1_all_handled"
        cat <<'END'
guest cat /sys/module/sdei_test/parameters/count
host echo "$OUTPUT"; test "$OUTPUT" = "$(echo $(awk '{ print $3 }' accepted))"
END
        cat <<END
check $1_no_register_lost
guest kill \$load; kill \$checker; wait \$checker; cat /tmp/registers; grep 'registers ok' /tmp/registers
guest guest-check quiet-log
END
        sdei_power_off "$1"
    } | sdei_vm 'sdei_test.enable=1 sdei_test.quiet=1' -smp 4
    cat injected
}

scenario sdei_many main
sdei_many() { sdei_flood sdei_many 10000; }

scenario sdei_many_by_stock stock
sdei_many_by_stock() {
    # shellcheck disable=SC2034 # used by vm
    MACHINE='-accel kvm -machine virt,sdei=on'
    sdei_flood sdei_many_kernel_irqchip 2000
}
