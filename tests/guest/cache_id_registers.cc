#include "cpu.h"

using namespace guest;

TEST(cache_id_registers) {
    const u64 ctr = READ_SYSREG(CTR_EL0);
    EXPECT_EQ(field(ctr, 31, 31), 1);
    EXPECT(field(ctr, 15, 14) >= 2);  // L1Ip: VIPT or PIPT
    EXPECT(field(ctr, 3, 0) <= 9 && field(ctr, 19, 16) <= 9);
    const u64 clidr = READ_SYSREG(CLIDR_EL1);
    unsigned levels = 0;
    for (unsigned level = 0; level < 7; ++level) {
        const u64 type = field(clidr, level * 3 + 2, level * 3);
        EXPECT(type <= 4);
        if (type == 0) break;
        ++levels;
        for (u64 instruction = 0; instruction < 2; ++instruction) {
            const bool exists = instruction != 0 ? (type & 1) != 0 : type != 1;
            if (!exists) continue;
            const u64 selected = level << 1 | instruction;
            WRITE_SYSREG(CSSELR_EL1, selected);
            isb();
            EXPECT_EQ_AT(selected, READ_SYSREG(CSSELR_EL1), selected);
            const u64 ccsidr = READ_SYSREG(CCSIDR_EL1);
            EXPECT(field(ccsidr, 2, 0) <= 5);  // lines of at most 512 bytes
            EXPECT_EQ_AT(selected, READ_SYSREG(CCSIDR_EL1), ccsidr);
        }
    }
    EXPECT(field(clidr, 26, 24) <= levels);  // LoC
    EXPECT(field(clidr, 29, 27) <= levels);  // LoUU
    // A level that does not exist is UNKNOWN, or UNDEFINED, but leaves everybody alive.
    u64 value = 0;
    WRITE_SYSREG(CSSELR_EL1, 0xe);
    isb();
    try_read(Encoding(3, 1, 0, 0, 0), value);
    WRITE_SYSREG(CSSELR_EL1, 0);
    EXPECT(field(READ_SYSREG(DCZID_EL0), 3, 0) <= 9);
}
