# Exits by class, and system register or device, from a log of the events kvm_*. Writes lines
# "class SMP EVENT DETAIL COUNT". Variable: smp.
function device(address) {
    address = substr(address, 3)
    if (length(address) == 7) {
        if (address < "8080000") return "GICD"
        if (address < "80a0000") return "ITS"
        if (address < "9000000") return "GICR"
        if (address < "9001000") return "PL011"
        if (address >= "9010000" && address < "9011000") return "PL031"
        if (address >= "9030000" && address < "9031000") return "PL061"
        if (address >= "a000000" && address < "a004000") return "virtio-mmio"
    }
    return "other"
}
/^kvm_/ {
    detail = "-"
    if ($1 ~ /^kvm_mmio/) detail = device($3)
    else if ($1 ~ /^kvm_(sysreg|hypercall|wfx)/) detail = $3
    count[$1 " " detail]++
}
END { for (class in count) print "class", smp, class, count[class] }
