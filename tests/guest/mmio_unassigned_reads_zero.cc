// only: trapeze
#include "cpu.h"

using namespace guest;

// Where no device is: reads as zero, ignores writes, and nobody dies. (QEMU has an external abort there.)
TEST(mmio_unassigned_reads_zero) {
    constexpr u64 kAddresses[] = {kUnassigned, 0x08060000, 0x09004000, 0x0b000008};
    for (const u64 address : kAddresses) {
        EXPECT_EQ_AT(address, read8(address + 1), 0);
        EXPECT_EQ_AT(address, read32(address), 0);
        EXPECT_EQ_AT(address, read64(address), 0);
        write8(address, 0xff);
        write32(address, ~0u);
        write64(address, ~u64{0});
        EXPECT_EQ_AT(address, read64(address), 0);
    }
}
