#include "trapeze/devices/scratch.h"

#include <gtest/gtest.h>

namespace trapeze::devices {
namespace {

class ScratchTest : public testing::Test {
protected:
    u64 read(u64 offset, unsigned size = 8) { return device_.mmio_read({offset, size, 0}); }
    void write(u64 offset, u64 value, unsigned size = 8) { device_.mmio_write({offset, size, 0}, value); }
    Scratch device_;
};

TEST_F(ScratchTest, RemembersBytesAndAccesses) {
    write(0x10, 0x1122334455667788);
    EXPECT_EQ(read(0x12, 2), 0x5566u);
    EXPECT_EQ(read(0x1000), 2u);
    EXPECT_EQ(read(0x1010), 0x8000'0010u | 8 << 16);
    EXPECT_EQ(read(0x1018), 0x1122334455667788u);
    EXPECT_EQ(read(0x1020), 0x12u | 2 << 16);
    EXPECT_EQ(read(0x1028), 0x5566u);
    write(0x1000, 1);
    EXPECT_EQ(read(0x1000), 0u);
    EXPECT_EQ(read(0x10), 0x1122334455667788u);
    device_.reset();
    EXPECT_EQ(read(0x10), 0u);
}

TEST_F(ScratchTest, BearsAnyAccess) {
    for (u64 offset = 0; offset < Scratch::kSize + 16; ++offset) {
        for (const unsigned size : {1u, 2u, 4u, 8u}) {
            write(offset, ~u64{0}, size);
            read(offset, size);
        }
    }
}

}  // namespace
}  // namespace trapeze::devices
