// A guest that does anything at all, alone and on several vCPUs at once. The sanitizers are the judges, and
// at the end the controller must still work.
#include <random>
#include <thread>

#include "gicv2_fixture.h"
#include "trapeze/base/log.h"

namespace trapeze::irqchip::gicv2_test {
namespace {

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
            case 3:
            case 4: bench_.gic.cpu_interface().mmio_read({offset() % 0x1'0000, size, v}); break;
            case 5:
            case 6: bench_.gic.cpu_interface().mmio_write({offset() % 0x1'0000, size, v}, value); break;
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
        switch (random_() % 8) {
            case 0: return random_();
            case 1: return random_() % 0x2'0000;
            case 2: return 0x1000;
            case 3:
            case 4: return random_() % 0x30 & ~u64{3};
            case 5: return 0xf00 + random_() % 0x30;
            default: return random_() % 0x1000 & ~(random_() % 8);
        }
    }
    void wire(bus::VcpuIndex v) {
        const bus::IntId spi{static_cast<u32>(32 + random_() % 988)};
        switch (random_() % 6) {
            case 0: bench_.gic.pulse(spi); break;
            case 1: bench_.gic.set_level(spi, random_() % 2 == 0); break;
            case 2: bench_.gic.irq_state(bus::IntId{static_cast<u32>(random_() % 1020)}, v); break;
            case 3: bench_.gic.cpu_state(v); break;
            case 4:
                if (random_() % 16 == 0) bench_.gic.reset_cpu(v);
                break;
            default:
                bench_.gic.set_private_level(v, bus::IntId{static_cast<u32>(16 + random_() % 16)},
                                             random_() % 2 == 0);
                break;
        }
    }

    Bench& bench_;
    std::mt19937_64 random_;
};

void expect_still_working(Bench& b, unsigned vcpus) {
    for (u32 id = 32; id < 1020; ++id) b.level(id, false);
    for (bus::VcpuIndex v = 0; v < vcpus; ++v) {
        for (u32 id = 16; id < 32; ++id) b.gic.set_private_level(v, bus::IntId{id}, false);
    }
    b.gic.reset();
    for (bus::VcpuIndex v = 0; v < vcpus; ++v) ASSERT_FALSE(b.irq(v) || b.fiq(v));
    b.bring_up();
    b.enable(1019);
    b.set_targets(1019, 0b1000);
    b.level(1019, true);
    EXPECT_EQ(b.iar(3), 1019u);
    b.level(1019, false);
    b.eoi(1019, 3);
    b.send_sgi(2, 0b1000, 9);
    EXPECT_EQ(b.iar(3), sgi_from(2, 9));
    b.eoi(sgi_from(2, 9), 3);
    EXPECT_FALSE(b.irq(3));
}

TEST(Gicv2Hostile, AnyAccessIsHarmless) {
    // With diagnostics on, so that their text is formed, too; where it goes does not matter.
    ASSERT_TRUE(set_log_file("/dev/null"));
    set_log_enabled(LogClass::GuestErrors, true);
    EXPECT_GT(TraceEvent::enable("gicv2_*"), 8u);
    Bench b(8);
    Hostile guest(b, 4711);
    for (unsigned i = 0; i < 200'000; ++i) guest.step(i % 8);
    for (TraceEvent* event : TraceEvent::all()) event->set_enabled(false);
    set_log_enabled(LogClass::GuestErrors, false);
    expect_still_working(b, 8);
}

TEST(Gicv2Hostile, AllVcpusAtOnce) {
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
    expect_still_working(b, 4);
}

}  // namespace
}  // namespace trapeze::irqchip::gicv2_test
