// All vCPUs together: creation, power by affinity, pausing and resuming the whole machine.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "trapeze/bus/irq.h"
#include "trapeze/vcpu/vcpu.h"

namespace trapeze::machine {

class CpuSet final : public bus::CpuLineSink {
public:
    // Before start().
    void add(std::unique_ptr<vcpu::Vcpu> cpu, u64 mpidr);
    Result<> start();
    // Ends all threads. Idempotent.
    void quit();

    // Loop thread.
    void pause();
    void resume();
    // While paused: everything off except vCPU 0, which starts at `entry` with X0 = `x0` once resumed.
    // `accel_manages_power`: the accelerator turns the others on.
    void reset_paused(u64 entry, u64 x0, bool accel_manages_power);

    // Any thread. nullptr: no vCPU has this affinity (Aff3:Aff2:Aff1:Aff0 in MPIDR_EL1 layout).
    vcpu::Vcpu* find(u64 affinity) const;
    std::size_t size() const { return cpus_.size(); }
    vcpu::Vcpu& at(std::size_t index) const { return *cpus_[index]; }
    u64 mpidr(std::size_t index) const { return mpidrs_[index]; }

    // Any thread. See Vcpu::post_event(). A machine under construction has no vCPUs yet.
    void post_event(bus::VcpuIndex vcpu) const {
        if (vcpu < cpus_.size()) cpus_[vcpu]->post_event();
    }

    void set_cpu_lines(bus::VcpuIndex vcpu, bool irq, bool fiq) override;

private:
    std::vector<std::unique_ptr<vcpu::Vcpu>> cpus_;  // const after start()
    std::vector<u64> mpidrs_;
};

}  // namespace trapeze::machine
