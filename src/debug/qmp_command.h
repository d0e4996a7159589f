// A QMP command as a row of data.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "trapeze/debug/machine_control.h"

namespace trapeze::debug {

using Json = nlohmann::json;

struct QmpParameter {
    enum class Type : u8 { String, Integer, Boolean, Any };
    std::string_view name;
    Type type;
    bool optional = false;
};

struct QmpCall {
    MachineControl& machine;
    Json arguments;  // checked against the row's parameters
    // Done after the reply has been sent.
    std::function<void()> afterwards;
    // Of the error, if there is one.
    std::string_view error_class = "GenericError";

    bool has(std::string_view name) const { return arguments.contains(name); }
    std::string text(std::string_view name) const { return arguments[std::string(name)].get<std::string>(); }
    u64 number(std::string_view name) const;
};

struct QmpCommand {
    std::string_view name;
    std::vector<QmpParameter> parameters;
    Result<Json> (*run)(QmpCall&);
};

// Handlers of balloon_commands.cc.
Result<Json> qmp_balloon(QmpCall& call);
Result<Json> qmp_query_balloon(QmpCall& call);

// Handlers of ringbuf_commands.cc.
Result<Json> qmp_ringbuf_read(QmpCall& call);
Result<Json> qmp_ringbuf_write(QmpCall& call);

// Without qmp_capabilities, which belongs to the session.
std::span<const QmpCommand> qmp_commands();
const QmpCommand* find_qmp_command(std::string_view name);
// Error texts are QEMU's.
Result<> check_qmp_arguments(const QmpCommand& command, const Json& arguments);

// {"qemu": {...}, "package": "..."}
Json qmp_version();

}  // namespace trapeze::debug
