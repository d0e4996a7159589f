// A machine with vCPUs whose registers a test sets, RAM, and a record of what was asked of it. Its vCPUs have
// no threads, and so are as good as paused, until start_cpus().
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "trapeze/base/check.h"
#include "trapeze/debug/machine_control.h"
#include "vcpu/fake_accel.h"
#include "vcpu/fake_host.h"

namespace trapeze::debug {

class FakeMachine : public MachineControl, public vcpu::FakeHost {
public:
    static constexpr u64 kRam = 0x4000'0000;
    static constexpr u64 kRamSize = 2 << 20;

    explicit FakeMachine(unsigned cpus = 2) {
        CHECK(memory_.add_ram({mem::Gpa{kRam}, kRamSize}).has_value());
        for (unsigned n = 0; n < cpus; ++n) {
            auto accel = std::make_unique<vcpu::FakeAccel>();
            accels.push_back(accel.get());
            cpus_.push_back(std::make_unique<vcpu::Vcpu>(vcpu::fake_config(n), std::move(accel),
                                                         trap::Handlers{sysregs_, calls_, bus_, memory_}, *this,
                                                         *this));
        }
    }

    // Turns all vCPUs on, at the start of RAM. From here on stop() and cont() pause and resume them.
    void start_cpus() {
        threads_ = true;
        for (const auto& cpu : cpus_) {
            CHECK(cpu->start().has_value());
            CHECK(cpu->power_on(kRam, 0) == vcpu::PowerOnResult::Success);
            if (is_running()) cpu->resume();
        }
        if (is_running()) wait_in_guest();
    }
    void wait_in_guest() {
        for (vcpu::FakeAccel* accel : accels) accel->wait_idle();
    }
    // What a vCPU told the machine about a debug event, in order.
    std::pair<std::size_t, vcpu::DebugEvent> wait_debug_event() {
        std::unique_lock lock(events_mutex_);
        event_came_.wait(lock, [this] { return !events_.empty(); });
        const auto event = events_.front();
        events_.pop_front();
        return event;
    }
    // Switches the MMU of a vCPU on, with a 4 KB granule and 39-bit addresses, and maps one page.
    void map_page(std::size_t cpu, u64 va, u64 pa) {
        constexpr u64 kTables = kRam + 0x10000;
        vcpu::FakeAccel& accel = *accels[cpu];
        accel.preset(arch::reg::SCTLR_EL1, 1);
        accel.preset(arch::reg::TCR_EL1, u64{25} | u64{0b101} << 32);
        accel.preset(arch::reg::TTBR0_EL1, kTables);
        accels[0]->preset(arch::reg::ID_AA64MMFR0_EL1, 0x1125);
        store_u64(kTables + (va >> 30 & 0x1ff) * 8, (kTables + 0x1000) | 3);
        store_u64(kTables + 0x1000 + (va >> 21 & 0x1ff) * 8, (kTables + 0x2000) | 3);
        store_u64(kTables + 0x2000 + (va >> 12 & 0x1ff) * 8, pa | 0x403);
    }
    void store_u64(u64 address, u64 value) {
        CHECK(memory_.write(mem::Gpa{address}, {reinterpret_cast<const u8*>(&value), sizeof(value)}));
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
        if (threads_) pause_cpus();
        state = why;
        log += "stop ";
        for (auto* o : observers) o->stopped(why);
    }
    Result<> cont() override {
        if (needs_reset(state)) return fail("a reset is needed");
        if (is_running()) return {};
        if (threads_) {
            for (const auto& cpu : cpus_) cpu->resume();
        }
        state = RunState::Running;
        log += "cont ";
        for (auto* o : observers) o->resumed();
        return {};
    }
    Result<std::string> inject_sdei_event(u32 event, std::optional<std::size_t> cpu, std::size_t usual) override {
        if (event == 1) return fail("there is no event 0x1");
        log += fmt::format("sdei {:#x} on {} or {} ", event, cpu ? static_cast<int>(*cpu) : -1, usual);
        return event == 2 ? "it has to wait" : "";
    }
    Result<std::string> sdei_state() const override { return "vCPU 0: masked\n"; }
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

    NetworkControl* networks() override { return network_control; }
    NetworkControl* network_control = nullptr;
    BalloonControl* balloon() override { return balloon_control; }
    BalloonControl* balloon_control = nullptr;
    std::string name = "fake";
    RunState state = RunState::Running;
    std::string log;  // what was done, in order
    unsigned inspections = 0;
    std::vector<MachineObserver*> observers;
    std::vector<vcpu::FakeAccel*> accels;

private:
    void pause_cpus() {
        for (const auto& cpu : cpus_) cpu->pause();
        for (const auto& cpu : cpus_) cpu->wait_paused();
    }
    void debug_stopped(bus::VcpuIndex cpu, const vcpu::DebugEvent& event) override {
        std::lock_guard lock(events_mutex_);
        events_.emplace_back(cpu, event);
        event_came_.notify_all();
    }

    bool threads_ = false;
    std::mutex events_mutex_;
    std::condition_variable event_came_;
    std::deque<std::pair<std::size_t, vcpu::DebugEvent>> events_;
    trap::SysRegSpace sysregs_;
    trap::HypercallSpace calls_;
    bus::MmioBus bus_;
    mem::GuestMemory memory_;
    std::vector<std::unique_ptr<vcpu::Vcpu>> cpus_;  // last: their threads use everything above
};

}  // namespace trapeze::debug
