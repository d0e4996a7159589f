// The human monitor's command interpreter: QEMU's commands, as rows of data. Behind the monitor's prompt,
// QMP's human-monitor-command and gdb's `monitor`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trapeze/debug/machine_control.h"

namespace trapeze::debug {

// Loop thread only; the machine outlives it. Lines come from anybody: output and time are bounded.
class Hmp {
public:
    explicit Hmp(MachineControl& machine) : machine_(machine) {}

    // One command's output: whole lines, or nothing. Mistakes are answered in words.
    std::string execute(std::string_view line);

    // What the last word of `line` could become, sorted; empty if there is nothing to offer.
    std::vector<std::string> complete(std::string_view line) const;

    // The vCPU whose registers and addresses commands use. select_cpu() is false for one that does not exist.
    std::size_t cpu() const { return cpu_; }
    bool select_cpu(std::size_t index);

private:
    MachineControl& machine_;
    std::size_t cpu_ = 0;
};

}  // namespace trapeze::debug
