// Guest memory as gdb sees it: through a vCPU's translation, and with the debugger's BRK instructions hidden.
#pragma once

#include <map>
#include <optional>
#include <span>

#include "trapeze/debug/machine_control.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::debug::gdb {

// While no vCPU runs; loop thread only.
class GuestCode {
public:
    explicit GuestCode(MachineControl& machine) : machine_(machine) {}

    // As `cpu` would translate a privileged access now; with the MMU off, the address itself.
    std::optional<mem::Gpa> translate(std::size_t cpu, u64 address);
    // As many bytes as there are.
    std::size_t read(std::size_t cpu, u64 address, std::span<u8> to, bool physical);
    bool write(std::size_t cpu, u64 address, std::span<const u8> from, bool physical);

    // Replaces the instruction at `at` (a multiple of 4, in RAM) by the debugger's BRK. Nests.
    bool patch(mem::Gpa at);
    void unpatch(mem::Gpa at);
    bool is_patched(mem::Gpa at) const { return patches_.contains(at.value); }
    bool has_patches() const { return !patches_.empty(); }
    // RAM has been loaded anew: saves what is there now and patches it again.
    void reapply();

private:
    struct Patch {
        u32 original;
        unsigned users;
    };

    bool put(u64 at, u32 instruction);
    std::optional<u32> instruction_at(u64 at) const;
    void hide_patches(u64 at, std::span<u8> bytes) const;

    MachineControl& machine_;
    std::map<u64, Patch> patches_;  // by guest physical address
};

}  // namespace trapeze::debug::gdb
