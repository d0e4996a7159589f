// Guest memory through a vCPU's translation, and what the debugger's BRK instructions do to it.
#include "gdb/guest_code.h"

#include <gmock/gmock.h>

#include "fake_machine.h"

namespace trapeze::debug::gdb {
namespace {

using testing::ElementsAre;

constexpr u64 kRam = FakeMachine::kRam;
constexpr u64 kRamEnd = kRam + FakeMachine::kRamSize;
constexpr u64 kPage = kRam + 0x5000;  // physical; mapped at kVirtual
constexpr u64 kVirtual = 0x7000'1000;
constexpr u32 kNop = 0xd503'201f;
constexpr u32 kRet = 0xd65f'03c0;
constexpr u32 kBrk = 0xd42f'4fc0;  // BRK #0x7a7e

class GdbGuestCode : public testing::Test {
protected:
    u32 in_ram(u64 address) {
        u32 value = 0;
        EXPECT_TRUE(
            machine_.memory().read(mem::Gpa{address}, {reinterpret_cast<u8*>(&value), sizeof(value)}));
        return value;
    }
    void put(u64 address, u32 value) {
        ASSERT_TRUE(
            machine_.memory().write(mem::Gpa{address}, {reinterpret_cast<u8*>(&value), sizeof(value)}));
    }
    std::vector<u8> read(u64 address, std::size_t size, bool physical = false, std::size_t cpu = 0) {
        std::vector<u8> bytes(size);
        bytes.resize(code_.read(cpu, address, bytes, physical));
        return bytes;
    }
    u32 word(u64 address, bool physical = false) {
        u32 value = 0;
        EXPECT_EQ(code_.read(0, address, {reinterpret_cast<u8*>(&value), sizeof(value)}, physical),
                  sizeof(value));
        return value;
    }

