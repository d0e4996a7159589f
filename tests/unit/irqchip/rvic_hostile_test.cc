// A guest that calls anything at all, alone and on several vCPUs at once, while wires change. The sanitizers
// are the judges, and at the end the controller must still work.
#include <atomic>
#include <random>
#include <thread>

#include "rvic_fixture.h"
#include "trapeze/base/log.h"

namespace trapeze::irqchip::test {
namespace {

namespace r = arch::rvic;

class RvicHostile {
public:
    RvicHostile(RvicBench& bench, u64 seed) : bench_(bench), random_(seed) {}

    // One thing that vCPU v does. Other vCPUs may be at it at the same time.
    void step(bus::VcpuIndex v) {
        switch (random_() % 8) {
            case 0: wire(v); break;
            case 1: view(v); break;
            case 2: doorbell(v); break;
            default: call(v); break;
        }
    }

private:
    u64 value() {
        switch (random_() % 6) {
            case 0: return random_();
            case 1: return ~u64{0};
            case 2: return u64{1} << random_() % 64;
            default: return random_() % 260;
        }
    }
    u64 mpidr() { return random_() % 4 == 0 ? value() : bench_.mpidr(vcpu()); }
    bus::VcpuIndex vcpu() { return static_cast<bus::VcpuIndex>(random_() % bench_.cpus.size()); }
    void call(bus::VcpuIndex v) {
        const u64 function =
            random_() % 4 == 0 ? r::RVID_VERSION + random_() % 4 : r::RVIC_VERSION + random_() % 12;
        trap::FakeCpu& cpu = bench_.cpus[v];
        const bool is_map = function == r::RVID_MAP;
        cpu.set_x(0, function | random_() << 32);
        cpu.set_x(1, is_map ? value() : mpidr());
        cpu.set_x(2, is_map ? mpidr() : value());
        cpu.set_x(3, value());
        bench_.space.handle({trap::Conduit::Hvc, static_cast<u16>(random_() % 32 == 0)}, cpu);
        if (random_() % 64 == 0) bench_.rvic.reset_cpu(v);
    }
    void wire(bus::VcpuIndex v) {
        const bus::IntId input = bus::spi(static_cast<u32>(random_() % 64));
        switch (random_() % 3) {
            case 0: bench_.rvic.set_level(input, random_() % 2 == 0); break;
            case 1: bench_.rvic.pulse(input); break;
            // Only a vCPU's own thread drives its private wires.
            default:
                bench_.rvic.set_private_level(v, bus::IntId{static_cast<u32>(random_() % 32)},
                                              random_() % 2 == 0);
                break;
        }
    }
    void view(bus::VcpuIndex v) {
        bench_.rvic.irq_state(bus::IntId{static_cast<u32>(random_() % 256)}, vcpu());
        bench_.rvic.cpu_state(v);
        bench_.rvic.input_state(static_cast<u32>(random_() % 224));
        if (random_() % 16 == 0) {
            EXPECT_TRUE(bench_.rvic.restore(bench_.rvic.save()));
        }
    }
    void doorbell(bus::VcpuIndex v) {
        const u64 offset = random_() % 4 == 0 ? value() : 0;
        const unsigned size = random_() % 4 == 0 ? 1u << random_() % 4 : 4u;
        if (random_() % 4 == 0) {
            bench_.rvic.msi_doorbell().mmio_read({offset, size, v});
        } else {
            bench_.rvic.msi_doorbell().mmio_write({offset, size, v}, value() & low_mask(8 * size));
        }
    }

    RvicBench& bench_;
    std::mt19937_64 random_;
};

void expect_still_working(RvicBench& b) {
    for (u32 input = 0; input < 64; ++input) b.wire(input, false);
    for (bus::VcpuIndex v = 0; v < b.cpus.size(); ++v) {
        for (u32 intid = 0; intid < 32; ++intid) b.trusted_wire(intid, false, v);
    }
    b.rvic.reset();
    EXPECT_EQ(b.rvic.save(), RvicBench(b.config).rvic.save());
    b.enable(3);
    b.unmask(kUntrusted, 3);
    b.map(kInput, 3, kUntrusted);
    b.wire(kInput, true);
    EXPECT_TRUE(b.irq(3));
    EXPECT_EQ(b.acknowledge(3), ok(kUntrusted));
    EXPECT_FALSE(b.irq(3));
}

TEST(RvicHostileGuest, AnyCallIsHarmless) {
    // With diagnostics on, so that their text is formed, too; where it goes does not matter.
    ASSERT_TRUE(set_log_file("/dev/null"));
    set_log_enabled(LogClass::GuestErrors, true);
    EXPECT_EQ(TraceEvent::enable("rvi?_*"), 6u);
    RvicBench b(6);
    RvicHostile guest(b, 4711);
    for (unsigned i = 0; i < 100'000; ++i) guest.step(i % 6);
    for (TraceEvent* event : TraceEvent::all()) event->set_enabled(false);
    set_log_enabled(LogClass::GuestErrors, false);
    expect_still_working(b);
}

TEST(RvicHostileGuest, AllVcpusAtOnce) {
    RvicBench b(4);
    std::vector<std::thread> vcpus;
    for (bus::VcpuIndex v = 0; v < 4; ++v) {
        vcpus.emplace_back([&b, v] {
            RvicHostile guest(b, v);
            for (unsigned i = 0; i < 30'000; ++i) guest.step(v);
        });
    }
    for (std::thread& t : vcpus) t.join();
    expect_still_working(b);
}

// Signals from three vCPUs to one that handles them: each is delivered, however they meet.
TEST(RvicConcurrency, NoSignalIsLost) {
    constexpr unsigned kSenders = 3;
    constexpr u64 kRounds = 3000;
    RvicBench b(kSenders + 1);
    b.enable(0);
    for (u32 intid = 1; intid <= kSenders; ++intid) b.unmask(intid);
    std::atomic<u64> handled[kSenders + 1] = {};
    std::vector<std::thread> senders;
    for (bus::VcpuIndex v = 1; v <= kSenders; ++v) {
        senders.emplace_back([&, v] {
            for (u64 n = 0; n < kRounds; ++n) {
                EXPECT_EQ(b.call(v, r::RVIC_SIGNAL, b.mpidr(0), v), ok());
                while (handled[v].load() == n) std::this_thread::yield();
            }
        });
    }
    for (u64 n = 0; n < kSenders * kRounds;) {
        const CallStatus status = b.acknowledge(0);
        if (status.reason == Reason::NO_INTERRUPTS) {
            std::this_thread::yield();
            continue;
        }
        ASSERT_TRUE(status.value >= 1 && status.value <= kSenders);
        b.unmask(status.value);
        handled[status.value].fetch_add(1);
        ++n;
    }
    for (std::thread& t : senders) t.join();
    EXPECT_FALSE(b.irq(0));
}

}  // namespace
}  // namespace trapeze::irqchip::test
