// SMC Calling Convention services as rows (DEN0028). An owner keeps a constexpr table of HypercallRow<Owner>;
// HypercallSpace joins the tables and dispatches by function id. Every *_FEATURES answer comes from
// implements(), that is, from the tables.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include "trapeze/base/key_index.h"
#include "trapeze/trap/cpu_port.h"
#include "trapeze/trap/outcome.h"
#include "trapeze/trap/trap.h"

namespace trapeze::trap {

// A call as a handler sees it. For a 32-bit (SMC32/HVC32) function id the arguments are zero-extended W
// registers.
struct HypercallArgs {
    u32 function;  // with the SVE hint bit of SMCCC 1.3 cleared
    Conduit conduit;
    u64 x1 = 0, x2 = 0, x3 = 0;  // only as many as the row asks for; the rest are zero
};

template <typename Owner>
struct HypercallRow {
    u32 function;
    u8 arguments;  // how many of X1..X3 the call takes: 0 to 3; each costs a register read
    Outcome (*handle)(Owner&, CpuPort&, const HypercallArgs&);
    const char* spec;  // "DEN0022 CPU_ON"
};

template <typename Owner, std::size_t N>
constexpr bool valid_hypercall_table(const HypercallRow<Owner> (&rows)[N]) {
    for (std::size_t i = 1; i < N; ++i) {
        if (rows[i - 1].function >= rows[i].function) return false;
    }
    return true;
}

inline constexpr u64 kSmcccNotSupported = ~u64{0};  // -1 in X0 (or W0)

struct HypercallEntry {
    u32 function;
    u8 arguments;
    const char* spec;
    void* owner;
    const void* row;
    Outcome (*handle)(const HypercallEntry&, CpuPort&, const HypercallArgs&);
};

// The hypercalls of the machine: const after build, called on vCPU threads concurrently.
class HypercallSpace {
public:
    template <typename Owner>
    void add(Owner& owner, std::type_identity_t<std::span<const HypercallRow<Owner>>> table) {
        for (const auto& row : table) {
            insert({row.function, row.arguments, row.spec, &owner, &row,
                    [](const HypercallEntry& e, CpuPort& cpu, const HypercallArgs& args) {
                        const auto& r = *static_cast<const HypercallRow<Owner>*>(e.row);
                        return r.handle(*static_cast<Owner*>(e.owner), cpu, args);
                    }});
        }
        reindex();
    }

    bool implements(u32 function) const { return find(function) != nullptr; }
    const HypercallEntry* find(u32 function) const;
    std::span<const HypercallEntry> entries() const { return entries_; }

    // A non-zero immediate or an unknown function id returns NOT_SUPPORTED in X0 and zero in X1 to X3. (HVC and
    // SMC are UNDEFINED at EL0, so a trapped one comes from EL1.)
    Outcome handle(const HypercallTrap& trap, CpuPort& cpu) const;

private:
    void insert(const HypercallEntry& entry);
    void reindex();

    std::vector<HypercallEntry> entries_;  // sorted by function
    KeyIndex index_;  // of entries_
};

}  // namespace trapeze::trap