    FakeMachine machine_;
    GuestCode code_{machine_};
};

TEST_F(GdbGuestCode, WithoutMmuAddressesArePhysical) {
    put(kRam, 0x04030201);
    EXPECT_THAT(read(kRam, 4), ElementsAre(1, 2, 3, 4));
    EXPECT_EQ(code_.translate(0, kRam + 8), mem::Gpa{kRam + 8});
    EXPECT_TRUE(read(0x0900'0000, 4).empty()) << "no RAM";
    EXPECT_EQ(read(kRamEnd - 4098, 8192).size(), 4098u) << "as much as there is";
}

TEST_F(GdbGuestCode, TranslatesAsTheVcpuDoes) {
    machine_.map_page(1, kVirtual, kPage);
    put(kPage + 0xffc, kRet);
    EXPECT_EQ(code_.translate(1, kVirtual + 0x18), mem::Gpa{kPage + 0x18});
    EXPECT_EQ(code_.translate(1, kVirtual + 0x1000), std::nullopt);
    EXPECT_EQ(code_.translate(0, kVirtual), mem::Gpa{kVirtual}) << "the MMU of vCPU 0 is off";
    EXPECT_EQ(read(kVirtual + 0xffc, 4, false, 1), read(kPage + 0xffc, 4, true));
    EXPECT_EQ(read(kVirtual + 0xffc, 8, false, 1).size(), 4u) << "the next page is not mapped";
    EXPECT_TRUE(read(kPage, 4, false, 1).empty());
}

TEST_F(GdbGuestCode, WritesPageByPage) {
    machine_.map_page(0, kVirtual, kPage);
    machine_.map_page(0, kVirtual + 0x1000, kRam + 0x9000);
    const std::vector<u8> bytes(8, 0xab);
    EXPECT_TRUE(code_.write(0, kVirtual + 0xffc, bytes, false));
    EXPECT_EQ(in_ram(kPage + 0xffc), 0xabab'abab);
    EXPECT_EQ(in_ram(kRam + 0x9000), 0xabab'abab);
    EXPECT_EQ(machine_.accels[0]->instruction_writes(), 2u) << "it may have been code";
    EXPECT_FALSE(code_.write(0, kVirtual + 0x1ffc, bytes, false)) << "the second page is not mapped";
    EXPECT_EQ(in_ram(kRam + 0x9ffc), 0xabab'abab) << "the first is written all the same";
    EXPECT_FALSE(code_.write(0, kVirtual, bytes, true)) << "no physical address";
}

TEST_F(GdbGuestCode, ABreakpointIsInRamAndNotInWhatIsRead) {
    put(kPage, kNop);
    ASSERT_TRUE(code_.patch(mem::Gpa{kPage}));
    EXPECT_TRUE(code_.has_patches());
    EXPECT_TRUE(code_.is_patched(mem::Gpa{kPage}));
    EXPECT_FALSE(code_.is_patched(mem::Gpa{kPage + 4}));
    EXPECT_EQ(in_ram(kPage), kBrk);
    EXPECT_EQ(machine_.accels[0]->instruction_writes(), 1u);
    EXPECT_EQ(word(kPage, true), kNop);
    machine_.map_page(0, kVirtual, kPage);
    EXPECT_EQ(word(kVirtual), kNop) << "under any name";
    // Reads that begin, or end, inside of it.
    EXPECT_THAT(read(kVirtual + 2, 4), ElementsAre(0x03, 0xd5, 0, 0));
    EXPECT_THAT(read(kPage - 2, 3, true), ElementsAre(0, 0, 0x1f));
    code_.unpatch(mem::Gpa{kPage});
    EXPECT_EQ(in_ram(kPage), kNop);
    EXPECT_EQ(machine_.accels[0]->instruction_writes(), 2u);
    EXPECT_FALSE(code_.has_patches());
}

TEST_F(GdbGuestCode, ABreakpointStaysUntilItsLastUserIsGone) {
    put(kPage, kNop);
    ASSERT_TRUE(code_.patch(mem::Gpa{kPage}));
    ASSERT_TRUE(code_.patch(mem::Gpa{kPage}));
    code_.unpatch(mem::Gpa{kPage});
    EXPECT_EQ(in_ram(kPage), kBrk);
    code_.unpatch(mem::Gpa{kPage});
    EXPECT_EQ(in_ram(kPage), kNop);
    code_.unpatch(mem::Gpa{kPage});  // once too often
    EXPECT_EQ(in_ram(kPage), kNop);
}

TEST_F(GdbGuestCode, OnlyInstructionsInRamCanBePatched) {
    EXPECT_FALSE(code_.patch(mem::Gpa{kPage + 2}));
    EXPECT_FALSE(code_.patch(mem::Gpa{0x0900'0000}));
    EXPECT_FALSE(code_.patch(mem::Gpa{kRamEnd}));
    EXPECT_FALSE(code_.has_patches());
    EXPECT_EQ(in_ram(kPage), 0u);
}

TEST_F(GdbGuestCode, ANewInstructionGoesBelowTheBreakpoint) {
    put(kPage, kNop);
    ASSERT_TRUE(code_.patch(mem::Gpa{kPage}));
    ASSERT_TRUE(code_.patch(mem::Gpa{kPage + 8}));
    const u32 code[] = {kRet, kNop};
    ASSERT_TRUE(code_.write(0, kPage, {reinterpret_cast<const u8*>(code), sizeof(code)}, true));
    EXPECT_EQ(in_ram(kPage), kBrk);
    EXPECT_EQ(in_ram(kPage + 4), kNop);
    EXPECT_EQ(word(kPage), kRet);
    const u8 half[] = {0x1f, 0x20};  // of the instruction
    ASSERT_TRUE(code_.write(0, kPage, half, true));
    EXPECT_EQ(in_ram(kPage), kBrk);
    EXPECT_EQ(word(kPage), (kRet & 0xffff'0000) | 0x201f);
    code_.unpatch(mem::Gpa{kPage});
    EXPECT_EQ(in_ram(kPage), (kRet & 0xffff'0000) | 0x201f);
}

TEST_F(GdbGuestCode, WhatTheGuestPutInItsPlaceStays) {
    put(kPage, kNop);
    ASSERT_TRUE(code_.patch(mem::Gpa{kPage}));
    put(kPage, kRet);
    code_.unpatch(mem::Gpa{kPage});
    EXPECT_EQ(in_ram(kPage), kRet);
}

TEST_F(GdbGuestCode, ALoadedImageIsPatchedAgain) {
    put(kPage, kNop);
    put(kPage + 4, kNop);
    ASSERT_TRUE(code_.patch(mem::Gpa{kPage}));
    ASSERT_TRUE(code_.patch(mem::Gpa{kPage + 4}));
    put(kPage, kRet);  // the second one has survived the reset
    code_.reapply();
    EXPECT_EQ(in_ram(kPage), kBrk);
    EXPECT_EQ(word(kPage), kRet);
    EXPECT_EQ(in_ram(kPage + 4), kBrk);
    EXPECT_EQ(word(kPage + 4), kNop);
}

}  // namespace
}  // namespace trapeze::debug::gdb
