// smp: 2
// only: trapeze
//
// Wrong numbers, wrong states and odd bits: each call answers with the error that the specification names.
#include "intc.h"
#include "sdei.h"

using namespace guest;

namespace {

using sdei::call;
using sdei::kDenied;
using sdei::kInvalidParameters;
using sdei::kSuccess;

u64 handler(const sdei::Entry&) {
    return 0;
}

s64 register_with(u64 event, u64 entry, u64 flags = 0, u64 affinity = 0) {
    return call(sdei::kRegister, event, entry, reinterpret_cast<u64>(&handler), flags, affinity);
}

}  // namespace

TEST(sdei_calls_refuse_bad_arguments) {
    sdei::require();
    const u64 entry = sdei::entry_point();
    // Events that do not exist; the number is 32 bits wide and signed.
    constexpr u64 kNoEvents[] = {1,          2,          0x3fffffff, 0x40000000,
                                 0x50000000, 0x7fffffff, 0x80000000, 0xffffffff};
    constexpr u64 kOfEvents[] = {sdei::kEnable,  sdei::kDisable,    sdei::kUnregister, sdei::kStatus,
                                 sdei::kGetInfo, sdei::kRoutingSet, sdei::kRelease,    sdei::kSignal};
    for (const u64 event : kNoEvents) {
        EXPECT_EQ_AT(event, register_with(event, entry), kInvalidParameters);
        for (const u64 function : kOfEvents)
            EXPECT_EQ_AT(function, call(function, event), kInvalidParameters);
    }
    // What is above 32 bits does not count.
    EXPECT_EQ(call(sdei::kStatus, 0x5'0000'0000), 0);

    EXPECT_EQ(register_with(0, 0), kInvalidParameters);
    EXPECT_EQ(register_with(0, entry + 2), kInvalidParameters);
    for (unsigned bit = 2; bit < 64; ++bit)
        EXPECT_EQ_AT(bit, register_with(0, entry, u64{1} << bit), kInvalidParameters);
    EXPECT_EQ(register_with(sdei::kSharedNormal, entry, sdei::kRoutingPe, 77), kInvalidParameters);

    EXPECT_EQ(call(sdei::kEnable, 0), kDenied);
    EXPECT_EQ(call(sdei::kDisable, 0), kDenied);
    EXPECT_EQ(call(sdei::kUnregister, 0), kDenied);
    EXPECT_EQ(call(sdei::kContext, 0), kDenied);
    EXPECT_EQ(call(sdei::kContext, 18), kInvalidParameters);
    EXPECT_EQ(call(sdei::kComplete), kDenied);
    EXPECT_EQ(call(sdei::kFeatures, 2), kInvalidParameters);

    // The routing of a private event is no question, and no answer.
    EXPECT_EQ(register_with(0, entry, sdei::kRoutingPe, 77), kSuccess);
    EXPECT_EQ(register_with(0, entry), kDenied);
    EXPECT_EQ(call(sdei::kGetInfo, 0, 3), kInvalidParameters);
    EXPECT_EQ(call(sdei::kGetInfo, 0, 4), kInvalidParameters);
    EXPECT_EQ(call(sdei::kGetInfo, 0, 5), kInvalidParameters);
    EXPECT_EQ(call(sdei::kRoutingSet, 0, sdei::kRoutingAny), kInvalidParameters);
    EXPECT_EQ(call(sdei::kSignal, 0, 77), kInvalidParameters);
    EXPECT_EQ(call(sdei::kUnregister, 0), kSuccess);

    constexpr u64 kShared = sdei::kSharedNormal;
    EXPECT_EQ(call(sdei::kGetInfo, kShared, 3), kDenied);
    EXPECT_EQ(call(sdei::kRoutingSet, kShared, sdei::kRoutingAny), kDenied);
    EXPECT_EQ(register_with(kShared, entry, sdei::kRoutingPe, mpidr_of(1)), kSuccess);
    EXPECT_EQ(call(sdei::kGetInfo, kShared, 3), sdei::kRoutingPe);
    EXPECT_EQ(call(sdei::kGetInfo, kShared, 4), mpidr_of(1));
    EXPECT_EQ(call(sdei::kRoutingSet, kShared, 2), kInvalidParameters);
    EXPECT_EQ(call(sdei::kRoutingSet, kShared, sdei::kRoutingPe, 77), kInvalidParameters);
    EXPECT_EQ(call(sdei::kRoutingSet, kShared, sdei::kRoutingAny), kSuccess);
    EXPECT_EQ(call(sdei::kGetInfo, kShared, 4), kInvalidParameters);
    EXPECT_EQ(call(sdei::kEnable, kShared), kSuccess);
    EXPECT_EQ(call(sdei::kRoutingSet, kShared, sdei::kRoutingAny), kDenied);
    EXPECT_EQ(call(sdei::kSignal, kShared, mpidr_of(0)), kInvalidParameters);

    EXPECT_EQ(call(sdei::kBind, 0), kInvalidParameters);
    EXPECT_EQ(call(sdei::kBind, 15), kInvalidParameters);
    EXPECT_EQ(call(sdei::kBind, 5000), kInvalidParameters);
    EXPECT_EQ(call(sdei::kRelease, 0), kInvalidParameters);
    // As many as FEATURES says, and no more.
    const u64 slots = field(static_cast<u64>(call(sdei::kFeatures, 0)), 31, 16);
    for (u64 i = 0; i < slots; ++i) EXPECT(call(sdei::kBind, intc::kFirstDevice + i) > 0);
    EXPECT_EQ(call(sdei::kBind, intc::kFirstDevice + slots), sdei::kOutOfResource);
    EXPECT_EQ(call(sdei::kSharedReset), kSuccess);
    EXPECT_EQ(call(sdei::kStatus, kShared), 0);
    EXPECT(call(sdei::kBind, intc::kFirstDevice + slots) > 0);
    EXPECT_EQ(call(sdei::kSharedReset), kSuccess);
    EXPECT_EQ(call(sdei::kPrivateReset), kSuccess);
}
