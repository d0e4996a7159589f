// A vCPU accelerator that plays a script of exits and records what completion does to the registers.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "trapeze/accel/accel.h"
#include "trapeze/base/check.h"

namespace trapeze::vcpu {

class FakeAccel final : public accel::Vcpu {
public:
    // --- Test side, any thread ---
    void push(accel::Exit exit) {
        std::lock_guard lock(mutex_);
        exits_.push_back(std::move(exit));
        changed_.notify_all();
    }
    // Waits until run() has been called with nothing left to play.
    void wait_idle() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return waiting_ && exits_.empty(); });
    }
    u64 reg(accel::CoreReg r) {
        std::lock_guard lock(mutex_);
        return registers_[static_cast<unsigned>(r)];
    }
    void preset(accel::CoreReg r, u64 value) {
        std::lock_guard lock(mutex_);
        registers_[static_cast<unsigned>(r)] = value;
    }
    void preset(arch::SysReg r, u64 value) {
        std::lock_guard lock(mutex_);
        sys_[r] = value;
    }
    // From here on there is no such register.
    void remove(arch::SysReg r) {
        std::lock_guard lock(mutex_);
        removed_.insert(r);
    }
    void preset_virtual_timer(std::optional<accel::ArmedTimer> timer) {
        std::lock_guard lock(mutex_);
        virtual_timer_ = timer;
    }
    void set_levels(accel::DeviceIrqLevels levels) {
        std::lock_guard lock(mutex_);
        levels_ = levels;
    }
    unsigned runs() {
        std::lock_guard lock(mutex_);
        return runs_;
    }
    unsigned resets() {
        std::lock_guard lock(mutex_);
        return resets_;
    }
    unsigned core_reads() {
        std::lock_guard lock(mutex_);
        return core_reads_;
    }
    u64 mmio_data() {
        std::lock_guard lock(mutex_);
        return mmio_data_;
    }
    bool aborted() {
        std::lock_guard lock(mutex_);
        return aborted_;
    }
    accel::GuestDebug guest_debug() {
        std::lock_guard lock(mutex_);
        return debug_;
    }
    void refuse_guest_debug(bool refuse) {
        std::lock_guard lock(mutex_);
        refuse_debug_ = refuse;
    }
    unsigned instruction_writes() {
        std::lock_guard lock(mutex_);
        return instruction_writes_;
    }
    // PC when the next access to a device is finished.
    void finish_at(u64 pc) {
        std::lock_guard lock(mutex_);
        finished_pc_ = pc;
    }
    void preset_off(bool off) { off_.store(off); }
    void preset_vector_length(unsigned bytes) {
        std::lock_guard lock(mutex_);
        vector_length_ = bytes;
    }
    unsigned guest_debug_calls() {
        std::lock_guard lock(mutex_);
        return debug_calls_;
    }

    // --- accel::Vcpu ---
    accel::Exit run() override {
        std::unique_lock lock(mutex_);
        ++runs_;
        finish();
        waiting_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return kicked_ || !exits_.empty(); });
        waiting_ = false;
        if (kicked_) {
            kicked_ = false;
            return accel::InterruptedExit{};
        }
        accel::Exit exit = std::move(exits_.front());
        exits_.pop_front();
        pending_ = std::holds_alternative<accel::MmioExit>(exit);
        return exit;
    }
    void complete_mmio_read(u64 value) override {
        std::lock_guard lock(mutex_);
        mmio_data_ = value;
    }
    void flush_pending() override {
        std::lock_guard lock(mutex_);
        finish();
    }
    bool exit_pending() const override { return pending_; }
    bool is_off() override { return off_.load(); }
    void kick() override {
        std::lock_guard lock(mutex_);
        kicked_ = true;
        changed_.notify_all();
    }
    void set_interrupt_lines(bool, bool) override {}
    accel::DeviceIrqLevels device_irq_levels() const override {
        std::lock_guard lock(mutex_);
        return levels_;
    }
    std::optional<accel::ArmedTimer> virtual_timer() override {
        std::lock_guard lock(mutex_);
        return virtual_timer_;
    }
    std::optional<accel::ArmedTimer> physical_timer() override { return std::nullopt; }
    u64 virtual_count() override { return 1000; }
    u64 counter_frequency() const override { return 1'000'000; }
    u64 get_core(accel::CoreReg r) override {
        std::lock_guard lock(mutex_);
        CHECK(!pending_);
        ++core_reads_;
        return registers_[static_cast<unsigned>(r)];
    }
    void set_core(accel::CoreReg r, u64 value) override {
        std::lock_guard lock(mutex_);
        CHECK(!pending_);
        registers_[static_cast<unsigned>(r)] = value;
    }
    std::optional<u64> get(arch::SysReg r) override {
        std::lock_guard lock(mutex_);
        if (removed_.contains(r)) return std::nullopt;
        return sys_[r];
    }
    bool set(arch::SysReg r, u64 value) override {
        std::lock_guard lock(mutex_);
        sys_[r] = value;
        return true;
    }
    std::optional<u64> ccsidr(u64) override { return std::nullopt; }
    std::optional<u64> smccc_workaround(unsigned) override { return std::nullopt; }
    void inject_external_abort() override {
        std::lock_guard lock(mutex_);
        aborted_ = true;
    }
    Result<> set_guest_debug(const accel::GuestDebug& debug) override {
        std::lock_guard lock(mutex_);
        if (refuse_debug_) return fail("no debugging today");
        debug_ = debug;
        ++debug_calls_;
        return {};
    }
    accel::DebugLimits debug_limits() const override { return {.breakpoints = 2, .watchpoints = 2}; }
    unsigned vector_length() const override {
        std::lock_guard lock(mutex_);
        return vector_length_;
    }
    bool get_vector(accel::VectorReg reg, unsigned n, std::span<u8> to) override {
        std::lock_guard lock(mutex_);
        std::vector<u8>& value = vectors_[{reg, n}];
        value.resize(to.size());
        std::ranges::copy(value, to.begin());
        return true;
    }
    bool set_vector(accel::VectorReg reg, unsigned n, std::span<const u8> from) override {
        std::lock_guard lock(mutex_);
        vectors_[{reg, n}].assign(from.begin(), from.end());
        return true;
    }
    void instructions_written(std::span<const u8>) override {
        std::lock_guard lock(mutex_);
        ++instruction_writes_;
    }
    Result<> reset() override {
        std::lock_guard lock(mutex_);
        ++resets_;
        for (u64& r : registers_) r = 0;
        registers_[static_cast<unsigned>(accel::CoreReg::Pstate)] = 0x3c5;
        return {};
    }

private:
    void finish() {
        if (pending_ && finished_pc_) registers_[static_cast<unsigned>(accel::CoreReg::Pc)] = *finished_pc_;
        pending_ = false;
    }

    std::atomic<bool> off_{false};  // by the accelerator's own PSCI
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<accel::Exit> exits_;
    bool waiting_ = false;
    bool kicked_ = false;
    bool aborted_ = false;
    std::atomic<bool> pending_{false};
    std::optional<u64> finished_pc_;
    unsigned runs_ = 0;
    unsigned resets_ = 0;
    unsigned core_reads_ = 0;
    u64 mmio_data_ = 0;
    u64 registers_[37] = {};
    std::map<arch::SysReg, u64> sys_;
    std::set<arch::SysReg> removed_;
    std::optional<accel::ArmedTimer> virtual_timer_;
    accel::DeviceIrqLevels levels_;
    accel::GuestDebug debug_;
    unsigned debug_calls_ = 0;
    bool refuse_debug_ = false;
    unsigned instruction_writes_ = 0;
    unsigned vector_length_ = 0;
    std::map<std::pair<accel::VectorReg, unsigned>, std::vector<u8>> vectors_;
};

}  // namespace trapeze::vcpu
