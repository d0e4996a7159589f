#include "trapeze/debug/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "exits.h"

namespace trapeze::debug {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class StatisticsTest : public testing::Test {
protected:
    void add(ExitStatistics& statistics, const vcpu::ObservedExit& exit) {
        statistics.add(names.key(exit), exit);
    }
    StatisticsReport report(std::vector<const ExitStatistics*> of) { return {of, names}; }

    Surroundings around;
    ExitNames names{around.bus, around.calls};
    ExitStatistics first, second;
};

TEST_F(StatisticsTest, HistogramBucketsArePowersOfTwo) {
    EXPECT_EQ(histogram_bucket(0), 0u);
    EXPECT_EQ(histogram_bucket(1), 0u);
    EXPECT_EQ(histogram_bucket(2), 1u);
    EXPECT_EQ(histogram_bucket(3), 1u);
    EXPECT_EQ(histogram_bucket(1023), 9u);
    EXPECT_EQ(histogram_bucket(1024), 10u);
    EXPECT_EQ(histogram_bucket(~u64{0}), kHistogramBuckets - 1);
}

TEST_F(StatisticsTest, NamesOfKeys) {
    const auto name = [this](trap::Trap trap, u64 x0 = 0) {
        vcpu::ObservedExit exit = observed(trap);
        exit.arguments[0] = x0;
        return std::string(exit_class_name(names.key(exit).exit_class)) + " " + names.name(names.key(exit));
    };
    EXPECT_EQ(name(sysreg(arch::reg::ICC_IAR1_EL1, true)), "sysreg_read ICC_IAR1_EL1");
    EXPECT_EQ(name(sysreg(arch::SysReg(3, 7, 15, 14, 6), false)), "sysreg_write S3_7_C15_C14_6");
    EXPECT_EQ(name(trap::HypercallTrap{trap::Conduit::Hvc, 0}, 0xc400'0003), "hvc CPU_ON");
    // The SVE hint of SMCCC 1.3 is no part of the function id.
    EXPECT_EQ(name(trap::HypercallTrap{trap::Conduit::Smc, 0}, 0x8401'0000), "smc PSCI_VERSION");
    EXPECT_EQ(name(trap::HypercallTrap{trap::Conduit::Smc, 0}, 0x1234), "smc 0x00001234");
    EXPECT_EQ(name(trap::WfxTrap{arch::WfxKind::Wfit, true, 1}), "wfx WFIT");
    EXPECT_EQ(name(mmio(0x0900'0018)), "mmio_read pl011");
    EXPECT_EQ(name(mmio(0x0a00'0200, true)), "mmio_write virtio-mmio@a000200");
    EXPECT_EQ(name(mmio(0x0b00'1000)), name(mmio(0x0b00'0000)));  // two windows, one device
    EXPECT_EQ(name(mmio(0x0c00'0000)), "mmio_read (no device)");
    EXPECT_EQ(name(trap::UndescribedMmioTrap{mem::Gpa{0x0900'0000}, 0}), "mmio_undescribed pl011");
    EXPECT_THAT(name(trap::UnexpectedTrap{static_cast<arch::ExceptionClass>(0x19), 0}), HasSubstr("EC 0x19"));
    EXPECT_EQ(names.name(names.key(vcpu::ObservedExit{})), "interrupted");
}

TEST_F(StatisticsTest, SumsOverVcpusSortedByCost) {
    add(first, observed(mmio(0x0900'0000), 0, 100, 40));
    add(first, observed(mmio(0x0900'0000), 0, 200, 20));
    add(second, observed(mmio(0x0900'0004), 0, 300, 60));
    add(second, observed(trap::WfxTrap{arch::WfxKind::Wfi, false, 0}, 0, 5, 1000, 5000));
    add(second, observed(sysreg(arch::reg::ICC_IAR1_EL1, true), 0, 7, 8));
    const auto all = report({&first, &second});
    ASSERT_EQ(all.rows().size(), 3u);
    EXPECT_EQ(all.rows()[0].key.exit_class, ExitClass::Wfx);
    EXPECT_EQ(all.rows()[0].totals.total, 1000u);
    EXPECT_EQ(all.rows()[0].totals.blocked, 5000u);
    const ExitTotals& uart = all.rows()[1].totals;
    EXPECT_EQ(uart.count, 3u);
    EXPECT_EQ(uart.total, 120u);
    EXPECT_EQ(uart.min, 20u);
    EXPECT_EQ(uart.max, 60u);
    EXPECT_EQ(uart.guest, 600u);
    EXPECT_EQ(uart.histogram[4], 1u);  // 20
    EXPECT_EQ(uart.histogram[5], 2u);  // 40, 60
    EXPECT_EQ(all.vcpus()[0].count, 2u);
    EXPECT_EQ(all.vcpus()[1].guest, 312u);
    EXPECT_EQ(all.classes()[static_cast<std::size_t>(ExitClass::SysRegRead)].total, 8u);
}

TEST_F(StatisticsTest, TableAndJsonSayTheSame) {
    add(first, observed(mmio(0x0900'0000), 0, 100, 2500));
    add(first, observed(mmio(0x0900'0000), 0, 100, 1500));
    const auto all = report({&first, &second});
    EXPECT_THAT(all.table(),
                HasSubstr("vCPU 0: 2 exits; guest 0.200 us, handling 4.000 us, blocked 0.000 us\n"));
    EXPECT_THAT(all.table(), HasSubstr("         2          4.000  100.0      1.500      2.000        2.500"
                                       "          0.000  mmio_read        pl011\n"));
    const json parsed = json::parse(all.json());
    EXPECT_EQ(parsed["unit"], "ns");
    EXPECT_EQ(parsed["vcpus"].size(), 2u);
    EXPECT_EQ(parsed["vcpus"][1]["count"], 0);
    EXPECT_EQ(parsed["classes"][0]["class"], "mmio_read");
    const json& row = parsed["exits"][0];
    EXPECT_EQ(row["name"], "pl011");
    EXPECT_EQ(row["total"], 4000);
    EXPECT_EQ(row["min"], 1500);
    EXPECT_EQ(row["histogram"].size(), 12u);
    EXPECT_EQ(row["histogram"][10], 1);
    EXPECT_EQ(row["histogram"][11], 1);
}

TEST_F(StatisticsTest, AnInventiveGuestIsCountedInBoundedMemory) {
    u64 exits = 0;
    for (unsigned encoding = 0; encoding < 0x1'0000; ++encoding) {
        for (const bool read : {false, true}) {
            add(first, observed(sysreg(arch::SysReg::from_encoding(static_cast<u16>(encoding)), read)));
            ++exits;
        }
        vcpu::ObservedExit call = observed(trap::HypercallTrap{trap::Conduit::Hvc, 0});
        call.arguments[0] = encoding;
        add(first, call);
        ++exits;
    }
    EXPECT_LT(first.rows().size(), 1000u);
    const auto all = report({&first});
    EXPECT_EQ(all.vcpus()[0].count, exits);
    EXPECT_THAT(all.table(), HasSubstr("sysreg_read      (others)"));
    EXPECT_THAT(all.table(), HasSubstr("hvc              (others)"));
}

TEST_F(StatisticsTest, MayBeReadWhileItGrows) {
    constexpr u64 kExits = 20'000;
    std::jthread writer([this] {
        for (u64 n = 0; n < kExits; ++n) {
            add(first, observed(sysreg(arch::SysReg::from_encoding(static_cast<u16>(n % 300)), true)));
        }
    });
    u64 seen = 0;
    while (seen < kExits) {
        u64 now = 0;
        for (const ExitRow& row : first.rows()) now += row.totals.count;
        ASSERT_GE(now, seen);
        seen = now;
    }
    EXPECT_EQ(seen, kExits);
}

}  // namespace
}  // namespace trapeze::debug
