# Exits by class between the marks of guest/exits.cc, from a log of the events kvm_*. Writes lines
# "phase NAME TIMES EVENT COUNT": the phase has run TIMES times, with COUNT exits of that class in total.
BEGIN {
    split("hvc mmio_read mmio_write sysreg_read sysreg_write iar_eoi sgi_spin sgi_wfi timer", names, " ")
    phase = 0
}
$1 == "kvm_mmio_write" && $3 == "0x9030400" {
    phase = index("123456789", substr($NF, 3))
    if (phase != 0) times[phase]++
    next
}
phase != 0 { count[phase, $1]++; events[$1] = 1 }
END {
    for (p = 1; p <= 9; p++)
        for (event in events)
            if ((p, event) in count) print "phase", names[p], times[p], event, count[p, event]
}
