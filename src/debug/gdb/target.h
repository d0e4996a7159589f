// What a gdb session controls: the machine, or a fake in tests. Threads: the event loop's only. Registers,
// memory and breakpoints are touched only while the target is stopped.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::debug::gdb {

// The numbers are those of the Z packets.
enum class PointKind : u8 { Software = 0, Hardware = 1, WriteWatch = 2, ReadWatch = 3, AccessWatch = 4 };
enum class PointResult : u8 { Done, Unsupported, Failed };

enum class ResumeAction : u8 { Continue, Step, Hold };

// Bits of QEMU's qqemu.sstep.
inline constexpr unsigned kStepEnable = 1;
inline constexpr unsigned kStepNoIrq = 2;
inline constexpr unsigned kStepNoTimer = 4;

struct StopInfo {
    enum class Reason : u8 { None, SoftwareBreak, HardwareBreak, Watch };
    std::size_t cpu = 0;
    unsigned signal = 5;  // gdb's numbers: SIGTRAP 5, SIGINT 2
    Reason reason = Reason::None;
    PointKind watch = PointKind::WriteWatch;  // Watch
    u64 address = 0;                          // Watch
};

inline constexpr unsigned kSignalInterrupt = 2;
inline constexpr unsigned kSignalTrap = 5;

class Target {
public:
    virtual ~Target() = default;

    virtual std::size_t cpu_count() const = 0;
    virtual bool is_running() const = 0;
    virtual std::string cpu_description(std::size_t cpu) = 0;  // "CPU#0 [running]"

    // The target description, and its registers by number.
    virtual std::string_view description_xml() = 0;
    virtual std::string memory_map_xml(bool physical) = 0;
    // Registers 0 to this one less make up the g packet.
    virtual unsigned g_packet_registers() = 0;
    // Size in bytes; 0: no such register.
    virtual std::size_t register_size(unsigned number) = 0;
    virtual bool read_register(std::size_t cpu, unsigned number, std::span<u8> to) = 0;
    virtual bool write_register(std::size_t cpu, unsigned number, std::span<const u8> from) = 0;
    virtual u64 pc(std::size_t cpu) = 0;
    virtual void set_pc(std::size_t cpu, u64 value) = 0;

    // As many bytes as there are from `address` on, and no more than `to` holds. Virtual addresses are those
    // of `cpu`.
    virtual std::size_t read_memory(std::size_t cpu, u64 address, std::span<u8> to, bool physical) = 0;
    // All or nothing of each page.
    virtual bool write_memory(std::size_t cpu, u64 address, std::span<const u8> from, bool physical) = 0;

    virtual PointResult insert(std::size_t cpu, PointKind kind, u64 address, u64 length) = 0;
    virtual PointResult remove(PointKind kind, u64 address, u64 length) = 0;
    virtual void remove_all() = 0;

    virtual void stop() = 0;
    // One action for each vCPU; `step_flags` are kStep*. On failure `error` says why.
    virtual bool resume(std::span<const ResumeAction> actions, unsigned step_flags, std::string& error) = 0;
    virtual void kill() = 0;
    // One line of the human monitor; whole lines of output.
    virtual std::string monitor(std::string_view line) = 0;
};

}  // namespace trapeze::debug::gdb
