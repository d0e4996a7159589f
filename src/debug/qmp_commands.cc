// The table of QMP commands.
#include <algorithm>

#include "core_dump.h"
#include "hmp_command.h"
#include "qmp_command.h"
#include "trapeze/base/log.h"
#include "trapeze/base/version.h"
#include "trapeze/debug/hmp.h"

namespace trapeze::debug {
namespace {

using Type = QmpParameter::Type;

// The version of QEMU whose commands, arguments and replies these are: clients choose by it what they may
// send.
constexpr unsigned kQemuMajor = 10;
constexpr unsigned kQemuMinor = 0;
constexpr unsigned kQemuMicro = 0;

Json nothing() {
    return Json::object();
}

Result<Json> query_status(QmpCall& call) {
    return Json{{"status", run_state_name(call.machine.run_state())}, {"running", call.machine.is_running()}};
}

Result<Json> query_version(QmpCall&) {
    return qmp_version();
}

Result<Json> query_name(QmpCall& call) {
    return Json{{"name", call.machine.machine_name()}};
}

Result<Json> query_cpus_fast(QmpCall& call) {
    Json cpus = Json::array();
    for (std::size_t n = 0; n < call.machine.cpu_count(); ++n) {
        cpus.push_back({{"cpu-index", n},
                        {"qom-path", fmt::format("/machine/unattached/device[{}]", n)},
                        {"thread-id", call.machine.cpu(n).thread_id()},
                        {"props", {{"core-id", n}}},
                        {"target", "aarch64"}});
    }
    return cpus;
}

Result<Json> query_commands(QmpCall&) {
    Json commands = Json::array({{{"name", "qmp_capabilities"}}});
    for (const QmpCommand& command : qmp_commands()) commands.push_back({{"name", command.name}});
    return commands;
}

Result<Json> query_chardev(QmpCall& call) {
    Json devices = Json::array();
    for (const CharDeviceInfo& device : call.machine.character_devices()) {
        devices.push_back({{"label", device.label},
                           {"filename", device.filename},
                           {"frontend-open", device.frontend_open}});
    }
    return devices;
}

Result<Json> query_kvm(QmpCall&) {
    return Json{{"enabled", true}, {"present", true}};
}

Result<Json> query_target(QmpCall&) {
    return Json{{"arch", "aarch64"}};
}

Result<Json> query_traps(QmpCall& call) {
    Json statistics = Json::parse(call.machine.trap_statistics_json(), nullptr, false);
    if (statistics.is_discarded()) return fail("there are no statistics");
    return statistics;
}

Result<Json> stop(QmpCall& call) {
    call.machine.stop();
    return nothing();
}

Result<Json> cont(QmpCall& call) {
    TRY(call.machine.cont());
    return nothing();
}

Result<Json> quit(QmpCall& call) {
    call.afterwards = [&machine = call.machine] { machine.quit(ShutdownCause::HostQmpQuit); };
    return nothing();
}

Result<Json> system_reset(QmpCall& call) {
    call.afterwards = [&machine = call.machine] { machine.system_reset(ShutdownCause::HostQmpSystemReset); };
    return nothing();
}

Result<Json> system_powerdown(QmpCall& call) {
    call.afterwards = [&machine = call.machine] { machine.system_powerdown(); };
    return nothing();
}

Result<Json> inject_nmi(QmpCall& call) {
    TRY(call.machine.inject_nmi());
    return nothing();
}

// The human monitor's handler does the work: memsave, pmemsave.
Result<Json> save_memory(QmpCall& call, HmpResult (*save)(HmpCall&)) {
    Hmp monitor(call.machine);
    if (call.has("cpu-index") && !monitor.select_cpu(call.number("cpu-index")))
        return fail("Parameter 'cpu-index' expects a CPU number");
    HmpCall hmp{.machine = call.machine,
                .monitor = monitor,
                .numbers = {call.number("val"), call.number("size")},
                .words = {call.text("filename")},
                .format = {}};
    TRY(save(hmp));
    return nothing();
}

Result<Json> memsave(QmpCall& call) {
    return save_memory(call, &hmp_memsave);
}

Result<Json> pmemsave(QmpCall& call) {
    return save_memory(call, &hmp_pmemsave);
}

Result<Json> dump_guest_memory(QmpCall& call) {
    constexpr std::string_view kFile = "file:";
    const std::string protocol = call.text("protocol");
    if (call.arguments["paging"].get<bool>()) return fail("dumps by virtual address are not supported");
    if (!protocol.starts_with(kFile)) return fail("only file: is supported as protocol");
    if (call.has("format") && call.text("format") != "elf") return fail("only the format elf is supported");
    if (call.has("begin") || call.has("length")) return fail("a dump is of all memory");
    TRY(write_core_dump(call.machine, protocol.substr(kFile.size())));
    return nothing();
}

Result<Json> human_monitor_command(QmpCall& call) {
    Hmp monitor(call.machine);
    if (call.has("cpu-index") && !monitor.select_cpu(call.number("cpu-index")))
        return fail("Parameter 'cpu-index' expects a CPU number");
    std::string_view name = call.arguments["command-line"].get_ref<const std::string&>();
    const std::string line(name);
    // The reply comes before the end, as it does for the command of the protocol.
    if (line == "quit" || line == "q") {
        call.afterwards = [&machine = call.machine] { machine.quit(ShutdownCause::HostUi); };
        return "";
    }
    return monitor.execute(line);
}

Result<Json> set_link(QmpCall& call) {
    NetworkControl* networks = call.machine.networks();
    if (networks == nullptr) return fail("Device '{}' not found", call.text("name"));
    TRY(networks->set_link(call.text("name"), call.arguments["up"].get<bool>()));
    return nothing();
}

Result<Json> trace_event_set_state(QmpCall& call) {
    const std::string name = call.text("name");
    const bool enable = call.arguments["enable"].get<bool>();
    if (name.starts_with('-') || TraceEvent::enable((enable ? "" : "-") + name) == 0)
        return fail("unknown event \"{}\"", name);
    return nothing();
}

const std::vector<QmpCommand> kCommands = {
    {"balloon", {{"value", Type::Integer}}, &qmp_balloon},
    {"cont", {}, &cont},
    {"dump-guest-memory",
     {{"paging", Type::Boolean},
      {"protocol", Type::String},
      {"detach", Type::Boolean, true},
      {"begin", Type::Integer, true},
      {"length", Type::Integer, true},
      {"format", Type::String, true}},
     &dump_guest_memory},
    {"human-monitor-command",
     {{"command-line", Type::String}, {"cpu-index", Type::Integer, true}},
     &human_monitor_command},
    {"inject-nmi", {}, &inject_nmi},
    {"memsave",
     {{"val", Type::Integer},
      {"size", Type::Integer},
      {"filename", Type::String},
      {"cpu-index", Type::Integer, true}},
     &memsave},
    {"pmemsave", {{"val", Type::Integer}, {"size", Type::Integer}, {"filename", Type::String}}, &pmemsave},
    {"query-balloon", {}, &qmp_query_balloon},
    {"query-chardev", {}, &query_chardev},
    {"query-commands", {}, &query_commands},
    {"query-cpus-fast", {}, &query_cpus_fast},
    {"query-kvm", {}, &query_kvm},
    {"query-name", {}, &query_name},
    {"query-status", {}, &query_status},
    {"query-target", {}, &query_target},
    {"query-version", {}, &query_version},
    {"quit", {}, &quit},
    {"ringbuf-read",
     {{"device", Type::String}, {"size", Type::Integer}, {"format", Type::String, true}},
     &qmp_ringbuf_read},
    {"ringbuf-write",
     {{"device", Type::String}, {"data", Type::String}, {"format", Type::String, true}},
     &qmp_ringbuf_write},
    {"set_link", {{"name", Type::String}, {"up", Type::Boolean}}, &set_link},
    {"stop", {}, &stop},
    {"system_powerdown", {}, &system_powerdown},
    {"system_reset", {}, &system_reset},
    {"trace-event-set-state",
     {{"name", Type::String}, {"enable", Type::Boolean}, {"ignore-unavailable", Type::Boolean, true}},
     &trace_event_set_state},
    {"x-query-traps", {}, &query_traps},
};

std::string_view type_name(Type type) {
    switch (type) {
        case Type::String: return "string";
        case Type::Integer: return "integer";
        case Type::Boolean: return "boolean";
        case Type::Any: return "any";
    }
    return "";
}

bool has_type(const Json& value, Type type) {
    switch (type) {
        case Type::String: return value.is_string();
        case Type::Integer: return value.is_number_integer();
        case Type::Boolean: return value.is_boolean();
        case Type::Any: return true;
    }
    return false;
}

}  // namespace

// Addresses above 2^63 may come as negative numbers: JSON libraries differ.
u64 QmpCall::number(std::string_view name) const {
    const Json& value = arguments[std::string(name)];
    return value.is_number_unsigned() ? value.get<u64>() : static_cast<u64>(value.get<s64>());
}

std::span<const QmpCommand> qmp_commands() {
    return kCommands;
}

const QmpCommand* find_qmp_command(std::string_view name) {
    const auto row = std::ranges::find(kCommands, name, &QmpCommand::name);
    return row == kCommands.end() ? nullptr : &*row;
}

Result<> check_qmp_arguments(const QmpCommand& command, const Json& arguments) {
    for (const QmpParameter& parameter : command.parameters) {
        const auto value = arguments.find(parameter.name);
        if (value == arguments.end()) {
            if (!parameter.optional) return fail("Parameter '{}' is missing", parameter.name);
        } else if (!has_type(*value, parameter.type)) {
            return fail("Invalid parameter type for '{}', expected: {}", parameter.name,
                        type_name(parameter.type));
        }
    }
    for (const auto& [key, value] : arguments.items()) {
        if (std::ranges::find(command.parameters, key, &QmpParameter::name) == command.parameters.end())
            return fail("Parameter '{}' is unexpected", key);
    }
    return {};
}

Json qmp_version() {
    return {{"qemu", {{"major", kQemuMajor}, {"minor", kQemuMinor}, {"micro", kQemuMicro}}},
            {"package", fmt::format("trapeze {}", kVersion)}};
}

}  // namespace trapeze::debug
