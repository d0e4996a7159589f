// smp: 2
// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

// Every error that a call can return, with the argument that it blames. CPU 1 is off, which is no error: its
// rVIC is there, and disabled.
TEST(rvic_calls_refuse_bad_arguments) {
    constexpr u64 kOtherBits = ~u64{0xff00ffffff};  // of MPIDR_EL1, not affinity
    constexpr u64 kNoCpus[] = {mpidr_of(2), 0x100, 0x10000, u64{1} << 32};
    constexpr u64 kNoIntids[] = {rvic::kTotal, 0xffffffff};
    EXPECT_EQ(rvic::call(rvic::kAcknowledge), rvic::kDisabled);
    EXPECT_EQ(rvic::signal(0, 3), rvic::kDisabled);
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT_EQ(rvic::call(rvic::kAcknowledge), rvic::kNoInterrupts);

    constexpr u64 kOnTarget[] = {rvic::kSetMasked, rvic::kClearMasked, rvic::kIsPending, rvic::kSignal,
                                 rvic::kClearPending};
    for (const u64 function : kOnTarget) {
        for (const u64 cpu : kNoCpus) EXPECT_EQ_AT(function, rvic::call(function, cpu, 0), rvic::kInvalidCpu);
        for (const u64 intid : kNoIntids) {
            EXPECT_EQ_AT(function, rvic::call(function, mpidr_of(0), intid), rvic::parameter_error(1));
            EXPECT_EQ_AT(function, rvic::call(function, kNoCpus[0], intid), rvic::kInvalidCpu);
        }
        EXPECT_EQ_AT(function, rvic::call(function, mpidr_of(1), 0),
                     function == rvic::kSignal ? rvic::kDisabled : rvic::kSuccess);
        EXPECT_EQ_AT(function, rvic::call(function, mpidr_of(1) | kOtherBits, 0),
                     function == rvic::kSignal ? rvic::kDisabled : rvic::kSuccess);
        EXPECT_EQ_AT(function, rvic::call(function, mpidr_of(1), rvic::kTotal), rvic::parameter_error(1));
    }
    EXPECT_EQ(rvic::call(rvic::kResample, rvic::kTrusted - 1), rvic::kSuccess);
    EXPECT_EQ(rvic::call(rvic::kResample, rvic::kTrusted), rvic::parameter_error(0));
    EXPECT_EQ(rvic::call(rvic::kResample, rvic::kTotal), rvic::parameter_error(0));

    constexpr u32 kInput = 50;
    constexpr u64 kNoInputs[] = {rvic::kUntrusted, rvic::kUntrusted + 1, u64{1} << 32, ~u64{0}};
    for (const u64 input : kNoInputs) {
        EXPECT_EQ_AT(input, rvic::call(rvic::kMap, input, mpidr_of(0), 40), rvic::parameter_error(0));
        EXPECT_EQ_AT(input, rvic::call(rvic::kMap, input, kNoCpus[0], 0), rvic::parameter_error(0));
        EXPECT_EQ_AT(input, rvic::call(rvic::kUnmap, input), rvic::parameter_error(0));
    }
    for (const u64 cpu : kNoCpus) {
        EXPECT_EQ_AT(cpu, rvic::call(rvic::kMap, kInput, cpu, 40), rvic::parameter_error(1));
        EXPECT_EQ_AT(cpu, rvic::call(rvic::kMap, kInput, cpu, 0), rvic::parameter_error(1));
    }
    constexpr u64 kNotUntrusted[] = {0, rvic::kTrusted - 1, rvic::kTotal, 0xffffffff};
    for (const u64 intid : kNotUntrusted) {
        EXPECT_EQ_AT(intid, rvic::call(rvic::kMap, kInput, mpidr_of(0), intid), rvic::parameter_error(2));
    }
    EXPECT_EQ(rvic::map(rvic::kUntrusted - 1, 1, rvic::kTotal - 1), rvic::kSuccess);
    EXPECT_EQ(rvic::unmap(rvic::kUntrusted - 1), rvic::kSuccess);
    EXPECT_EQ(rvic::unmap(rvic::kUntrusted - 1), rvic::kSuccess);

    EXPECT_EQ(rvic::disable(), rvic::kSuccess);
    EXPECT_EQ(rvic::disable(), rvic::kSuccess);
    EXPECT_EQ(rvic::call(rvic::kAcknowledge), rvic::kDisabled);
}
