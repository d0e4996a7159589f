// Cache identification (DDI0487 "Cache identification registers"): CTR_EL0, CLIDR_EL1, CCSIDR_EL1,
// CSSELR_EL1.
#pragma once

#include <array>
#include <functional>
#include <optional>

#include "trapeze/trap/sysregs/id_registers.h"

namespace trapeze::trap {

// CCSIDR_EL1 for each value of CSSELR_EL1.{Level, InD}; zero where there is no such cache.
using CacheSizes = std::array<u64, 16>;

// `read` gives CCSIDR_EL1 for one value of CSSELR_EL1, nullopt for a cache that does not exist.
CacheSizes read_cache_sizes(const std::function<std::optional<u64>(u64 csselr)>& read);

// The registers of one vCPU, used on its thread.
class CacheRegisters {
public:
    CacheRegisters(const IdRegisters& ids, const CacheSizes& sizes) : ids_(ids), sizes_(sizes) {}
    static std::span<const SysRegRow<CacheRegisters>> table();

    // Cache selection: the only state, for reset, save and restore.
    u64 csselr() const { return csselr_; }
    // Bits other than Level and InD are RES0: TnD needs caches of allocation tags.
    void set_csselr(u64 value) { csselr_ = value & kCsselrMask; }

    SysRegValue identification(CpuPort&, arch::SysReg reg) { return ids_.effective(reg); }
    u64 ccsidr() const { return sizes_[csselr_]; }

private:
    static constexpr u64 kCsselrMask = mask(3, 0);

    const IdRegisters& ids_;
    const CacheSizes& sizes_;
    u64 csselr_ = 0;
};

}  // namespace trapeze::trap
