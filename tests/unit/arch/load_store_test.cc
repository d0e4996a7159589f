// Hand-picked encodings, as an assembler gives them. tests/load_store compares all of them with a
// disassembler.
#include "trapeze/arch/load_store.h"

#include <gtest/gtest.h>

#include <random>

namespace trapeze::arch {
namespace {

TEST(LoadStore, PostIndexedWord) {
    // str w3, [x4], #4
    const auto d = decode_load_store(0xb8004483);
    ASSERT_TRUE(d);
    EXPECT_EQ(d->op, MemoryOp::Store);
    EXPECT_EQ(d->addressing, Addressing::PostIndex);
    EXPECT_EQ(d->size, 4);
    EXPECT_EQ(d->rt, 3);
    EXPECT_EQ(d->rn, 4);
    EXPECT_EQ(d->offset, 4);
    EXPECT_TRUE(d->writes_back());
    EXPECT_TRUE(d->writes_memory());
    EXPECT_FALSE(d->reads_memory());
}

TEST(LoadStore, PairBelowTheStackPointer) {
    // ldp x29, x30, [sp, #-16]!
    const auto d = decode_load_store(0xa9ff7bfd);
    ASSERT_TRUE(d);
    EXPECT_EQ(d->op, MemoryOp::Load);
    EXPECT_EQ(d->addressing, Addressing::PreIndex);
    EXPECT_EQ(d->registers, 2);
    EXPECT_EQ(d->bytes(), 16u);
    EXPECT_EQ(d->rt, 29);
    EXPECT_EQ(d->rt2, 30);
    EXPECT_EQ(d->rn, 31);
    EXPECT_EQ(d->offset, -16);
}

TEST(LoadStore, SignedHalfwordToThirtyTwoBits) {
    // ldrsh w1, [x2, w3, sxtw #1]
    const auto d = decode_load_store(0x78e3d841);
    ASSERT_TRUE(d);
    EXPECT_TRUE(d->sign_extend);
    EXPECT_EQ(d->register_bits, 32);
    EXPECT_EQ(d->addressing, Addressing::RegisterOffset);
    EXPECT_EQ(d->index, (RegisterIndex{.rm = 3, .option = 6, .shift = 1}));
}

TEST(LoadStore, FourInterleavedVectors) {
    // ld4 {v30.8h, v31.8h, v0.8h, v1.8h}, [x0], #64
    const auto d = decode_load_store(0x4cdf041e);
    ASSERT_TRUE(d);
    EXPECT_TRUE(d->vector);
    EXPECT_EQ(d->list, RegisterList::Structures);
    EXPECT_EQ(d->registers, 4);
    EXPECT_EQ(d->elements, 32);
    EXPECT_EQ(d->bytes(), 64u);
    EXPECT_EQ(d->addressing, Addressing::PostIndex);
    EXPECT_EQ(d->offset, 64);
    EXPECT_EQ(d->shape, (StructureShape{.repeat = 1, .interleave = 4, .lanes = 8, .register_bytes = 16}));
}

TEST(LoadStore, OneLane) {
    // st1 {v5.h}[6], [x1], x2
    const auto d = decode_load_store(0x4d825025);
    ASSERT_TRUE(d);
    EXPECT_EQ(d->op, MemoryOp::Store);
    EXPECT_EQ(d->size, 2);
    EXPECT_EQ(d->shape.first_lane, 6);
    EXPECT_TRUE(d->shape.single);
    EXPECT_EQ(d->addressing, Addressing::PostIndexRegister);
    EXPECT_EQ(d->index.rm, 2);
}

TEST(LoadStore, ExclusivesAndAtomics) {
    // stlxp w2, x3, x4, [x5]
    const auto exclusive = decode_load_store(0xc82290a3);
    ASSERT_TRUE(exclusive);
    EXPECT_EQ(exclusive->op, MemoryOp::StoreExclusive);
    EXPECT_TRUE(exclusive->release);
    EXPECT_EQ(exclusive->rs, 2);
    EXPECT_EQ(exclusive->bytes(), 16u);
    // ldumaxal x6, x7, [x8]
    const auto atomic = decode_load_store(0xf8e66107);
    ASSERT_TRUE(atomic);
    EXPECT_EQ(atomic->op, MemoryOp::UnsignedMax);
    EXPECT_TRUE(atomic->acquire && atomic->release);
    EXPECT_TRUE(atomic->reads_memory() && atomic->writes_memory());
    EXPECT_EQ(atomic->rs, 6);
    EXPECT_EQ(atomic->rt, 7);
}

TEST(LoadStore, SixtyFourBytes) {
    // ld64b x8, [x9]
    const auto d = decode_load_store(0xf83fd128);
    ASSERT_TRUE(d);
    EXPECT_EQ(d->registers, 8);
    EXPECT_EQ(d->bytes(), 64u);
    EXPECT_EQ(d->rt, 8);
    EXPECT_FALSE(decode_load_store(0xf83fd129));  // an odd register
    EXPECT_FALSE(decode_load_store(0xf83fd138));  // X24 to X31
}

TEST(LoadStore, WhatIsLeftOut) {
    EXPECT_FALSE(decode_load_store(0xf8200441));  // ldraa x1, [x2]
    EXPECT_FALSE(decode_load_store(0xd9600041));  // ldg x1, [x2]
    EXPECT_FALSE(decode_load_store(0x69000841));  // stgp x1, x2, [x2]
    EXPECT_FALSE(decode_load_store(0xd50b7421));  // dc zva, x1
    EXPECT_FALSE(decode_load_store(0x85804041));  // ldr z1, [x2] (SVE)
    EXPECT_FALSE(decode_load_store(0x1d010443));  // cpyfm
    EXPECT_FALSE(decode_load_store(0));
    EXPECT_FALSE(decode_load_store(0xffff'ffff));
}

// What the executor may rely on, of any word.
TEST(LoadStore, EveryDescriptionIsWithinBounds) {
    std::mt19937 random(1);
    unsigned known = 0;
    for (unsigned n = 0; n < 4'000'000; ++n) {
        const auto word = static_cast<u32>(random());
        const auto d = decode_load_store((word & ~0x0a00'0000u) | 0x0800'0000u);
        if (!d) continue;
        ++known;
        ASSERT_GE(d->bytes(), 1u) << std::hex << word;
        ASSERT_LE(d->bytes(), 64u) << std::hex << word;
        ASSERT_LE(d->registers, 8) << std::hex << word;
        if (d->list == RegisterList::Structures) {
            ASSERT_LE(d->registers, 4);
            ASSERT_LE((d->shape.first_lane + d->shape.lanes) * d->size, 16) << std::hex << word;
        }
        // A general register beyond X30 is never one of a sequence.
        if (d->list == RegisterList::Sequence) {
            ASSERT_LE(d->rt + d->registers, 32) << std::hex << word;
        }
    }
    EXPECT_GT(known, 1'000'000u);
}

}  // namespace
}  // namespace trapeze::arch
