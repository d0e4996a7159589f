// The machine as a gdb session's target: breakpoints of all kinds, registers, memory, running with an action
// per vCPU.
#pragma once

#include <functional>
#include <optional>

#include "gdb/guest_code.h"
#include "gdb/registers.h"
#include "gdb/target.h"
#include "trapeze/debug/machine_control.h"

namespace trapeze::debug::gdb {

// Loop thread only.
class MachineTarget final : public Target {
public:
    using Monitor = std::function<std::string(std::string_view)>;

    // `machine` outlives the target.
    MachineTarget(MachineControl& machine, Monitor monitor);

    std::size_t cpu_count() const override { return machine_.cpu_count(); }
    bool is_running() const override { return machine_.is_running(); }
    std::string cpu_description(std::size_t cpu) override;
    std::string_view description_xml() override { return layout().xml; }
    std::string memory_map_xml(bool physical) override;
    unsigned g_packet_registers() override { return kCoreRegisters; }
    std::size_t register_size(unsigned number) override;
    bool read_register(std::size_t cpu, unsigned number, std::span<u8> to) override;
    bool write_register(std::size_t cpu, unsigned number, std::span<const u8> from) override;
    u64 pc(std::size_t cpu) override;
    void set_pc(std::size_t cpu, u64 value) override;
    std::size_t read_memory(std::size_t cpu, u64 address, std::span<u8> to, bool physical) override;
    bool write_memory(std::size_t cpu, u64 address, std::span<const u8> from, bool physical) override;
    PointResult insert(std::size_t cpu, PointKind kind, u64 address, u64 length) override;
    PointResult remove(PointKind kind, u64 address, u64 length) override;
    void remove_all() override;
    void stop() override;
    bool resume(std::span<const ResumeAction> actions, unsigned step_flags, std::string& error) override;
    void kill() override;
    std::string monitor(std::string_view line) override { return monitor_(line); }

    // --- For the stub ---
    // The machine has stopped: what resume() asked for ends, and registers are those the vCPUs go on with.
    void settle();
    // All vCPUs are paused and RAM is loaded anew.
    void was_reset();
    // Traps that stop a vCPU, from the next resume() on; may be empty.
    void set_catches(vcpu::TrapFilter catches) { catches_ = std::move(catches); }
    // gdb's words for what a vCPU met. nullopt: a BRK that is not the debugger's.
    std::optional<StopInfo> explain(std::size_t cpu, const vcpu::DebugEvent& event);
    // Another step of a vCPU that has just made one, while the rest of the machine goes on.
    bool step_again(std::size_t cpu);
    // Gives a vCPU that ran into the guest's own BRK its exception.
    void reflect(std::size_t cpu);

private:
    struct Point {
        PointKind kind;
        u64 address;
        u64 length;
        std::optional<mem::Gpa>
            patched;  // Software: where the BRK is; without, a hardware breakpoint stands in
        bool operator==(const Point&) const = default;
    };
    static constexpr std::size_t kMostPoints = 4096;

    const RegisterLayout& layout();
    const Point* find(PointKind kind, u64 address) const;
    accel::GuestDebug debug_registers() const;
    bool fits(const accel::GuestDebug& debug);
    bool apply(std::size_t cpu, ResumeAction action, unsigned step_flags, std::string& error);

    MachineControl& machine_;
    const Monitor monitor_;
    GuestCode code_;
    std::optional<RegisterLayout> layout_;
    std::optional<accel::DebugLimits> limits_;
    std::vector<Point> points_;
    vcpu::TrapFilter catches_;
    unsigned step_flags_ = 0;
};

}  // namespace trapeze::debug::gdb
