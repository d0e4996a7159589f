// What every interrupt controller's tests need: vCPUs with affinities and IRQ and FIQ inputs.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "trapeze/base/bits.h"
#include "trapeze/bus/irq.h"

namespace trapeze::irqchip::test {

// Remembers levels and counts calls; a call that changes nothing is a failure of the contract.
class FakeLines final : public bus::CpuLineSink {
public:
    struct Lines {
        bool irq = false;
        bool fiq = false;
        unsigned changes = 0;
        bool operator==(const Lines&) const = default;
    };
    explicit FakeLines(std::size_t vcpus) : lines(vcpus) {}
    void set_cpu_lines(bus::VcpuIndex vcpu, bool irq, bool fiq) override {
        Lines& l = lines.at(vcpu);
        EXPECT_TRUE(l.irq != irq || l.fiq != fiq) << "vCPU " << vcpu << " told what it knows";
        l = {irq, fiq, l.changes + 1};
    }
    std::vector<Lines> lines;
};

// Aff0 counts to 15, then Aff1, as the machine numbers its vCPUs.
inline std::vector<u64> mpidrs(unsigned count) {
    std::vector<u64> result;
    for (unsigned i = 0; i < count; ++i) result.push_back(bit(31) | u64{i / 16} << 8 | i % 16);
    return result;
}

}  // namespace trapeze::irqchip::test
