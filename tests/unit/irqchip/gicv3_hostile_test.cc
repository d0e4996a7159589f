// A guest that does anything at all, alone and on several vCPUs at once. The sanitizers are the judges, and
// at the end the controller must still work.
#include <random>
#include <thread>

#include "gicv3_fixture.h"
#include "trapeze/base/log.h"

namespace trapeze::irqchip::test {
namespace {

using namespace arch::reg;

constexpr arch::SysReg kIccRegisters[] = {
    ICC_PMR_EL1,    ICC_IAR0_EL1,  ICC_EOIR0_EL1,   ICC_HPPIR0_EL1, ICC_BPR0_EL1,   ICC_AP0R0_EL1,
    ICC_AP0R1_EL1,  ICC_AP1R0_EL1, ICC_AP1R3_EL1,   ICC_DIR_EL1,    ICC_RPR_EL1,    ICC_SGI1R_EL1,
    ICC_ASGI1R_EL1, ICC_SGI0R_EL1, ICC_IAR1_EL1,    ICC_EOIR1_EL1,  ICC_HPPIR1_EL1, ICC_BPR1_EL1,
    ICC_CTLR_EL1,   ICC_SRE_EL1,   ICC_IGRPEN0_EL1, ICC_IGRPEN1_EL1};

class Hostile {
public:
    Hostile(Bench& bench, u64 seed) : bench_(bench), random_(seed) {}

    // One access by vCPU v. Other vCPUs may be at it at the same time.
    void step(bus::VcpuIndex v) {
        const unsigned size = 1u << random_() % 4;
        const u64 value = this->value() & low_mask(8 * size);
        switch (random_() % 8) {
            case 0: bench_.gic.distributor().mmio_read({offset(), size, v}); break;
            case 1:
            case 2: bench_.gic.distributor().mmio_write({offset(), size, v}, value); break;
            case 3: bench_.gic.redistributors().mmio_read({redistributor() + offset(), size, v}); break;
            case 4:
            case 5:
                bench_.gic.redistributors().mmio_write({redistributor() + offset(), size, v}, value);
                break;
            case 6: sysreg(v); break;
            default: wire(v); break;
        }
    }

private:
    u64 value() {
        switch (random_() % 4) {
            case 0: return 0;
            case 1: return ~u64{0};
            case 2: return bit(random_() % 64);
            default: return random_();
        }
    }
    // Anywhere, but more often where registers are.
    u64 offset() {
        switch (random_() % 4) {
            case 0: return random_();
            case 1: return random_() % 0x2'0000;
            default: return (random_() % 0x1000 + (random_() % 2) * 0x1'0000) & ~(random_() % 8);
        }
    }
    u64 redistributor() { return random_() % (bench_.spaces.size() + 1) * kGicv3RedistributorStride; }
    void sysreg(bus::VcpuIndex v) {
        const arch::SysReg reg = kIccRegisters[random_() % std::size(kIccRegisters)];
        bench_.cpus[v].x0 = random_() % 2 == 0 ? random_() % 1100 : value();
        bench_.spaces[v].handle({reg, static_cast<u8>(random_() % 32), random_() % 2 == 0}, bench_.cpus[v]);
        if (random_() % 64 == 0) bench_.gic.reset_cpu(v);
    }
    void wire(bus::VcpuIndex v) {
        const bus::IntId spi{static_cast<u32>(32 + random_() % 988)};
        switch (random_() % 4) {
            case 0: bench_.gic.pulse(spi); break;
            case 1: bench_.gic.set_level(spi, random_() % 2 == 0); break;
            case 2: bench_.gic.irq_state(spi, v); break;
            default:
                bench_.gic.set_private_level(v, bus::IntId{static_cast<u32>(16 + random_() % 16)},
                                             random_() % 2 == 0);
                break;
        }
    }

    Bench& bench_;
    std::mt19937_64 random_;
};

void expect_still_working(Bench& b) {
    for (u32 id = 32; id < 1020; ++id) b.gic.set_level(bus::IntId{id}, false);
    for (u32 id = 16; id < 32; ++id) {
        for (bus::VcpuIndex v = 0; v < b.spaces.size(); ++v)
            b.gic.set_private_level(v, bus::IntId{id}, false);
    }
    b.gic.reset();
    for (bus::VcpuIndex v = 0; v < b.spaces.size(); ++v) ASSERT_FALSE(b.irq(v) || b.fiq(v));
    b.bring_up();
    b.enable(1019);
    b.set_router(1019, 3);
    b.gic.set_level(bus::IntId{1019}, true);
    EXPECT_EQ(b.iar1(3), 1019u);
    b.gic.set_level(bus::IntId{1019}, false);
    b.eoi1(1019, 3);
    EXPECT_FALSE(b.irq(3));
}

TEST(Gicv3Hostile, AnyAccessIsHarmless) {
    // With diagnostics on, so that their text is formed, too; where it goes does not matter.
    ASSERT_TRUE(set_log_file("/dev/null"));
    set_log_enabled(LogClass::GuestErrors, true);
    EXPECT_GT(TraceEvent::enable("gicv3_*"), 10u);
    Bench b(6);
    Hostile guest(b, 4711);
    for (unsigned i = 0; i < 200'000; ++i) guest.step(i % 6);
    for (TraceEvent* event : TraceEvent::all()) event->set_enabled(false);
    set_log_enabled(LogClass::GuestErrors, false);
    expect_still_working(b);
}

TEST(Gicv3Hostile, AllVcpusAtOnce) {
    Bench b(4);
    b.bring_up();
    std::vector<std::thread> vcpus;
    for (bus::VcpuIndex v = 0; v < 4; ++v) {
        vcpus.emplace_back([&b, v] {
            Hostile guest(b, v);
            for (unsigned i = 0; i < 30'000; ++i) guest.step(v);
        });
    }
    for (std::thread& t : vcpus) t.join();
    expect_still_working(b);
}

}  // namespace
}  // namespace trapeze::irqchip::test
