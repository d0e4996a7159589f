// Tables built by hand, and the registers to walk them with.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <vector>

#include "trapeze/base/bits.h"
#include "trapeze/mem/walker.h"

namespace trapeze::mem {

inline void PrintTo(const Fault& f, std::ostream* out) {
    constexpr const char* kKinds[] = {"AddressSize", "Translation", "AccessFlag", "Permission",
                                      "ExternalAbort"};
    *out << kKinds[static_cast<int>(f.kind)] << " at level " << static_cast<int>(f.level)
         << (f.stage2 ? " of stage 2" : "") << (f.on_walk ? " on a walk" : "")
         << (f.overlay ? " overlay" : "") << (f.dirty_bit ? " dirty" : "");
}

// Descriptor bits, by the names of DDI0487 "Translation table descriptor formats".
inline constexpr u64 kTable = 0b11, kPage = 0b11, kBlock = 0b01;
inline constexpr u64 kAf = 1 << 10, kNg = 1 << 11;
inline constexpr u64 kAp1 = 1 << 6, kAp2 = 1 << 7;  // EL0 access, read-only
inline constexpr u64 kInner = 0b11 << 8, kOuter = 0b10 << 8;
inline constexpr u64 kDbm = bit(51), kContiguous = bit(52), kPxn = bit(53), kUxn = bit(54);
inline constexpr u64 kPxnTable = bit(59), kUxnTable = bit(60), kApTable0 = bit(61), kApTable1 = bit(62);
constexpr u64 attr_index(u64 n) {
    return n << 2;
}

// MAIR_EL1: 0 Normal Write-Back, 1 Device-nGnRE, 2 Normal Non-cacheable, 3 Device-nGnRnE, 4 Write-Through.
inline constexpr u64 kMair = 0xffull | 0x04ull << 8 | 0x44ull << 16 | 0x00ull << 24 | 0xbbull << 32;

inline constexpr u64 kSctlrM = 1, kSctlrC = 1 << 2, kSctlrI = 1 << 12, kSctlrWxn = 1 << 19,
                     kSctlrEe = 1 << 25;
inline constexpr u64 kSctlrEpan = bit(57);

// TCR_EL1, by the manual's bit numbers.
constexpr u64 t0sz(u64 n) {
    return n;
}
constexpr u64 t1sz(u64 n) {
    return n << 16;
}
inline constexpr u64 kTg0_4K = 0b00 << 14, kTg0_64K = 0b01 << 14, kTg0_16K = 0b10 << 14;
inline constexpr u64 kTg1_16K = 0b01ull << 30, kTg1_4K = 0b10ull << 30, kTg1_64K = 0b11ull << 30;
inline constexpr u64 kIps32 = 0, kIps36 = 1ull << 32, kIps40 = 2ull << 32, kIps48 = 5ull << 32,
                     kIps52 = 6ull << 32;
inline constexpr u64 kEpd0 = 1 << 7, kEpd1 = 1 << 23;
inline constexpr u64 kTbi0 = bit(37), kTbi1 = bit(38), kHa = bit(39), kHd = bit(40), kHpd0 = bit(41),
                     kHpd1 = bit(42);
inline constexpr u64 kTbid0 = bit(51), kE0pd0 = bit(55), kE0pd1 = bit(56), kDs = bit(59), kMtx0 = bit(60),
                     kMtx1 = bit(61);
inline constexpr u64 kTcr2Pie = 1 << 1, kTcr2E0poe = 1 << 2, kTcr2Poe = 1 << 3, kTcr2Aie = 1 << 4;

// A CPU with every feature that the walker knows, 52-bit addresses included.
inline MmuFeatures all_features() {
    MmuFeatures f;
    f.pa_bits = 52;
    f.lpa2_4k = f.lpa2_16k = f.lva = f.mixed_endian = f.haf = f.hdbs = f.hpds = true;
    f.pan = f.pan3 = f.e0pd = f.ttst = f.tcr2 = f.s1pie = f.s1poe = f.aie = f.pauth = f.mtx = true;
    return f;
}

class WalkTest : public testing::Test {
protected:
    WalkTest() {
        regs.SCTLR_EL1 = kSctlrM | kSctlrC | kSctlrI;
        regs.TCR_EL1 = t0sz(16) | t1sz(16) | kTg0_4K | kTg1_4K | kIps48;
        regs.MAIR_EL1 = kMair;
    }

