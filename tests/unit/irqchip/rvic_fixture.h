// An rVIC controller with recording CPU lines, and short names for what a guest does to it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <vector>

#include "fake_lines.h"
#include "trap/sysregs_fake_cpu.h"
#include "trapeze/arch/rvic.h"
#include "trapeze/irqchip/rvic.h"

namespace trapeze::irqchip::test {

using arch::rvic::Reason;

// What a call returns.
struct CallStatus {
    Reason reason = Reason::SUCCESS;
    unsigned index = 0;  // of the argument to blame
    u64 value = 0;       // X1
    bool operator==(const CallStatus&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const CallStatus& s) {
        return out << "{reason " << static_cast<unsigned>(s.reason) << ", index " << s.index << ", value "
                   << s.value << "}";
    }
};
inline CallStatus ok(u64 value = 0) {
    return {Reason::SUCCESS, 0, value};
}
inline CallStatus error(Reason reason, unsigned index = 0) {
    return {reason, index, 0};
}

inline RvicConfig rvic_config(unsigned vcpus) {
    RvicConfig config;
    config.mpidrs = mpidrs(vcpus);
    return config;
}

// A controller and its vCPUs. Unless said otherwise vCPU 0 is the one that calls.
class RvicBench {
public:
    explicit RvicBench(unsigned vcpus) : RvicBench(rvic_config(vcpus)) {}
    explicit RvicBench(const RvicConfig& c)
        : config(c), lines(c.mpidrs.size()), rvic(c, lines), cpus(c.mpidrs.size()) {
        rvic.add_hypercalls(space);
        for (bus::VcpuIndex v = 0; v < cpus.size(); ++v) cpus[v].set_index(v);
    }

    CallStatus call(bus::VcpuIndex caller, u32 function, u64 x1 = 0, u64 x2 = 0, u64 x3 = 0) {
        trap::FakeCpu& cpu = cpus.at(caller);
        const u64 arguments[] = {function, x1, x2, x3};
        for (unsigned n = 0; n < 4; ++n) cpu.set_x(n, arguments[n]);
        const trap::Outcome outcome = space.handle({trap::Conduit::Hvc, 0}, cpu);
        const auto* result = std::get_if<trap::CallResult>(&outcome);
        if (result == nullptr) {
            ADD_FAILURE() << "a call that returns nothing";
            return {};
        }
        // All four registers, so that nothing of the arguments is left in them.
        EXPECT_EQ(result->count, 4);
        EXPECT_EQ(result->x[2], 0u);
        EXPECT_EQ(result->x[3], 0u);
        EXPECT_EQ(result->x[0] >> 16, 0u);
        return {static_cast<Reason>(result->x[0] & 0xff), static_cast<unsigned>(result->x[0] >> 8),
                result->x[1]};
    }

    u64 mpidr(bus::VcpuIndex v) const { return config.mpidrs.at(v); }

    CallStatus enable(bus::VcpuIndex v = 0) { return call(v, arch::rvic::RVIC_ENABLE); }
    CallStatus disable(bus::VcpuIndex v = 0) { return call(v, arch::rvic::RVIC_DISABLE); }
    CallStatus acknowledge(bus::VcpuIndex v = 0) { return call(v, arch::rvic::RVIC_ACKNOWLEDGE); }
    CallStatus resample(u64 intid, bus::VcpuIndex v = 0) { return call(v, arch::rvic::RVIC_RESAMPLE, intid); }
    // On the rVIC of vCPU `target`.
    CallStatus mask(u64 intid, bus::VcpuIndex target = 0) {
        return call(0, arch::rvic::RVIC_SET_MASKED, mpidr(target), intid);
    }
    CallStatus unmask(u64 intid, bus::VcpuIndex target = 0) {
        return call(0, arch::rvic::RVIC_CLEAR_MASKED, mpidr(target), intid);
    }
    CallStatus signal(u64 intid, bus::VcpuIndex target = 0) {
        return call(0, arch::rvic::RVIC_SIGNAL, mpidr(target), intid);
    }
    CallStatus clear(u64 intid, bus::VcpuIndex target = 0) {
        return call(0, arch::rvic::RVIC_CLEAR_PENDING, mpidr(target), intid);
    }
    bool pending(u64 intid, bus::VcpuIndex target = 0) {
        const CallStatus status = call(0, arch::rvic::RVIC_IS_PENDING, mpidr(target), intid);
        EXPECT_EQ(status, ok(status.value));
        EXPECT_LE(status.value, 1u);
        EXPECT_EQ(status.value != 0, state(static_cast<u32>(intid), target).pending);
        return status.value != 0;
    }
    CallStatus map(u64 input, bus::VcpuIndex target, u64 intid) {
        return call(0, arch::rvic::RVID_MAP, input, mpidr(target), intid);
    }
    CallStatus unmap(u64 input) { return call(0, arch::rvic::RVID_UNMAP, input); }

    void wire(u32 input, bool level) { rvic.set_level(bus::spi(input), level); }
    void pulse(u32 input) { rvic.pulse(bus::spi(input)); }
    void trusted_wire(u32 intid, bool level, bus::VcpuIndex v = 0) {
        rvic.set_private_level(v, bus::IntId{intid}, level);
    }

    RvicIrqState state(u32 intid, bus::VcpuIndex v = 0) const { return rvic.irq_state(bus::IntId{intid}, v); }
    bool masked(u32 intid, bus::VcpuIndex v = 0) const { return state(intid, v).masked; }
    bool irq(bus::VcpuIndex v = 0) const { return lines.lines.at(v).irq; }

    const RvicConfig config;
    FakeLines lines;
    Rvic rvic;
    trap::HypercallSpace space;
    std::vector<trap::FakeCpu> cpus;
};

// An INTID of each kind, and a wire.
inline constexpr u32 kIpi = 3;
inline constexpr u32 kTimer = 27;
inline constexpr u32 kUntrusted = 40;
inline constexpr u32 kInput = 5;

}  // namespace trapeze::irqchip::test
