# Facts of measure.sh to Markdown. Variable: seconds, how long idle guests were watched.
function median(key, i, j, n, t, v) {
    n = samples[key]
    for (i = 1; i <= n; i++) v[i] = value[key, i]
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
    if (n == 0) return 0
    return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}
function minimum(key, i, m) {
    m = value[key, 1]
    for (i = 2; i <= samples[key]; i++) if (value[key, i] < m) m = value[key, i]
    return m + 0
}
function note(key, v) { value[key, ++samples[key]] = v }
function ratio(a, b, factor) {
    if (samples[a] == 0 || samples[b] == 0) return "-"
    return sprintf("%.2f (%.2f)", median(a) / median(b) / factor, minimum(a) / minimum(b) / factor)
}
function number(format, key) { return samples[key] ? sprintf(format, median(key)) : "-" }
function per_iteration(name, event) {
    return iterations[name] ? count[name, event] / times[name] / iterations[name] : 0
}

$1 == "exits" || $1 == "icount" {
    if ($3 == "frequency") frequency[$1] = $5
    else if ($4 > 0) {
        iterations[$3] = $4
        note($1 " " $2 " " $3, $5 / $4)
    }
}
$1 == "irqs" && $3 != "frequency" {
    # What the marks around a phase cost is what they cost around nothing.
    if ($3 == "nothing") marks = $6
    else { note("irq " $2 " " $3, $5 / $4); note("irqexits " $2 " " $3, ($6 - marks) / $4) }
    chips[$2] = 1
}
$1 == "irqboot" { note("irqboot " $2, $3); note("irqbootexits " $2, $4) }
$1 == "io" { note("io " $2 " " $3 " " $4, $6 / $5); note("ioexits " $2 " " $3 " " $4, $7 / $5) }
$1 == "phase" { times[$2] = $3; count[$2, $4] = $5; total[$2] += $5 }
$1 == "start" { note("start " $2, $3 / 1e6) }
$1 == "boot" { note("boot " $2 " " $3, $4 / 1e6) }
$1 == "idle" { idle[$2, $3, $4] = $5 }
$1 == "class" {
    class[$2, $3 " " $4] = $5; classes[$3 " " $4] += $5
    class_total[$2, $3] += $5; events[$3] = 1
}

function time_row(name, floor, factor, what, target) {
    if (!samples["exits trapeze " name]) return
    printf "| %s | %s | %s | %s | %s | %s |\n", what, (factor == 1 ? "1" : sprintf("%.1f", factor)), \
        ratio("exits trapeze " name, "exits floor " floor, factor), \
        (name ~ /^sysreg/ ? ratio("exits trapeze " name, "exits floor " name, 1) : "-"), \
        ratio("exits qemu " name, "exits floor " floor, factor), target
}
# CNTVCT counts at its frequency in a clock of one nanosecond per instruction.
function instructions(key) { return minimum("icount " key) * 1e9 / frequency["icount"] }
function instruction_row(name, floor, factor, what, target, least, most) {
    if (!samples["icount trapeze " name]) return
    least = instructions("floor " floor) * factor
    most = instructions("trapeze " name)
    printf "| %s | %.0f | %.0f | %.2f | %s | %s |\n", what, least, most, most / least, \
        (name ~ /^sysreg/ ? sprintf("%.2f", most / instructions("floor " name)) : "-"), target
}
function exits_row(name, floor, factor, what, target) {
    if (factor == 0) factor = (name in per_exit) ? per_exit[name] : 2
    if (counting) instruction_row(name, floor, factor, what, target)
    else time_row(name, floor, factor, what, target)
}
function exits_rows() {
    exits_row("hvc", "hvc", 1, "HVC (PSCI_VERSION)", "1.10")
    exits_row("mmio_read", "mmio_read", 1, "MMIO read (UARTIMSC)", "1.10")
    exits_row("mmio_write", "mmio_write", 1, "MMIO write (UARTIMSC)", "1.10")
    exits_row("sysreg_read", "sysreg_read_bare", 1, "sysreg read (ICC_PMR_EL1)", "1.15")
    exits_row("sysreg_write", "sysreg_write_bare", 1, "sysreg write (ICC_PMR_EL1)", "")
    exits_row("iar_eoi", "sysreg_read_bare", 0, "ICC_IAR1_EL1 + ICC_EOIR1_EL1", "")
    exits_row("sgi_spin", "sysreg_read_bare", 0, "SGI round trip, both vCPUs spin", "")
    exits_row("sgi_wfi", "sysreg_read_bare", 0, "SGI round trip, both vCPUs in WFI", "")
    exits_row("timer_late", "sysreg_read_bare", 1, "timer wake-up: lateness of the instruction after WFI", "")
}

