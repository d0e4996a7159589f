// The machine: memory, vCPUs, interrupt controller, devices and what connects them. The composition root: the
// only place that knows all the parts.
#pragma once

#include <memory>
#include <string>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/result.h"
#include "trapeze/machine/config.h"

namespace trapeze::machine {

class Machine {
public:
    // Opens files and the accelerator and builds everything; no guest code runs yet. `loop` outlives the
    // machine; it must not be running.
    static Result<std::unique_ptr<Machine>> create(const MachineConfig& config, EventLoop& loop);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    // Runs the machine until it ends, on the calling thread. The value is the process's exit status.
    Result<int> run();

    class Impl;

private:
    explicit Machine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// Writes the device tree that the machine would have (-machine dumpdtb=FILE). Needs no accelerator.
Result<> dump_device_tree(const MachineConfig& config);

// The trapped system registers of a vCPU as a Markdown table (--list-sysregs, docs/sysregs.md).
std::string list_sysregs();

}  // namespace trapeze::machine
