// smp: 2
#include "intc.h"

using namespace guest;

namespace {

u64 first[8][8];
u64 second[8][8];

void read_all(u64 to) {
    auto* values = reinterpret_cast<u64(*)[8]>(to);
    for (unsigned crm = 1; crm < 8; ++crm) {
        for (unsigned op2 = 0; op2 < 8; ++op2) {
            const Encoding reg(3, 0, 0, crm, op2);
            const Caught caught = try_read(reg, values[crm][op2]);
            if (caught.taken) EXPECT_EQ_AT(crm << 8 | op2, caught.esr, 0);
        }
    }
}

}  // namespace

// DDI0487 "Accessing ID registers": op0 3, op1 0, CRn 0, CRm 1 to 7 read at EL1, and as zero where nothing is
// allocated.
TEST(id_registers_readable) {
    read_all(reinterpret_cast<u64>(first));
    constexpr struct {
        unsigned crm, op2;
    } kReserved[] = {{4, 3}, {4, 6}, {5, 3}, {5, 6}, {5, 7}, {6, 4},
                     {6, 5}, {6, 6}, {6, 7}, {7, 5}, {7, 6}, {7, 7}};
    for (const auto& reg : kReserved) EXPECT_EQ_AT(reg.crm << 8 | reg.op2, first[reg.crm][reg.op2], 0);
    const u64 pfr0 = first[4][0];
    EXPECT_EQ(READ_SYSREG(ID_AA64PFR0_EL1), pfr0);
    EXPECT(field(pfr0, 3, 0) != 0);  // EL0
    EXPECT(field(pfr0, 7, 4) != 0);  // EL1
    // The GIC CPU interface by system registers.
    EXPECT_EQ(field(pfr0, 27, 24), intc::kind() == intc::Kind::Gicv3 ? 1 : 0);
    EXPECT(field(first[5][0], 3, 0) >= 6);      // ID_AA64DFR0_EL1.DebugVer
    EXPECT(field(first[7][0], 31, 28) != 0xf);  // ID_AA64MMFR0_EL1.TGran4: this program uses it
    // All CPUs are alike, and the values do not change.
    start_cpu(1, read_all, reinterpret_cast<u64>(second));
    wait_cpu_off(1);
    for (unsigned crm = 1; crm < 8; ++crm) {
        for (unsigned op2 = 0; op2 < 8; ++op2) {
            EXPECT_EQ_AT(crm << 8 | op2, second[crm][op2], first[crm][op2]);
        }
    }
    EXPECT(READ_SYSREG(MIDR_EL1) != 0);
    READ_SYSREG(REVIDR_EL1);
    READ_SYSREG(AIDR_EL1);
}