    void put(u64 address, u64 descriptor) { memory[address] = descriptor; }

    DescriptorReader reader() {
        return [this](Gpa address) -> std::optional<u64> {
            reads.push_back(address.value);
            const auto found = memory.find(address.value);
            if (found == memory.end()) return std::nullopt;
            return found->second;
        };
    }

    WalkResult walk(u64 va, Access access = {}) {
        reads.clear();
        return walk_stage1(regs, features, access, Gva{va}, reader());
    }
    WalkResult debug(u64 va) { return translate_for_debug(regs, features, Gva{va}, reader()); }

    // Without its size, which has tests of its own: walk_ranges_test.cc.
    Fault fault_of(const WalkResult& result) {
        EXPECT_FALSE(result.has_value()) << "translated to " << std::hex << result->pa.value;
        Fault fault = result ? Fault{} : result.error();
        fault.size = 0;
        return fault;
    }
    Fault fault(u64 va, Access access = {}) { return fault_of(walk(va, access)); }

    u64 pa(u64 va, Access access = {}) {
        const WalkResult result = walk(va, access);
        EXPECT_TRUE(result.has_value()) << testing::PrintToString(result.error());
        return result ? result->pa.value : ~u64{0};
    }

    static Fault translation(int level) {
        return {.kind = FaultKind::Translation, .level = static_cast<s8>(level)};
    }
    static Fault address_size(int level) {
        return {.kind = FaultKind::AddressSize, .level = static_cast<s8>(level)};
    }
    static Fault access_flag(int level) {
        return {.kind = FaultKind::AccessFlag, .level = static_cast<s8>(level)};
    }
    static Fault permission(int level) {
        return {.kind = FaultKind::Permission, .level = static_cast<s8>(level)};
    }
    static Fault external_abort(int level) {
        return {.kind = FaultKind::ExternalAbort, .level = static_cast<s8>(level)};
    }

    // Four levels of 4KB tables at 0x1000..0x4000 that map the page of kVa with `leaf`.
    static constexpr u64 kVa = (1ull << 39) | (2ull << 30) | (3ull << 21) | (4ull << 12);
    static constexpr u64 kLeafAt = 0x4000 + 4 * 8;
    static constexpr u64 kPa = 0x8765'4000;
    void map_page(u64 leaf) {
        regs.TTBR0_EL1 = 0x1000;
        put(0x1000 + 1 * 8, 0x2000 | kTable);
        put(0x2000 + 2 * 8, 0x3000 | kTable);
        put(0x3000 + 3 * 8, 0x4000 | kTable);
        put(kLeafAt, leaf);
    }

    El10Registers regs;
    MmuFeatures features = all_features();
    std::map<u64, u64> memory;
    std::vector<u64> reads;
};

inline constexpr Access kRead{.kind = AccessKind::Read};
inline constexpr Access kWrite{.kind = AccessKind::Write};
inline constexpr Access kFetch{.kind = AccessKind::Fetch};
inline constexpr Access kEl0Read{.kind = AccessKind::Read, .privileged = false};
inline constexpr Access kEl0Write{.kind = AccessKind::Write, .privileged = false};
inline constexpr Access kEl0Fetch{.kind = AccessKind::Fetch, .privileged = false};
inline constexpr Access kReadPan{.kind = AccessKind::Read, .pan = true};
inline constexpr Access kWritePan{.kind = AccessKind::Write, .pan = true};

}  // namespace trapeze::mem
