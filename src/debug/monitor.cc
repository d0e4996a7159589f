#include "trapeze/debug/monitor.h"

#include <fmt/core.h>

#include <utility>

#include "trapeze/base/version.h"

namespace trapeze::debug {
namespace {

constexpr std::string_view kPrompt = "(trapeze) ";

// One row per command; `help` prints them in this order.
struct Command {
    const char* name;
    const char* alias;  // QEMU's short form, or nullptr
    const char* help;
    std::string (*run)(MachineControl&);
};

std::string help(MachineControl&);

// Empty, or the error as one line.
std::string report(const Result<>& result) {
    return result ? std::string() : result.error().message() + "\n";
}

// One line per vCPU: index, affinity, power state.
std::string cpu_list(MachineControl& machine) {
    std::string text;
    for (std::size_t n = 0; n < machine.cpu_count(); ++n) {
        const vcpu::PowerState power = machine.cpu(n).power_state();
        text += fmt::format("CPU #{}: affinity {:#x} {}\n", n, machine.cpu_affinity(n),
                            power == vcpu::PowerState::On          ? "on"
                            : power == vcpu::PowerState::OnPending ? "turning on"
                                                                   : "off");
    }
    return text;
}

// "running", or "paused" with the reason.
std::string status(MachineControl& machine) {
    switch (machine.run_state()) {
        case RunState::Running: return "VM status: running\n";
        case RunState::Paused: return "VM status: paused\n";
        default: return fmt::format("VM status: paused ({})\n", run_state_name(machine.run_state()));
    }
}

constexpr Command kCommands[] = {
    {"cont", "c", "resume emulation", [](MachineControl& m) { return report(m.cont()); }},
    {"help", "?", "show this list", &help},
    {"info cpus", nullptr, "show the vCPUs and their power states", &cpu_list},
    {"info name", nullptr, "show the name of the machine",
     [](MachineControl& m) { return m.machine_name() + "\n"; }},
    {"info status", nullptr, "show whether the machine runs", &status},
    {"info version", nullptr, "show the version of the program",
     [](MachineControl&) { return fmt::format("{}\n", kVersion); }},
    {"quit", "q", "end the machine and the program",
     [](MachineControl& m) {
         m.quit(ShutdownCause::HostUi);
         return std::string();
     }},
    {"stop", "s", "pause the machine",
     [](MachineControl& m) {
         m.stop();
         return std::string();
     }},
    {"system_powerdown", nullptr, "press the power button",
     [](MachineControl& m) {
         m.system_powerdown();
         return std::string();
     }},
    {"system_reset", nullptr, "reset the machine",
     [](MachineControl& m) {
         m.system_reset(ShutdownCause::HostUi);
         return std::string();
     }},
};

std::string help(MachineControl&) {
    std::string text;
    for (const Command& command : kCommands) {
        const std::string name =
            command.alias != nullptr ? fmt::format("{}|{}", command.name, command.alias) : command.name;
        text += fmt::format("{:<18} {}\n", name, command.help);
    }
    return text;
}

std::string_view trim(std::string_view s) {
    const auto first = s.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return s.substr(first, s.find_last_not_of(" \t") - first + 1);
}

// Any run of blanks counts as one, as in "info   status".
std::string single_spaced(std::string_view s) {
    std::string out;
    for (const char c : s) {
        const char ch = c == '\t' ? ' ' : c;
        if (ch == ' ' && !out.empty() && out.back() == ' ') continue;
        out += ch;
    }
    return out;
}

}  // namespace

Monitor::Monitor(bus::CharPort& port, MachineControl& machine) : port_(port), machine_(machine) {
    port_.set_receiver(this);
}

void Monitor::put(std::string_view text) {
    std::string terminal_text;
    for (const char c : text) {
        if (c == '\n') terminal_text += '\r';
        terminal_text += c;
    }
    // A host that reads too slowly loses monitor output, never the guest's.
    (void)port_.send({reinterpret_cast<const u8*>(terminal_text.data()), terminal_text.size()});
}

void Monitor::focus_changed(bool focused) {
    if (!focused) return;
    if (!greeted_) put(fmt::format("trapeze {} monitor - type 'help' for more information\n", kVersion));
    greeted_ = true;
    put(kPrompt);
    put(line_);
}

std::string Monitor::execute(std::string_view line) {
    const std::string text = single_spaced(trim(line));
    if (text.empty()) return {};
    for (const Command& command : kCommands) {
        if (text == command.name || (command.alias != nullptr && text == command.alias))
            return command.run(machine_);
    }
    if (text == "info") return "info needs a subject: cpus, name, status or version\n";
    return fmt::format("unknown command: '{}'\n", text);
}

void Monitor::handle_byte(u8 byte) {
    switch (byte) {
        case '\r':
        case '\n': {
            put("\n");
            const std::string line = std::exchange(line_, {});
            put(execute(line));
            put(kPrompt);
            return;
        }
        case 0x7f:
        case '\b':
            if (line_.empty()) return;
            line_.pop_back();
            put("\b \b");
            return;
        case 0x03:  // Ctrl-C
        case 0x15:  // Ctrl-U
            line_.clear();
            put("\n");
            put(kPrompt);
            return;
        default:
            if (byte < 0x20 || byte > 0x7e || line_.size() >= kMaxLine) return;
            line_ += static_cast<char>(byte);
            put({reinterpret_cast<const char*>(&byte), 1});
    }
}

void Monitor::receive(std::span<const u8> bytes) {
    for (const u8 byte : bytes) handle_byte(byte);
}

}  // namespace trapeze::debug
