// Every call of rVIC and rVID: results, errors and the arguments they blame (DEN0103).
#include "rvic_fixture.h"

namespace trapeze::irqchip::test {
namespace {

namespace r = arch::rvic;
using testing::ElementsAre;

// Every bit that is no affinity, as a guest may have read it from MPIDR_EL1.
constexpr u64 kOtherMpidrBits = ~u64{0xff'00ff'ffff};
constexpr u64 kNoCpu = 0x300;

TEST(RvicCalls, FunctionIdentifiers) {
    RvicBench b(1);
    std::vector<u32> functions;
    for (const trap::HypercallEntry& entry : b.space.entries()) functions.push_back(entry.function);
    EXPECT_THAT(functions, ElementsAre(0xc500'0100, 0xc500'0101, 0xc500'0102, 0xc500'0200, 0xc500'0201,
                                       0xc500'0202, 0xc500'0203, 0xc500'0204, 0xc500'0205, 0xc500'0206,
                                       0xc500'0207, 0xc500'0208, 0xc500'0209, 0xc500'020a));
}

TEST(RvicCalls, UnknownFunctionsAreNotSupported) {
    RvicBench b(1);
    for (const u32 function :
         {0xc500'00ffu, 0xc500'0103u, 0xc500'01ffu, 0xc500'020bu, 0xc500'02ffu, 0x8500'0100u, 0x8500'0204u}) {
        b.cpus[0].set_x(0, function);
        for (unsigned n = 1; n < 4; ++n) b.cpus[0].set_x(n, 7);
        const trap::Outcome outcome = b.space.handle({trap::Conduit::Hvc, 0}, b.cpus[0]);
        ASSERT_TRUE(std::holds_alternative<trap::CallResult>(outcome));
        EXPECT_EQ(std::get<trap::CallResult>(outcome).count, 4);
        EXPECT_THAT(std::get<trap::CallResult>(outcome).x, ElementsAre(~u64{0}, 0, 0, 0)) << function;
    }
}

TEST(RvicCalls, BothConduits) {
    RvicBench b(1);
    b.cpus[0].set_x(0, 0xc500'0200);
    const trap::Outcome outcome = b.space.handle({trap::Conduit::Smc, 0}, b.cpus[0]);
    ASSERT_TRUE(std::holds_alternative<trap::CallResult>(outcome));
    EXPECT_THAT(std::get<trap::CallResult>(outcome).x, ElementsAre(0, 3, 0, 0));
}

TEST(RvicCalls, VersionIs0_3) {
    RvicBench b(1);
    EXPECT_EQ(b.call(0, 0xc500'0200), ok(3));
    EXPECT_EQ(b.call(0, 0xc500'0100), ok(3));
}

TEST(RvicCalls, Info) {
    RvicConfig config = rvic_config(2);
    config.nr_trusted = 64;
    config.nr_untrusted = 96;
    RvicBench b(config);
    EXPECT_EQ(b.call(1, 0xc500'0201, 0), ok(64));
    EXPECT_EQ(b.call(1, 0xc500'0201, 1), ok(96));
    // The key is a 64-bit argument.
    for (const u64 key : {u64{2}, u64{1} << 32, ~u64{0}}) {
        EXPECT_EQ(b.call(1, 0xc500'0201, key), error(Reason::ERROR_PARAMETER, 0)) << key;
    }
    EXPECT_EQ(b.rvic.trusted_count(), 64u);
    EXPECT_EQ(b.rvic.intid_count(), 160u);
    EXPECT_EQ(b.rvic.input_count(), 96u);
}

TEST(RvicCalls, TheDefaultNumbersOfInterrupts) {
    RvicBench b(1);
    EXPECT_EQ(b.call(0, r::RVIC_INFO, 0), ok(32));
    EXPECT_EQ(b.call(0, r::RVIC_INFO, 1), ok(224));
}

TEST(RvicCalls, EnableAndDisableAreTheCallersOwnAndIdempotent) {
    RvicBench b(2);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(b.enable(1), ok());
        EXPECT_TRUE(b.rvic.cpu_state(1).enabled);
        EXPECT_FALSE(b.rvic.cpu_state(0).enabled);
    }
    b.enable(0);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(b.disable(1), ok());
        EXPECT_FALSE(b.rvic.cpu_state(1).enabled);
        EXPECT_TRUE(b.rvic.cpu_state(0).enabled);
    }
}

TEST(RvicCalls, CallsOnATargetNameItByAffinity) {
    RvicConfig config;
    config.mpidrs = {0x8000'0000, 0x8000'0001, 0x8000'0100, 0xff'80ff'ffff};
    RvicBench b(config);
    for (bus::VcpuIndex v = 0; v < 4; ++v) b.enable(v);
    for (bus::VcpuIndex v = 0; v < 4; ++v) {
        const u64 affinity = b.mpidr(v) & 0xff'00ff'ffff;
        for (const u64 mpidr : {affinity, affinity | kOtherMpidrBits}) {
            EXPECT_EQ(b.call(0, r::RVIC_CLEAR_MASKED, mpidr, kIpi), ok());
            EXPECT_FALSE(b.masked(kIpi, v));
            EXPECT_EQ(b.call(1, r::RVIC_SIGNAL, mpidr, kIpi), ok());
            EXPECT_EQ(b.call(2, r::RVIC_IS_PENDING, mpidr, kIpi), ok(1));
            EXPECT_TRUE(b.irq(v));
            for (bus::VcpuIndex other = 0; other < 4; ++other) {
                if (other == v) continue;
                EXPECT_FALSE(b.irq(other));
                EXPECT_EQ(b.state(kIpi, other), RvicIrqState{});
            }
            EXPECT_EQ(b.call(3, r::RVIC_CLEAR_PENDING, mpidr, kIpi), ok());
            EXPECT_EQ(b.call(0, r::RVIC_IS_PENDING, mpidr, kIpi), ok(0));
            EXPECT_FALSE(b.irq(v));
            EXPECT_EQ(b.call(0, r::RVIC_SET_MASKED, mpidr, kIpi), ok());
            EXPECT_TRUE(b.masked(kIpi, v));
        }
    }
}

constexpr u32 kCallsOnATarget[] = {r::RVIC_SET_MASKED, r::RVIC_CLEAR_MASKED, r::RVIC_IS_PENDING,
                                   r::RVIC_SIGNAL, r::RVIC_CLEAR_PENDING};

TEST(RvicCalls, CallsOnATargetRefuseBadArguments) {
    RvicBench b(2);
    b.enable(0);
    for (const u32 function : kCallsOnATarget) {
        SCOPED_TRACE(function);
        for (const u64 mpidr : {kNoCpu, u64{2}, u64{0x01'0000}, u64{1} << 32}) {
            EXPECT_EQ(b.call(0, function, mpidr, 0), error(Reason::INVALID_CPU, 0)) << mpidr;
        }
        for (const u64 intid : {u64{256}, u64{0xffff'ffff}}) {
            EXPECT_EQ(b.call(0, function, b.mpidr(0), intid), error(Reason::ERROR_PARAMETER, 1)) << intid;
        }
        // The first bad argument is the one to blame.
        EXPECT_EQ(b.call(0, function, kNoCpu, 256), error(Reason::INVALID_CPU, 0));
        EXPECT_EQ(b.call(0, function, b.mpidr(0), 255), ok());
    }
    EXPECT_EQ(b.rvic.cpu_state(0).queue.size(), 0u);
}

TEST(RvicCalls, IntidsAre32BitsWide) {
    RvicBench b(1);
    b.enable();
    EXPECT_EQ(b.unmask(0xffff'ffff'0000'0000 | kIpi), ok());
    EXPECT_EQ(b.signal(0x1'0000'0000 | kIpi), ok());
    EXPECT_EQ(b.acknowledge(), ok(kIpi));
    EXPECT_EQ(b.resample(0x1'0000'0000 | kTimer), ok());
    EXPECT_EQ(b.map(kInput, 0, 0x1'0000'0000 | kUntrusted), ok());
    EXPECT_EQ(b.rvic.input_state(kInput).target, (RvidTarget{0, kUntrusted}));
}

TEST(RvicCalls, OnlySignalMindsADisabledTarget) {
    RvicBench b(2);
    b.enable(0);
    EXPECT_EQ(b.signal(kIpi, 1), error(Reason::DISABLED, 0));
    EXPECT_FALSE(b.pending(kIpi, 1));
    EXPECT_EQ(b.unmask(kIpi, 1), ok());
    EXPECT_FALSE(b.masked(kIpi, 1));
    EXPECT_EQ(b.mask(kIpi, 1), ok());
    EXPECT_TRUE(b.masked(kIpi, 1));
    EXPECT_EQ(b.clear(kIpi, 1), ok());
    // The caller's own state does not matter, and bad arguments come first.
    b.disable(0);
    b.enable(1);
    EXPECT_EQ(b.signal(kIpi, 1), ok());
    EXPECT_EQ(b.call(1, r::RVIC_SIGNAL, b.mpidr(0), kIpi), error(Reason::DISABLED, 0));
    EXPECT_EQ(b.call(1, r::RVIC_SIGNAL, b.mpidr(0), 256), error(Reason::ERROR_PARAMETER, 1));
}

TEST(RvicCalls, PendingStaysPendingThroughDisable) {
    RvicBench b(2);
    b.enable(1);
    b.signal(kIpi, 1);
    b.disable(1);
    EXPECT_TRUE(b.pending(kIpi, 1));
    EXPECT_EQ(b.clear(kIpi, 1), ok());
    EXPECT_FALSE(b.pending(kIpi, 1));
}

TEST(RvicCalls, AcknowledgeIsTheCallersOwn) {
    RvicBench b(2);
    EXPECT_EQ(b.acknowledge(0), error(Reason::DISABLED, 0));
    b.enable(0);
    b.enable(1);
    EXPECT_EQ(b.acknowledge(0), error(Reason::NO_INTERRUPTS, 0));
    b.unmask(kIpi, 1);
    b.signal(kIpi, 1);
    EXPECT_EQ(b.acknowledge(0), error(Reason::NO_INTERRUPTS, 0));
    EXPECT_EQ(b.acknowledge(1), ok(kIpi));
    EXPECT_EQ(b.acknowledge(1), error(Reason::NO_INTERRUPTS, 0));
    b.unmask(kIpi, 1);
    b.signal(kIpi, 1);
    b.disable(1);
    EXPECT_EQ(b.acknowledge(1), error(Reason::DISABLED, 0));
}

TEST(RvicCalls, AcknowledgeReturnsIntidZeroAsAValue) {
    RvicBench b(1);
    b.enable();
    b.unmask(0);
    b.signal(0);
    EXPECT_EQ(b.acknowledge(), ok(0));
    EXPECT_TRUE(b.masked(0));
    EXPECT_EQ(b.acknowledge(), error(Reason::NO_INTERRUPTS));
}

TEST(RvicCalls, ResampleIsTheCallersOwnAndForTrustedInterruptsOnly) {
    RvicBench b(2);
    b.enable(0);
    b.enable(1);
    b.trusted_wire(kTimer, true, 1);
    b.clear(kTimer, 1);
    EXPECT_EQ(b.resample(kTimer, 0), ok());
    EXPECT_FALSE(b.pending(kTimer, 1));
    EXPECT_FALSE(b.pending(kTimer, 0));
    EXPECT_EQ(b.resample(kTimer, 1), ok());
    EXPECT_TRUE(b.pending(kTimer, 1));
    EXPECT_EQ(b.resample(0), ok());
    EXPECT_EQ(b.resample(31), ok());
    for (const u64 intid : {u64{32}, u64{255}, u64{256}, u64{0xffff'ffff}}) {
        EXPECT_EQ(b.resample(intid), error(Reason::ERROR_PARAMETER, 0)) << intid;
    }
    // As all calls but SIGNAL and ACKNOWLEDGE, it does not mind a disabled rVIC.
    b.disable(1);
    EXPECT_EQ(b.resample(kTimer, 1), ok());
}

TEST(RvidCalls, MapChecksEachArgument) {
    RvicBench b(2);
    for (const u64 input : {u64{224}, u64{225}, u64{1} << 32, ~u64{0}}) {
        EXPECT_EQ(b.map(input, 0, kUntrusted), error(Reason::ERROR_PARAMETER, 0)) << input;
    }
    for (const u64 mpidr : {kNoCpu, u64{2}, u64{1} << 32}) {
        EXPECT_EQ(b.call(0, r::RVID_MAP, kInput, mpidr, kUntrusted), error(Reason::ERROR_PARAMETER, 1))
            << mpidr;
    }
    for (const u64 intid : {u64{0}, u64{31}, u64{256}, u64{0xffff'ffff}}) {
        EXPECT_EQ(b.map(kInput, 0, intid), error(Reason::ERROR_PARAMETER, 2)) << intid;
    }
    // The first bad argument is the one to blame.
    EXPECT_EQ(b.call(0, r::RVID_MAP, 224, kNoCpu, 0), error(Reason::ERROR_PARAMETER, 0));
    EXPECT_EQ(b.call(0, r::RVID_MAP, kInput, kNoCpu, 0), error(Reason::ERROR_PARAMETER, 1));
    EXPECT_EQ(b.rvic.input_state(kInput).target, std::nullopt);
    for (const auto& [input, intid] : {std::pair<u32, u32>{0, 32}, {223, 255}}) {
        EXPECT_EQ(b.map(input, 1, intid), ok());
        EXPECT_EQ(b.rvic.input_state(input).target, (RvidTarget{1, intid}));
    }
}

TEST(RvidCalls, MapTakesTheAffinityOutOfTheMpidr) {
    RvicBench b(2);
    EXPECT_EQ(b.call(0, r::RVID_MAP, kInput, kOtherMpidrBits | 1, kUntrusted), ok());
    EXPECT_EQ(b.rvic.input_state(kInput).target, (RvidTarget{1, kUntrusted}));
}

TEST(RvidCalls, AFailedMapLeavesTheInputWhereItWas) {
    RvicBench b(2);
    b.map(kInput, 1, kUntrusted);
    b.call(0, r::RVID_MAP, kInput, kNoCpu, kUntrusted);
    b.map(kInput, 0, 5);
    EXPECT_EQ(b.rvic.input_state(kInput).target, (RvidTarget{1, kUntrusted}));
}

TEST(RvidCalls, UnmapChecksItsArgument) {
    RvicBench b(1);
    for (const u64 input : {u64{224}, u64{1} << 32, ~u64{0}}) {
        EXPECT_EQ(b.unmap(input), error(Reason::ERROR_PARAMETER, 0)) << input;
    }
    b.map(223, 0, kUntrusted);
    EXPECT_EQ(b.unmap(223), ok());
    EXPECT_EQ(b.rvic.input_state(223).target, std::nullopt);
    EXPECT_EQ(b.unmap(223), ok());  // nothing to undo is no error
}

TEST(RvicConfiguration, LimitsAreChecked) {
    FakeLines lines(1);
    const auto make = [&lines](u32 trusted, u32 untrusted, u32 first_msi) {
        RvicConfig config = rvic_config(1);
        config.nr_trusted = trusted;
        config.nr_untrusted = untrusted;
        config.first_msi_input = first_msi;
        const Rvic rvic(config, lines);
    };
    make(32, 32, 32);
    make(32, 2016, 64);
    make(2016, 32, 0);
    for (const auto& [trusted, untrusted] : {std::pair<u32, u32>{0, 224},
                                             {32, 0},
                                             {33, 224},
                                             {32, 225},
                                             {32, 2048},
                                             {1024, 1056},
                                             {0xffff'ffe0, 64}}) {
        EXPECT_DEATH(make(trusted, untrusted, 32), "is_interrupt_count") << trusted << " " << untrusted;
    }
    EXPECT_DEATH(make(32, 224, 256), "first_msi_input");
    EXPECT_DEATH(make(32, 224, 65), "first_msi_input");
    EXPECT_DEATH(Rvic({.mpidrs = {}}, lines), "mpidrs");
    EXPECT_DEATH(Rvic({.mpidrs = {1, 2, 0x8000'0001}}, lines), "affinity");
}

}  // namespace
}  // namespace trapeze::irqchip::test
