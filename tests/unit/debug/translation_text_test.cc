// How the monitor spells what the walker says.
#include "translation_text.h"

#include <gtest/gtest.h>

namespace trapeze::debug {
namespace {

TEST(TranslationText, MemoryTypes) {
    constexpr struct {
        u8 attr;
        std::string_view text;
    } kTypes[] = {
        {0x00, "Device-nGnRnE"},
        {0x04, "Device-nGnRE"},
        {0x08, "Device-nGRE"},
        {0x0c, "Device-GRE"},
        {0x01, "Device-nGnRnE XS=0"},
        {0x02, "reserved"},
        {0x40, "Normal NC XS=0"},
        {0x44, "Normal NC"},
        {0x4f, "Normal outer NC inner WB(RW)"},
        {0x77, "Normal WB(TRW)"},
        {0x11, "Normal WT(TW)"},
        {0xaa, "Normal WT(R)"},
        {0xa0, "Normal WT(R) XS=0"},
        {0xbb, "Normal WT(RW)"},
        {0xcc, "Normal WB()"},
        {0xe0, "Normal WB(RW) Tagged, no access to tags"},
        {0xf0, "Normal WB(RW) Tagged"},
        {0xf4, "Normal outer WB(RW) inner NC"},
        {0xff, "Normal WB(RW)"},
        {0xc0, "reserved"},
    };
    for (const auto& [attr, text] : kTypes) EXPECT_EQ(describe_memory_type(attr), text);
}

TEST(TranslationText, Faults) {
    using mem::FaultKind;
    EXPECT_EQ(describe_fault({.kind = FaultKind::Translation, .level = -1}),
              "Translation fault, level -1, stage 1");
    EXPECT_EQ(describe_fault({.kind = FaultKind::Permission, .level = 3, .overlay = true}),
              "Permission fault (overlay), level 3, stage 1");
    EXPECT_EQ(describe_fault({.kind = FaultKind::Permission, .level = 2, .dirty_bit = true}),
              "Permission fault (nDirty), level 2, stage 1");
    EXPECT_EQ(
        describe_fault({.kind = FaultKind::AccessFlag, .level = 2, .stage2 = true, .ipa = mem::Gpa{0x8000}}),
        "Access flag fault, level 2, stage 2 at 0x8000");
}

TEST(TranslationText, Sizes) {
    EXPECT_EQ(describe_size(4096), "4K");
    EXPECT_EQ(describe_size(u64{3} << 20), "3M");
    EXPECT_EQ(describe_size(u64{1} << 48), "256T");
    EXPECT_EQ(describe_size(u64{1} << 62), "4096P");
    EXPECT_EQ(describe_size(1025), "1025");
    EXPECT_EQ(describe_size(0), "0");
}

}  // namespace
}  // namespace trapeze::debug
