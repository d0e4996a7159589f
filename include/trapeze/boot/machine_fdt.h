// The device tree of the machine: the nodes that every machine has, those its devices write, and /chosen.
// Bindings: Devicetree Specification, Linux "Documentation/devicetree/bindings/".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/bus/fdt_writer.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::boot {

enum class PsciConduit : u8 { Hvc, Smc };

struct MachineFdt {
    std::vector<u64> mpidrs;  // MPIDR_EL1 of each vCPU; the first is the boot vCPU
    mem::GpaRange ram;
    PsciConduit psci = PsciConduit::Hvc;
    bool has_pmu = false;
    bus::FdtInterrupts interrupts;
    std::string bootargs;     // empty: no such property
    std::string stdout_path;  // "/pl011@9000000"; empty: neither /chosen/stdout-path nor the alias serial0
    std::vector<std::string> further_serials = {};  // aliases serial1 and up; only with stdout_path
    std::optional<mem::GpaRange> initrd;
    bool randomness = true;  // /chosen/rng-seed and kaslr-seed, fresh in every tree
    // Called inside the root node, in order: interrupt controller, devices.
    std::vector<std::function<void(bus::FdtWriter&)>> devices;
};

// A tree of at most 2 MiB. Its size depends on nothing but `machine`, and of `machine.initrd` only on whether
// it is set.
Result<std::vector<u8>> build_machine_fdt(const MachineFdt& machine);

// A user's tree (-dtb) made to fit the machine: /memory is replaced, /chosen gets bootargs, initrd and seeds;
// the rest is the user's business. Fails when `dtb` is not a valid tree.
Result<std::vector<u8>> adjust_user_fdt(std::span<const u8> dtb, const MachineFdt& machine);

// Writes a tree to a file (-machine dumpdtb=FILE). On failure no regular file is left behind.
Result<> dump_fdt(std::span<const u8> dtb, const std::string& path);

}  // namespace trapeze::boot
