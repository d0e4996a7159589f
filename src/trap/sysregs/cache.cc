#include "trapeze/trap/sysregs/cache.h"

namespace trapeze::trap {
namespace {

using Cache = CacheRegisters;

// CCSIDR2_EL1 belongs to FEAT_CCIDX and is hidden (hidden.cc). EL0 reads of CTR_EL0 that SCTLR_EL1.UCT
// forbids do not get here.
constexpr SysRegRow<Cache> kRows[] = {
    rows::ro<&Cache::ccsidr>(arch::reg::CCSIDR_EL1, "DDI0487 CCSIDR_EL1"),
    rows::ro<&Cache::identification>(arch::reg::CLIDR_EL1, "DDI0487 CLIDR_EL1"),
    rows::rw<&Cache::csselr, &Cache::set_csselr>(arch::reg::CSSELR_EL1, "DDI0487 CSSELR_EL1"),
    rows::ro<&Cache::identification>(arch::reg::CTR_EL0, "DDI0487 CTR_EL0", MinEl::El0),
};
static_assert(valid_sysreg_table(kRows));

}  // namespace

CacheSizes read_cache_sizes(const std::function<std::optional<u64>(u64 csselr)>& read) {
    // Level counts from 0 for the first; 0b111 is reserved.
    constexpr u64 kSelections = 7 * 2;
    CacheSizes sizes{};
    for (u64 csselr = 0; csselr < kSelections; ++csselr) sizes[csselr] = read(csselr).value_or(0);
    return sizes;
}

std::span<const SysRegRow<CacheRegisters>> CacheRegisters::table() {
    return kRows;
}

}  // namespace trapeze::trap
