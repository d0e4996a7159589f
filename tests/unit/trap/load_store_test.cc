// Loads and stores without a syndrome, with translation off. Guests execute every form against RAM
// (tests/guest/mmio_forms_match_ram.cc); here is what no guest of ours can have, and what must not go wrong.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "load_store_cpu.h"
#include "trapeze/arch/translation.h"
#include "trapeze/trap/dispatch.h"

namespace trapeze::trap {
namespace {

constexpr u64 kRam = 0x4000'0000;
constexpr u64 kDevice = 0x0900'0000;
constexpr u64 kCode = LoadStoreCpu::kPc;
constexpr u64 kBigEndian = arch::SctlrEl1::EE::kMask;

class Device final : public bus::MmioDevice {
public:
    u64 mmio_read(const bus::MmioAccess& a) override {
        accesses.push_back({a.offset, a.size, false, 0});
        return 0x1000 + a.offset;
    }
    void mmio_write(const bus::MmioAccess& a, u64 value) override {
        accesses.push_back({a.offset, a.size, true, value});
    }
    void reset() override {}
    std::string_view name() const override { return "test"; }

    struct Access {
        u64 offset;
        unsigned size;
        bool is_write;
        u64 value;
        bool operator==(const Access&) const = default;
    };
    std::vector<Access> accesses;
};

class LoadStoreTest : public testing::Test {
protected:
    LoadStoreTest() {
        EXPECT_TRUE(memory_.add_ram({mem::Gpa{kRam}, 0x1'0000}));
        bus_.add({mem::Gpa{kDevice}, 0x1000}, device_);
        cpu_.general[1] = kDevice;
    }
    Outcome execute(u32 instruction) {
        u8 bytes[4];
        for (unsigned n = 0; n < 4; ++n) bytes[n] = static_cast<u8>(instruction >> (8 * n));
        EXPECT_TRUE(memory_.write(mem::Gpa{kCode}, bytes));
        return dispatch(UndescribedMmioTrap{mem::Gpa{kDevice}, 0}, cpu_, {sysregs_, calls_, bus_, memory_});
    }
    // Register n after the outcome; nullopt: not written.
    static std::optional<u64> written(const Outcome& outcome, unsigned n) {
        const auto& o = std::get<RegisterWrites>(outcome);
        std::optional<u64> value;
        for (unsigned i = 0; i < o.x_count; ++i)
            if (o.x[i].n == n) value = o.x[i].value;
        return value;
    }
    static void expect_abort(const Outcome& outcome, u8 status) {
        const auto& o = std::get<Inject>(outcome);
        EXPECT_EQ(o.esr.ec(), arch::ExceptionClass::DataAbortCurrent);
        EXPECT_EQ(o.esr.iss() & 0x3f, status);
    }

    LoadStoreCpu cpu_;
    Device device_;
    SysRegSpace sysregs_;
    HypercallSpace calls_;
    bus::MmioBus bus_;
    mem::GuestMemory memory_;
};

TEST_F(LoadStoreTest, LoadsOf64Bytes) {
    const Outcome outcome = execute(0xf83fd024);  // ld64b x4, [x1]
    for (unsigned n = 0; n < 8; ++n) EXPECT_EQ(written(outcome, 4 + n), 0x1000 + 8 * n);
    EXPECT_EQ(device_.accesses.size(), 8u);
}

TEST_F(LoadStoreTest, StoresOf64Bytes) {
    for (unsigned n = 0; n < 8; ++n) cpu_.general[4 + n] = 0x1111'1111'0000'0000 + n;
    cpu_.registers[arch::reg::ACCDATA_EL1] = 0xabcd;
    EXPECT_EQ(std::get<RegisterWrites>(execute(0xf83f9024)).x_count, 0);  // st64b x4, [x1]
    EXPECT_EQ(device_.accesses[7], (Device::Access{56, 8, true, 0x1111'1111'0000'0007}));
    EXPECT_EQ(written(execute(0xf822b024), 2), 0u);  // st64bv x2, x4, [x1]
    EXPECT_EQ(device_.accesses[8].value, 0x1111'1111'0000'0000u);
    EXPECT_EQ(written(execute(0xf822a024), 2), 0u);  // st64bv0 x2, x4, [x1]
    EXPECT_EQ(device_.accesses[16].value, 0x1111'1111'0000'abcdu);
    cpu_.general[1] += 8;
    expect_abort(execute(0xf83f9024), arch::DataAbortIss::kAlignment);
}

// FEAT_LSE128 and, with big-endian data, the bytes of each element.
TEST_F(LoadStoreTest, PairsThatAreAtomic) {
    cpu_.general[4] = 0xf0;
    cpu_.general[5] = 0x0f;
    const Outcome outcome = execute(0x19251024);  // ldclrp x4, x5, [x1]
    EXPECT_EQ(written(outcome, 4), 0x1000u);
    EXPECT_EQ(written(outcome, 5), 0x1008u);
    EXPECT_EQ(device_.accesses[3], (Device::Access{8, 8, true, 0x1000}));
    cpu_.registers[arch::reg::SCTLR_EL1] = kBigEndian;
    EXPECT_EQ(written(execute(0x29401424), 4), 0x0010'0000u);  // ldp w4, w5, [x1]
}

TEST_F(LoadStoreTest, BaseAndResultsOfOneRegister) {
    EXPECT_EQ(written(execute(0xf8408421), 1), 0x1000u);  // ldr x1, [x1], #8: the load wins
    cpu_.stack = kDevice;
    EXPECT_EQ(written(execute(0xf84087ff), 31), kDevice + 8);  // ldr xzr, [sp], #8
}

TEST_F(LoadStoreTest, ExclusivesNeedAMonitor) {
    const Outcome load = execute(0x885f7c24);  // ldxr w4, [x1]
    EXPECT_EQ(std::get<RegisterWrites>(load).marked, (ExclusiveMonitor{mem::Gpa{kDevice}, 4}));
    device_.accesses.clear();
    EXPECT_EQ(written(execute(0x88027c24), 2), 1u);  // stxr w2, w4, [x1]
    EXPECT_TRUE(device_.accesses.empty());
    cpu_.mark = ExclusiveMonitor{mem::Gpa{kDevice}, 4};
    EXPECT_EQ(written(execute(0x88027c24), 2), 0u);
    EXPECT_EQ(device_.accesses.size(), 1u);
    EXPECT_EQ(written(execute(0xc8027c24), 2), 1u);  // stxr w2, x4, [x1]: not the size that is marked
    cpu_.monitors = false;
    expect_abort(execute(0x885f7c24), arch::DataAbortIss::kUnsupportedExclusiveOrAtomic);
    EXPECT_EQ(device_.accesses.size(), 1u);
}

// What has become of the instruction or the tables since the exit is for the CPU to execute.
TEST_F(LoadStoreTest, WhatTheCpuCanDoIsRetried) {
    EXPECT_TRUE(std::holds_alternative<Retry>(execute(0xd420'0000)));  // brk #0
    EXPECT_TRUE(std::holds_alternative<Retry>(execute(0x1400'0001)));  // b .+4
    cpu_.general[1] = kRam;
    EXPECT_TRUE(std::holds_alternative<Retry>(execute(0xf8240025)));           // ldadd x4, x5, [x1]
    EXPECT_TRUE(std::holds_alternative<RegisterWrites>(execute(0xa9400424)));  // ldp x4, x1, [x1]
}

TEST_F(LoadStoreTest, WhatIsNotEmulatedAborts) {
    EXPECT_TRUE(std::holds_alternative<InjectExternalAbort>(execute(0xd50b'7421)));  // dc zva, x1
    EXPECT_TRUE(std::holds_alternative<InjectExternalAbort>(execute(0x8b01'0020)));  // add
    cpu_.pstate_value = 0x10;                                                        // AArch32
    EXPECT_TRUE(std::holds_alternative<InjectExternalAbort>(execute(0xb8404424)));
    EXPECT_TRUE(device_.accesses.empty());
}

// Whatever the word and the registers, it ends, within memory and with an outcome that advances or injects.
TEST_F(LoadStoreTest, RandomInstructions) {
    std::mt19937_64 random(2);
    unsigned done = 0;
    for (unsigned n = 0; n < 200'000; ++n) {
        for (u64& x : cpu_.general) {
            const u64 choice = random() % 4;
            x = choice == 0   ? random()
                : choice == 1 ? random() % 64
                              : (choice == 2 ? kDevice : kRam) + random() % 0x2000;
        }
        cpu_.stack = cpu_.general[0];
        cpu_.pstate_value = (random() & arch::Pstate::Uao::kMask) | arch::Pstate::kModeEl1h;
        cpu_.registers[arch::reg::SCTLR_EL1] = random() % 2 == 0 ? kBigEndian : 0;
        const auto word = static_cast<u32>(random());
        const Outcome outcome = execute((word & ~0x0a00'0000u) | 0x0800'0000u);
        if (std::holds_alternative<RegisterWrites>(outcome)) ++done;
        device_.accesses.clear();
    }
    EXPECT_GT(done, 20'000u);
}

}  // namespace
}  // namespace trapeze::trap