function irq_cell(chip, name, factor) {
    if (!samples["irq " chip " " name]) return "-"
    return sprintf("%.1f, %s", median("irqexits " chip " " name) / factor, \
        ratio("irq " chip " " name, "irq kvm_kernel " name, 1))
}
function irq_row(chip, what) {
    if (!(chip in chips)) return
    printf "| %s | %s | %s | %s | %s | %d, %s |\n", what, irq_cell(chip, "ipi_spin", 2), irq_cell(chip, "ipi_wfi", 2), \
        irq_cell(chip, "tick", 1), irq_cell(chip, "device", 1), median("irqbootexits " chip), \
        ratio("irqboot " chip, "irqboot kvm_kernel", 1)
}

# Times of QEMU divided by ours: throughput.
function io_row(net, name, what) {
    if (!samples["io trapeze " net " " name]) return
    printf "| %s | %s | %s | %.3g | %.3g | %.3g |\n", what, \
        ratio("io qemu " net " " name, "io trapeze_kvm " net " " name, 1), \
        ratio("io qemu " net " " name, "io trapeze " net " " name, 1), \
        median("ioexits qemu " net " " name), median("ioexits trapeze_kvm " net " " name), \
        median("ioexits trapeze " net " " name)
}

END {
    for (name in total) per_exit[name] = total[name] / times[name] / iterations[name]
    if (samples["exits floor hvc"]) {
        print "### Cost of an exit\n"
        print "| class | exits | trapeze / floor | trapeze / completing floor | QEMU `-accel kvm` / floor | target |"
        print "|---|---|---|---|---|---|"
        counting = 0
        exits_rows()
    }
    if (samples["icount floor hvc"]) {
        print "\n### Instructions of an exit, host kernel and program together (exact)\n"
        print "| class | floor | trapeze | trapeze / floor | trapeze / completing floor | target |"
        print "|---|---|---|---|---|---|"
        counting = 1
        exits_rows()
    }

    if (samples["start trapeze"] || samples["boot trapeze 1"]) {
        print "\n### Start and boot\n"
        print "| | trapeze / QEMU | trapeze / floor |"
        print "|---|---|---|"
        if (samples["start trapeze"]) printf "| process start to first guest entry | %s | %s |\n", \
            ratio("start trapeze", "start qemu", 1), ratio("start trapeze", "start floor", 1)
        for (smp = 1; smp <= 2; smp++) if (samples["boot trapeze " smp]) \
            printf "| process start to PID 1, %s | %s | |\n", (smp == 1 ? "1 vCPU" : smp " vCPUs"), \
                ratio("boot trapeze " smp, "boot qemu " smp, 1)
    }

    if (("trapeze", 1, "rss_kib") in idle) {
        print "\n### Memory and idle guests\n"
        print "| | trapeze | QEMU | target |"
        print "|---|---|---|---|"
        printf "| resident beyond guest RAM, 1 vCPU | %.1f MiB | %.1f MiB | 8 MiB |\n", \
            idle["trapeze", 1, "rss_kib"] / 1024, idle["qemu", 1, "rss_kib"] / 1024
        printf "| of this, not mapped from files | %.1f MiB | %.1f MiB | |\n", \
            idle["trapeze", 1, "rss_anon_kib"] / 1024, idle["qemu", 1, "rss_anon_kib"] / 1024
        for (smp = 1; smp <= 4; smp += 3) {
            guest = smp == 1 ? "1 vCPU" : smp " vCPUs"
            printf "| idle Linux, %s: share of a host CPU | %.1f %% | %.1f %% | 3 %% |\n", guest, \
                idle["trapeze", smp, "cpu_ticks"] / seconds, idle["qemu", smp, "cpu_ticks"] / seconds
            printf "| idle Linux, %s: exits per second | %.1f | %.1f | |\n", guest, \
                idle["trapeze", smp, "idle_exits"] / seconds, idle["qemu", smp, "idle_exits"] / seconds
            printf "| exits until the guest is idle, %s | %d | %d | |\n", guest, \
                idle["trapeze", smp, "exits.exits"], idle["qemu", smp, "exits.exits"]
        }
    }

    if (length(chips) > 0) {
        print "\n### Interrupts\n"
        print "Each cell: exits, time against the second-last row.\n"
        print "| interrupt controller | IPI, both spin | IPI, both in WFI | timer tick | device interrupt | boot, 2 vCPUs |"
        print "|---|---|---|---|---|---|"
        irq_row("gicv3", "userspace GICv3, trap-harder")
        irq_row("gicv2", "userspace GICv2, trap-harder")
        irq_row("rvic", "rVIC, trap-harder")
        irq_row("kvm_gicv2", "userspace GICv2, kvm")
        irq_row("kvm_rvic", "rVIC, kvm")
        irq_row("kvm_kernel", "in-kernel vGICv3, kvm")
        irq_row("qemu_kernel", "in-kernel vGICv3, QEMU")
    }

    if (samples["io trapeze user send"]) {
        print "\n### Disk and network\n"
        print "| | throughput, trapeze `-accel kvm` / QEMU | trapeze `-accel trap-harder` / QEMU | exits per operation, QEMU | trapeze, kvm | trapeze, trap-harder |"
        print "|---|---|---|---|---|---|"
        io_row("tap", "read_4k_1", "read 4 KiB, one at a time")
        io_row("tap", "read_4k_32", "read 4 KiB, 32 at a time")
        io_row("tap", "write_4k_32", "write 4 KiB, 32 at a time")
        io_row("tap", "read_1m_4", "read 1 MiB, 4 at a time")
        io_row("tap", "write_1m_4", "write 1 MiB, 4 at a time")
        io_row("tap", "send", "send to tap, per KiB")
        io_row("tap", "receive", "receive from tap, per KiB")
        io_row("user", "send", "send to user, per KiB")
        io_row("user", "receive", "receive from user, per KiB")
    }

    n = 0
    for (c in classes) order[++n] = c
    if (n == 0) exit
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && classes[order[j - 1]] < classes[order[j]]; j--) {
            t = order[j]; order[j] = order[j - 1]; order[j - 1] = t
        }
    print "\n### Exits of a boot and power-off, under trapeze\n"
    print "| class | | 1 vCPU | 2 vCPUs |"
    print "|---|---|---|---|"
    split("kvm_sysreg_read kvm_sysreg_write kvm_mmio_read kvm_mmio_write kvm_hypercall kvm_wfx_trap kvm_unexpected_trap", e, " ")
    for (k = 1; k <= 7; k++) {
        if (!(e[k] in events)) continue
        printf "| **%s** | | **%d** | **%d** |\n", e[k], class_total[1, e[k]], class_total[2, e[k]]
        shown = 0
        for (i = 1; i <= n; i++) {
            split(order[i], part, " ")
            if (part[1] == e[k] && part[2] != "-" && ++shown <= 15)
                printf "| | %s | %d | %d |\n", part[2], class[1, order[i]], class[2, order[i]]
        }
    }
}
