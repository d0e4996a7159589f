#include "firmware_fixture.h"

namespace trapeze::firmware {
namespace {

namespace s = arch::smccc;

class SmcccTest : public Firmware {
protected:
    // Services of a host that reports `level` for SMCCC_ARCH_WORKAROUND_n.
    s64 features_at(unsigned n, std::optional<u64> level) {
        SmcccArch arch([&](unsigned asked) { return asked == n ? level : std::nullopt; }, calls_);
        const u32 functions[] = {0, 0x8000'8000, 0x8000'7fff, 0x8000'3fff};
        return x0_of(arch.arch_features(
            cpu_, {.function = s::SMCCC_ARCH_FEATURES, .conduit = trap::Conduit::Smc, .x1 = functions[n]}));
    }
    static s64 x0_of(const trap::Outcome& outcome) {
        return static_cast<s64>(std::get<trap::CallResult>(outcome).x[0]);
    }
};

TEST_F(SmcccTest, VersionIs1_3) {
    EXPECT_EQ(x0(0x8000'0000), 0x1'0003);
}

TEST_F(SmcccTest, TheSveHintDoesNotChangeTheFunction) {
    EXPECT_EQ(x0(0x8001'0000), 0x1'0003);
}

TEST_F(SmcccTest, ArchFeatures) {
    EXPECT_EQ(x0(0x8000'0001, 0x8000'0000), 0);
    EXPECT_EQ(x0(0x8000'0001, 0x8000'0001), 0);
    EXPECT_EQ(x0(0x8000'0001, 0x8000'0002), -1);  // SMCCC_ARCH_SOC_ID
    EXPECT_EQ(x0(0x8000'0001, 0x8400'0000), -1);  // PSCI has PSCI_FEATURES
    EXPECT_EQ(x0(0x8000'0001, 0x0000'0000), -1);
    EXPECT_EQ(x0(s::SMCCC_ARCH_SOC_ID), -1);
}

// Linux, "ARM firmware pseudo-registers interface", against DEN0028 "SMCCC_ARCH_WORKAROUND_n".
TEST_F(SmcccTest, WorkaroundAnswersFollowTheHost) {
    for (const unsigned n : {1u, 3u}) {
        EXPECT_EQ(features_at(n, 0), -1);  // NOT_AVAIL
        EXPECT_EQ(features_at(n, 1), 0);   // AVAIL: call it
        EXPECT_EQ(features_at(n, 2), 1);   // NOT_REQUIRED on this CPU
        EXPECT_EQ(features_at(n, 7), -1);
        EXPECT_EQ(features_at(n, std::nullopt), -1);
    }
    EXPECT_EQ(features_at(2, 0), -1);     // NOT_AVAIL
    EXPECT_EQ(features_at(2, 1), -1);     // UNKNOWN
    EXPECT_EQ(features_at(2, 0x12), -1);  // AVAIL and ENABLED: not ours to switch
    EXPECT_EQ(features_at(2, 3), -2);     // NOT_REQUIRED: always on, or unaffected
    EXPECT_EQ(features_at(2, std::nullopt), -1);
}

TEST_F(SmcccTest, WorkaroundCallsWorkIfDiscovered) {
    EXPECT_EQ(x0(s::SMCCC_ARCH_WORKAROUND_1), 0);
    EXPECT_EQ(x0(s::SMCCC_ARCH_WORKAROUND_2, 1), -1);
    EXPECT_EQ(x0(s::SMCCC_ARCH_WORKAROUND_3), 0);
}

TEST_F(SmcccTest, UnknownServicesAreNotSupported) {
    for (const u32 function : {0x8600'ff01u, 0x8500'ff00u, 0x8400'ff01u, 0xc200'0000u, 0x3200'0000u})
        EXPECT_EQ(x0(function), -1) << std::hex << function;
}

class TrngTest : public Firmware {
protected:
    TrngTest() {
        for (unsigned i = 0; i < 24; ++i) entropy_.push_back(static_cast<u8>(0xf0 ^ (i * 37)));
    }
    // Bits [high:low] of the entropy as one number, byte 0 least significant.
    u64 entropy_bits(unsigned low, unsigned count) const {
        u64 value = 0;
        for (unsigned i = 0; i < count; ++i)
            value |= u64{(entropy_[(low + i) / 8] >> ((low + i) % 8)) & 1u} << i;
        return value;
    }
};

TEST_F(TrngTest, VersionAndFeatures) {
    EXPECT_EQ(x0(0x8400'0050), 0x1'0000);
    for (const u32 function : {0x8400'0050u, 0x8400'0051u, 0x8400'0052u, 0x8400'0053u, 0xc400'0053u})
        EXPECT_EQ(x0(0x8400'0051, function), 0) << std::hex << function;
    for (const u32 function : {0x8400'0054u, 0xc400'0050u, 0x8400'0000u, 0u})
        EXPECT_EQ(x0(0x8400'0051, function), -1) << std::hex << function;
}

TEST_F(TrngTest, UuidIsFourWordsAndNotAnError) {
    const std::vector<u64> uuid = results(0x8400'0052);
    ASSERT_EQ(uuid.size(), 4u);
    for (const u64 word : uuid) EXPECT_EQ(word >> 32, 0u);
    EXPECT_NE(uuid[0], 0xffff'ffffu);
    // RFC 4122 version 4, variant 1: the bytes are in order, low byte first in each word.
    EXPECT_EQ((uuid[1] >> 20) & 0xf, 4u);
    EXPECT_EQ((uuid[2] >> 6) & 3, 2u);
}

// DEN0098 TRNG_RND: the N bits are X1:X2:X3[N-1:0], the rest is zero.
TEST_F(TrngTest, Rnd64LayoutAtEveryWidth) {
    for (unsigned bits = 1; bits <= 192; ++bits) {
        const std::vector<u64> x = results(0xc400'0053, bits);
        ASSERT_EQ(x.size(), 4u);
        EXPECT_EQ(x[0], 0u);
        EXPECT_EQ(x[3], entropy_bits(0, std::min(bits, 64u))) << bits;
        EXPECT_EQ(x[2], bits <= 64 ? 0 : entropy_bits(64, std::min(bits - 64, 64u))) << bits;
        EXPECT_EQ(x[1], bits <= 128 ? 0 : entropy_bits(128, bits - 128)) << bits;
        EXPECT_EQ(requested_, (bits + 7) / 8);
    }
}

TEST_F(TrngTest, Rnd32LayoutAtEveryWidth) {
    for (unsigned bits = 1; bits <= 96; ++bits) {
        const std::vector<u64> x = results(0x8400'0053, bits);
        ASSERT_EQ(x.size(), 4u);
        EXPECT_EQ(x[0], 0u);
        EXPECT_EQ(x[3], entropy_bits(0, std::min(bits, 32u))) << bits;
        EXPECT_EQ(x[2], bits <= 32 ? 0 : entropy_bits(32, std::min(bits - 32, 32u))) << bits;
        EXPECT_EQ(x[1], bits <= 64 ? 0 : entropy_bits(64, bits - 64)) << bits;
    }
}

TEST_F(TrngTest, RndRefusesBadSizes) {
    const std::vector<u64> invalid{static_cast<u64>(s64{-2}), 0, 0, 0};
    EXPECT_EQ(results(0xc400'0053, 0), invalid);
    EXPECT_EQ(results(0xc400'0053, 193), invalid);
    EXPECT_EQ(results(0xc400'0053, ~u64{0}), invalid);
    EXPECT_EQ(results(0x8400'0053, 0), invalid);
    EXPECT_EQ(results(0x8400'0053, 97), invalid);
    // W1 is what counts in the 32-bit call.
    EXPECT_EQ(results(0x8400'0053, 0xffff'ffff'0000'0020)[0], 0u);
}

TEST_F(TrngTest, NoEntropyIsReportedWithoutBits) {
    entropy_.clear();
    const std::vector<u64> none{static_cast<u64>(s64{-3}), 0, 0, 0};
    EXPECT_EQ(results(0xc400'0053, 192), none);
    EXPECT_EQ(results(0x8400'0053, 1), none);
}

TEST_F(TrngTest, TheHostGivesDifferentBitsEachTime) {
    std::array<u8, 24> a{}, b{};
    ASSERT_TRUE(host_entropy(a));
    ASSERT_TRUE(host_entropy(b));
    EXPECT_NE(a, b);
}

}  // namespace
}  // namespace trapeze::firmware
