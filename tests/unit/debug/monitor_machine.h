// A machine with vCPUs whose registers a test sets, RAM, and a record of what was asked of it.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "trapeze/debug/machine_control.h"
#include "vcpu/fake_accel.h"
#include "vcpu/fake_host.h"

namespace trapeze::debug {

class FakeMachine final : public MachineControl, public vcpu::FakeHost {
public:
    static constexpr u64 kRam = 0x4000'0000;
    static constexpr u64 kRamSize = 2 << 20;

    explicit FakeMachine(unsigned cpus = 2) {
        EXPECT_TRUE(memory_.add_ram({mem::Gpa{kRam}, kRamSize}));
        for (unsigned n = 0; n < cpus; ++n) {
            auto accel = std::make_unique<vcpu::FakeAccel>();
            accels.push_back(accel.get());
            cpus_.push_back(std::make_unique<vcpu::Vcpu>(vcpu::fake_config(n), std::move(accel),
                                                         trap::Handlers{sysregs_, calls_, bus_}, *this,
                                                         *this));
        }
    }

    std::size_t cpu_count() const override { return cpus_.size(); }
    vcpu::Vcpu& cpu(std::size_t index) override { return *cpus_[index]; }
    u64 cpu_affinity(std::size_t index) const override { return index; }
    mem::GuestMemory& memory() override { return memory_; }
    std::string machine_name() const override { return name; }
    RunState run_state() const override { return state; }
    void add_observer(MachineObserver& observer) override { observers.push_back(&observer); }
    void remove_observer(MachineObserver& observer) override { std::erase(observers, &observer); }
    void stop(RunState why) override {
        if (!is_running()) return;
        state = why;
        log += "stop ";
        for (auto* o : observers) o->stopped(why);
    }
    Result<> cont() override {
        if (needs_reset(state)) return fail("a reset is needed");
        if (is_running()) return {};
        state = RunState::Running;
        log += "cont ";
        for (auto* o : observers) o->resumed();
        return {};
    }
    void system_reset(ShutdownCause cause) override {
        log += "reset ";
        for (auto* o : observers) o->was_reset(cause);
    }
    void system_powerdown() override {
        log += "powerdown ";
        for (auto* o : observers) o->powerdown_requested();
    }
    void quit(ShutdownCause cause) override {
        log += "quit ";
        for (auto* o : observers) o->shutting_down(cause, "poweroff");
    }
    void inspect(const std::function<void()>& look) override {
        ++inspections;
        look();
    }
    std::vector<CharDeviceInfo> character_devices() const override {
        return {{"serial0", "unix:/tmp/s,server=on", true}};
    }

    std::string name = "fake";
    RunState state = RunState::Running;
    std::string log;  // what was done, in order
    unsigned inspections = 0;
    std::vector<MachineObserver*> observers;
    std::vector<vcpu::FakeAccel*> accels;

private:
    trap::SysRegSpace sysregs_;
    trap::HypercallSpace calls_;
    bus::MmioBus bus_;
    mem::GuestMemory memory_;
    std::vector<std::unique_ptr<vcpu::Vcpu>> cpus_;
};

}  // namespace trapeze::debug
