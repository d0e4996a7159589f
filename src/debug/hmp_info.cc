// The subjects of the human monitor's `info`.
#include <charconv>

#include "hmp_command.h"
#include "hmp_registers.h"
#include "trapeze/base/log.h"
#include "trapeze/base/version.h"

namespace trapeze::debug {
namespace {

using enum HmpArgument;

// `text`, or that there is nothing to show.
HmpResult or_nothing(std::string text) {
    if (text.empty()) return fail("this machine has nothing to show");
    return text;
}

HmpResult chardev(HmpCall& call) {
    std::string text;
    for (const CharDeviceInfo& device : call.machine.character_devices())
        text += fmt::format("{}: filename={}\n", device.label, device.filename);
    return or_nothing(std::move(text));
}

HmpResult cpus(HmpCall& call) {
    std::string text;
    const auto look = [&] {
        for (std::size_t n = 0; n < call.machine.cpu_count(); ++n) {
            const vcpu::PowerState power = call.machine.cpu(n).power_state();
            text += fmt::format("{} CPU #{}: affinity {:#x} {}\n", n == call.monitor.cpu() ? "*" : " ", n,
                                call.machine.cpu_affinity(n),
                                power == vcpu::PowerState::On          ? "on"
                                : power == vcpu::PowerState::OnPending ? "turning on"
                                                                       : "off");
        }
    };
    // KVM's own PSCI tells only then.
    call.machine.inspect(look);
    return text;
}

HmpResult kvm(HmpCall& call) {
    return fmt::format("kvm support: enabled\naccelerator: {}\n", call.machine.accelerator());
}

HmpResult mtree(HmpCall& call) {
    return or_nothing(call.machine.memory_tree());
}

HmpResult name(HmpCall& call) {
    return call.machine.machine_name() + "\n";
}

HmpResult pic(HmpCall& call) {
    return or_nothing(call.machine.interrupt_controller_state());
}

HmpResult registers(HmpCall& call) {
    std::string text;
    call.machine.inspect([&] {
        for (std::size_t n = 0; n < call.machine.cpu_count(); ++n) {
            if (call.flags || n == call.monitor.cpu()) text += describe_registers(call.machine, n);
        }
    });
    return text;
}

HmpResult sdei(HmpCall& call) {
    return call.machine.sdei_state();
}

HmpResult status(HmpCall& call) {
    const RunState state = call.machine.run_state();
    if (state == RunState::Running) return "VM status: running\n";
    if (state == RunState::Paused) return "VM status: paused\n";
    return fmt::format("VM status: paused ({})\n", run_state_name(state));
}

HmpResult sysregs(HmpCall& call) {
    std::string text;
    call.machine.inspect([&] { text = describe_sysregs(call.machine, call.monitor.cpu()); });
    return or_nothing(std::move(text));
}

// The last records of every vCPU, oldest first.
HmpResult trace(HmpCall& call) {
    constexpr std::size_t kUsual = 20;
    std::size_t limit = kUsual;
    if (!call.words.empty()) {
        const std::string& word = call.words[0];
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), limit);
        if (error != std::errc() || end != word.data() + word.size()) return fail("'{}' is no number", word);
    }
    return or_nothing(call.machine.trace_dump(limit));
}

HmpResult trace_events(HmpCall&) {
    std::string text;
    for (const TraceEvent* event : TraceEvent::all())
        text += fmt::format("{} : state {}\n", event->name(), event->enabled() ? 1 : 0);
    return text;
}

HmpResult traps(HmpCall& call) {
    return or_nothing(call.machine.trap_statistics());
}

HmpResult version(HmpCall&) {
    return fmt::format("{}\n", kVersion);
}

const std::vector<HmpCommand> kSubjects = {
    {"balloon", "", "", "how much memory the balloon leaves to the guest", {}, &hmp_info_balloon},
    {"chardev", "", "", "character devices", {}, &chardev},
    {"cpus", "", "", "vCPUs and their power states", {}, &cpus},
    {"kvm", "", "", "the accelerator", {}, &kvm},
    {"mem",
     "",
     "[first [last]]",
     "what virtual addresses may be used for",
     {OptionalExpression, OptionalExpression},
     &hmp_info_mem},
    {"mtree", "", "", "guest physical memory: RAM and devices", {}, &mtree},
    {"name", "", "", "name of the machine", {}, &name},
    {"network", "", "", "network devices and what they are connected to", {}, &hmp_info_network},
    {"pic", "irq", "", "state of the interrupt controller", {}, &pic},
    {"registers", "", "[-a]", "registers of the current vCPU, or of all", {Flag}, &registers},
    {"sdei", "", "", "SDEI events: their handlers, and what is pending", {}, &sdei},
    {"status", "", "", "whether the machine runs", {}, &status},
    {"sysregs", "", "", "system registers of the current vCPU", {}, &sysregs},
    {"tlb",
     "",
     "[first [last]]",
     "what virtual addresses are mapped to",
     {OptionalExpression, OptionalExpression},
     &hmp_info_tlb},
    {"trace", "", "[n]", "the last n recorded events of each vCPU (20)", {OptionalWord}, &trace},
    {"trace-events", "", "", "trace events and whether they are on", {}, &trace_events},
    {"traps", "", "", "statistics of the guest's traps", {}, &traps},
    {"usernet", "", "", "connections of user networks", {}, &hmp_info_usernet},
    {"version", "", "", "version of the program", {}, &version},
};

}  // namespace

std::span<const HmpCommand> hmp_info_subjects() {
    return kSubjects;
}

}  // namespace trapeze::debug
