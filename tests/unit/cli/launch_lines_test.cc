// tests/launch_lines.txt.
#include <fstream>
#include <set>
#include <vector>

#include "command_line_test.h"

namespace trapeze::cli {
namespace {

using machine::AccelKind;
using machine::CharConfig;

struct LaunchLine {
    std::string who;
    std::string line;   // without the program's name
    std::string error;  // empty: accepted
};

std::vector<LaunchLine> launch_lines() {
    std::vector<LaunchLine> lines;
    std::ifstream file(TRAPEZE_LAUNCH_LINES);
    // Indented lines belong to the one above them; a blank joins them.
    const auto append = [](std::string& to, const std::string& text) {
        to += (to.empty() ? "" : " ") + text.substr(4);
    };
    for (std::string text; std::getline(file, text);) {
        if (text.empty() || text.starts_with('#')) continue;
        if (text.starts_with("    ")) {
            append(lines.at(lines.size() - 1).line, text);
        } else if (text.starts_with("  ! ")) {
            append(lines.at(lines.size() - 1).error, text);
        } else {
            lines.push_back({.who = text, .line = {}, .error = {}});
        }
    }
    return lines;
}

TEST(LaunchLines, RunOrAreRefusedForTheReasonGiven) {
    std::set<std::string> systems;
    for (const LaunchLine& launch : launch_lines()) {
        SCOPED_TRACE(launch.who);
        systems.insert(launch.who.substr(0, launch.who.find(' ')));
        const auto parsed = parse_line(launch.line);
        EXPECT_EQ(parsed ? std::string() : parsed.error().message(), launch.error);
        if (parsed) {
            EXPECT_TRUE(std::holds_alternative<RunMachine>(*parsed));
        }
    }
    EXPECT_EQ(systems.size(), 20u);
}

RunMachine launched(std::string_view who) {
    for (const LaunchLine& launch : launch_lines()) {
        if (launch.who != who) continue;
        auto parsed = parse_line(launch.line);
        if (parsed && std::holds_alternative<RunMachine>(*parsed)) return std::get<RunMachine>(*parsed);
    }
    ADD_FAILURE() << who;
    return {};
}

TEST(LaunchLines, TheCoverLetterMeansWhatItSays) {
    const RunMachine run = launched("trap-me-harder cover letter");
    const machine::MachineConfig& config = run.config;
    ASSERT_EQ(config.accels.size(), 1u);
    EXPECT_EQ(config.accels[0].kind, AccelKind::TrapHarder);
    EXPECT_EQ(config.vcpus, 1u);
    EXPECT_EQ(config.ram_bytes, 4ull << 30);
    EXPECT_EQ(config.kernel, "Image");
    EXPECT_EQ(config.append, "console=ttyAMA0");
    EXPECT_EQ(config.serial.kind, CharConfig::Kind::Stdio);
    EXPECT_TRUE(config.serial.mux);
    EXPECT_TRUE(config.serial.monitor);
    EXPECT_FALSE(config.serial.signals);
    EXPECT_EQ(run.diagnostics.classes, std::vector{LogClass::Unimp});
    EXPECT_EQ(run.diagnostics.trace_patterns, (std::vector<std::string>{"kvm_hypercall", "kvm_wfx_trap"}));
    EXPECT_TRUE(run.warnings.empty());
}

TEST(LaunchLines, KUnitGetsKvmAndAPlainConsole) {
    const RunMachine run = launched("8 KUnit");
    ASSERT_EQ(run.config.accels.size(), 1u);
    EXPECT_EQ(run.config.accels[0].kind, AccelKind::Kvm);
    EXPECT_EQ(run.config.serial.kind, CharConfig::Kind::Stdio);
    EXPECT_FALSE(run.config.serial.mux);
    EXPECT_TRUE(run.config.serial.signals);
    EXPECT_TRUE(run.config.no_reboot);
    EXPECT_EQ(run.config.ram_bytes, 1ull << 30);
    EXPECT_EQ(run.warnings.size(), 1u);
}

TEST(LaunchLines, VirtmeSharesItsCharacterDeviceWithTheMonitor) {
    const CharConfig serial = launched("5 virtme-ng").config.serial;
    EXPECT_EQ(serial.id, "console");
    EXPECT_TRUE(serial.mux);
    EXPECT_TRUE(serial.monitor);
    EXPECT_FALSE(serial.signals);
}

TEST(LaunchLines, VirtmeHasTheKernelsLogOnAVirtioConsole) {
    const machine::MachineConfig config = launched("5 virtme-ng").config;
    ASSERT_EQ(config.virtio.size(), 2u);  // after its files
    const auto& ports = std::get<machine::ConsoleConfig>(config.virtio[1].device).ports;
    ASSERT_EQ(ports.size(), 1u);
    EXPECT_TRUE(ports[0].console);
    EXPECT_EQ(ports[0].number, 0u);
    EXPECT_EQ(config.port_devices.at(0).path, "/proc/self/fd/2");
}

TEST(LaunchLines, WireGuardGetsItsResultFromTheSecondSerialPort) {
    const machine::MachineConfig config = launched("10 WireGuard").config;
    EXPECT_EQ(config.serial.kind, CharConfig::Kind::Stdio);
    EXPECT_EQ(config.serial1.value().path, "result");
}

TEST(LaunchLines, RcutortureLogsToAFile) {
    const CharConfig serial = launched("9 rcutorture").config.serial;
    EXPECT_EQ(serial.kind, CharConfig::Kind::File);
    EXPECT_EQ(serial.path, "console.log");
    EXPECT_FALSE(serial.append);
}

TEST(LaunchLines, SyzkallerSpeaksQmpOnATcpServer) {
    const machine::MachineConfig config = launched("4 syzkaller, its console and monitor").config;
    ASSERT_EQ(config.monitors.size(), 1u);
    const machine::MonitorConfig& monitor = config.monitors[0];
    EXPECT_TRUE(monitor.control);
    EXPECT_EQ(monitor.device.kind, CharConfig::Kind::Socket);
    EXPECT_EQ(monitor.device.host, "localhost");
    EXPECT_EQ(monitor.device.port, 4321);
    EXPECT_TRUE(monitor.device.server);
    EXPECT_FALSE(monitor.device.wait);
    EXPECT_EQ(config.serial.kind, CharConfig::Kind::Stdio);
}

TEST(LaunchLines, VmtestSpeaksQmpBesideTheConsole) {
    const machine::MachineConfig config = launched("7 danobi/vmtest").config;
    ASSERT_EQ(config.monitors.size(), 1u);
    EXPECT_TRUE(config.monitors[0].control);
    EXPECT_EQ(config.monitors[0].device.path, "qmp.sock");
    EXPECT_TRUE(config.serial.monitor);
}

TEST(LaunchLines, LabgridSpeaksQmpOnStdioAndListensToTheConsole) {
    const machine::MachineConfig config = launched("15 labgrid").config;
    ASSERT_EQ(config.monitors.size(), 1u);
    EXPECT_TRUE(config.monitors[0].control);
    EXPECT_EQ(config.monitors[0].device.kind, CharConfig::Kind::Stdio);
    EXPECT_TRUE(config.start_paused);
    EXPECT_EQ(config.serial.path, "serial.sock");
    EXPECT_FALSE(config.serial.server);
}

TEST(LaunchLines, QemuFunctionalTestsHandOverDescriptors) {
    const machine::MachineConfig config = launched("18 QEMU functional tests").config;
    ASSERT_EQ(config.monitors.size(), 1u);
    EXPECT_EQ(config.monitors[0].device.fd, 10);
    EXPECT_EQ(config.serial.fd, 11);
}

}  // namespace
}  // namespace trapeze::cli
