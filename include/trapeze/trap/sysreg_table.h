// System registers as rows. An owner (CPU interface, ID registers, ...) keeps a constexpr table of
// SysRegRow<Owner> next to its code; SysRegSpace joins the tables of one vCPU and dispatches by encoding.
#pragma once

#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "trapeze/arch/sysreg.h"
#include "trapeze/base/key_index.h"
#include "trapeze/trap/cpu_port.h"
#include "trapeze/trap/outcome.h"
#include "trapeze/trap/trap.h"

namespace trapeze::trap {

// Lowest Exception level that may read or write; None for a missing direction.
enum class MinEl : u8 { El0 = 0, El1 = 1, None = 3 };

// The result of a read: a value, or a refusal.
struct SysRegValue {
    u64 value = 0;
    bool undef = false;  // the access is UNDEFINED in the current state

    constexpr SysRegValue(u64 v) : value(v) {}  // NOLINT: a plain value is the common case
    static constexpr SysRegValue make_undef() {
        SysRegValue v(0);
        v.undef = true;
        return v;
    }
};

// The result of a write, or of a SYS instruction: done, or an exception instead.
struct SysRegWrite {
    enum Result : u8 { Done, Undef };
    std::optional<Inject> exception = {};

    constexpr SysRegWrite(Result result) {  // NOLINT: as SysRegValue
        if (result == Undef) exception = Inject::undef();
    }
    constexpr SysRegWrite(const Inject& taken) : exception(taken) {}  // NOLINT: as SysRegValue
};

template <typename Owner>
struct SysRegRow {
    arch::SysReg reg;
    MinEl read_el;
    MinEl write_el;
    SysRegValue (*read)(Owner&, CpuPort&, arch::SysReg);        // null iff read_el == None
    SysRegWrite (*write)(Owner&, CpuPort&, arch::SysReg, u64);  // null iff write_el == None
    const char* spec;                                           // document and section: "IHI0069 ICC_PMR_EL1"
    bool hidden = false;  // known, and UNDEFINED at every Exception level
};

// f == nullptr in a constant expression. Under -fsanitize=undefined g++ does not take the address of a function
// template's instance for a constant that differs from null; a null pointer is always one.
constexpr bool is_null_accessor(auto* f) {
    return __builtin_constant_p(f == nullptr) && f == nullptr;
}

// A table must be sorted by encoding without duplicates, and directions must match accessors.
template <typename Owner, std::size_t N>
constexpr bool valid_sysreg_table(const SysRegRow<Owner> (&rows)[N]) {
    for (std::size_t i = 0; i < N; ++i) {
        if (i > 0 && !(rows[i - 1].reg < rows[i].reg)) return false;
        if (is_null_accessor(rows[i].read) != (rows[i].read_el == MinEl::None)) return false;
        if (is_null_accessor(rows[i].write) != (rows[i].write_el == MinEl::None)) return false;
    }
    return true;
}

// Ready-made rows. `rw<&Owner::get, &Owner::set>(reg, spec)` etc.: the accessors are member functions
// `u64 get()` or `SysRegValue get(CpuPort&)`, and `void set(u64)` or `SysRegWrite set(CpuPort&, u64)`.
namespace rows {

template <typename Owner, auto Get>
SysRegValue call_get(Owner& owner, CpuPort& cpu, arch::SysReg reg) {
    if constexpr (requires { (owner.*Get)(); }) {
        return (owner.*Get)();
    } else if constexpr (requires { (owner.*Get)(cpu); }) {
        return (owner.*Get)(cpu);
    } else {
        return (owner.*Get)(cpu, reg);
    }
}

template <typename Owner, auto Set>
SysRegWrite call_set(Owner& owner, CpuPort& cpu, arch::SysReg reg, u64 value) {
    if constexpr (requires { (owner.*Set)(value); }) {
        (owner.*Set)(value);
        return SysRegWrite::Done;
    } else if constexpr (requires { (owner.*Set)(cpu, value); }) {
        return (owner.*Set)(cpu, value);
    } else {
        return (owner.*Set)(cpu, reg, value);
    }
}

template <typename>
struct OwnerOf;
template <typename T, typename M>
struct OwnerOf<M T::*> {
    using type = T;
};

template <auto Get, auto Set>
constexpr auto rw(arch::SysReg reg, const char* spec, MinEl el = MinEl::El1) {
    using Owner = typename OwnerOf<decltype(Get)>::type;
    return SysRegRow<Owner>{reg, el, el, &call_get<Owner, Get>, &call_set<Owner, Set>, spec};
}
template <auto Get>
constexpr auto ro(arch::SysReg reg, const char* spec, MinEl el = MinEl::El1) {
    using Owner = typename OwnerOf<decltype(Get)>::type;
    return SysRegRow<Owner>{reg, el, MinEl::None, &call_get<Owner, Get>, nullptr, spec};
}
template <auto Set>
constexpr auto wo(arch::SysReg reg, const char* spec, MinEl el = MinEl::El1) {
    using Owner = typename OwnerOf<decltype(Set)>::type;
    return SysRegRow<Owner>{reg, MinEl::None, el, nullptr, &call_set<Owner, Set>, spec};
}
template <typename Owner, u64 Value>
constexpr auto constant(arch::SysReg reg, const char* spec, MinEl el = MinEl::El1) {
    return SysRegRow<Owner>{reg,         el,
                            MinEl::None, [](Owner&, CpuPort&, arch::SysReg) -> SysRegValue { return Value; },
                            nullptr,     spec};
}
template <typename Owner>
constexpr auto raz_wi(arch::SysReg reg, const char* spec, MinEl el = MinEl::El1) {
    return SysRegRow<Owner>{
        reg,
        el,
        el,
        [](Owner&, CpuPort&, arch::SysReg) -> SysRegValue { return u64{0}; },
        [](Owner&, CpuPort&, arch::SysReg, u64) -> SysRegWrite { return SysRegWrite::Done; },
        spec};
}
// Known and hidden: UNDEFINED without the "unknown register" diagnostic.
template <typename Owner>
constexpr auto undef(arch::SysReg reg, const char* spec) {
    return SysRegRow<Owner>{
        reg,
        MinEl::El0,
        MinEl::El0,
        [](Owner&, CpuPort&, arch::SysReg) { return SysRegValue::make_undef(); },
        [](Owner&, CpuPort&, arch::SysReg, u64) -> SysRegWrite { return SysRegWrite::Undef; },
        spec,
        true};
}

}  // namespace rows

// Type-erased view of one row, for dispatch and for the generated documentation.
struct SysRegEntry {
    arch::SysReg reg;
    MinEl read_el;
    MinEl write_el;
    const char* spec;
    bool hidden;
    void* owner;
    const void* row;
    SysRegValue (*read)(const SysRegEntry&, CpuPort&);
    SysRegWrite (*write)(const SysRegEntry&, CpuPort&, u64);
};

// The trapped system registers of one vCPU. Built once; then used on the vCPU's thread only.
class SysRegSpace {
public:
    // Adds an owner's table. The owner must outlive the space. A register with two owners is a CHECK.
    template <typename Owner>
    void add(Owner& owner, std::type_identity_t<std::span<const SysRegRow<Owner>>> table) {
        for (const auto& row : table) {
            insert({row.reg, row.read_el, row.write_el, row.spec, row.hidden, &owner, &row,
                    [](const SysRegEntry& e, CpuPort& cpu) {
                        const auto& r = *static_cast<const SysRegRow<Owner>*>(e.row);
                        return r.read(*static_cast<Owner*>(e.owner), cpu, r.reg);
                    },
                    [](const SysRegEntry& e, CpuPort& cpu, u64 value) {
                        const auto& r = *static_cast<const SysRegRow<Owner>*>(e.row);
                        return r.write(*static_cast<Owner*>(e.owner), cpu, r.reg, value);
                    }});
        }
        reindex();
    }

    const SysRegEntry* find(arch::SysReg reg) const;
    std::span<const SysRegEntry> entries() const { return entries_; }

    // Checks EL of origin and direction, performs the access; unknown or denied is UNDEF.
    Outcome handle(const SysRegTrap& trap, CpuPort& cpu) const;

private:
    void insert(const SysRegEntry& entry);
    void reindex();

    std::vector<SysRegEntry> entries_;  // sorted by reg
    KeyIndex index_;  // of entries_
};

}  // namespace trapeze::trap
