#include "trapeze/trap/hypercall_table.h"

#include <algorithm>

#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"
#include "trapeze/base/log.h"
#include "trapeze/trap/trace_events.h"

namespace trapeze::trap {
namespace {

// DEN0028 "Function Identifiers": bit 31 fast call, bit 30 SMC64/HVC64, bit 16 of a fast call the SVE hint of
// SMCCC 1.3.
constexpr u32 kFastCall = u32{1} << 31;
constexpr u32 kSmc64 = u32{1} << 30;
constexpr u32 kSveHint = u32{1} << 16;

const char* conduit_name(Conduit conduit) {
    return conduit == Conduit::Hvc ? "HVC" : "SMC";
}

// X1 to X3 are zero, which is what callers know from KVM.
Outcome not_supported() {
    return CallResult{{kSmcccNotSupported}, 4};
}

}  // namespace

void HypercallSpace::insert(const HypercallEntry& entry) {
    const auto at = std::ranges::lower_bound(entries_, entry.function, {}, &HypercallEntry::function);
    CHECK(at == entries_.end() || at->function != entry.function);
    CHECK(entry.arguments <= 3);
    entries_.insert(at, entry);
}

void HypercallSpace::reindex() {
    index_.build(entries_, [](const HypercallEntry& e) { return e.function; });
}

const HypercallEntry* HypercallSpace::find(u32 function) const {
    const std::size_t position = index_.find(function);
    return position != KeyIndex::kNotFound ? &entries_[position] : nullptr;
}

Outcome HypercallSpace::handle(const HypercallTrap& trap, CpuPort& cpu) const {
    const u64 x0 = cpu.x(0);
    u32 function = static_cast<u32>(x0);
    TRACE(kvm_hypercall, "{}: {} #{:#x} x0 {:#x} @ {:#x}", cpu.index(), conduit_name(trap.conduit),
          trap.immediate, x0, cpu.pc());
    if (trap.immediate != 0) {
        GUEST_ERROR("vCPU {}: {} with immediate {:#x}", cpu.index(), conduit_name(trap.conduit),
                    trap.immediate);
        return not_supported();
    }
    if ((function & kFastCall) != 0) function &= ~kSveHint;

    const HypercallEntry* entry = find(function);
    if (entry == nullptr) {
        UNIMP("vCPU {}: {} call of function {:#010x}", cpu.index(), conduit_name(trap.conduit), function);
        return not_supported();
    }
    const unsigned width = (function & kSmc64) != 0 ? 64 : 32;
    HypercallArgs args{.function = function, .conduit = trap.conduit};
    if (entry->arguments >= 1) args.x1 = cpu.x(1) & low_mask(width);
    if (entry->arguments >= 2) args.x2 = cpu.x(2) & low_mask(width);
    if (entry->arguments >= 3) args.x3 = cpu.x(3) & low_mask(width);
    return entry->handle(*entry, cpu, args);
}

}  // namespace trapeze::trap
