#include "trapeze/debug/qmp.h"

#include <ctime>
#include <utility>

#include "qmp_command.h"
#include "qmp_framer.h"

namespace trapeze::debug {

struct QmpSession {
    JsonFramer framer;
    std::deque<JsonFramer::Item> items;  // not yet answered; bounded by what one receive() brings
    bool negotiated = false;
};

namespace {

constexpr std::size_t kLargestInput = 4096;
// Events that a peer has not read: beyond this they are lost.
constexpr std::size_t kMaxUnsent = 1 << 20;

constexpr QmpParameter kCapabilitiesParameters[] = {{"enable", QmpParameter::Type::Any, true}};

// Not every byte that we show is UTF-8: a machine's name, for one.
std::string to_text(const Json& message, bool pretty) {
    return message.dump(pretty ? 4 : -1, ' ', false, Json::error_handler_t::replace) + "\r\n";
}

Json greeting() {
    return {{"QMP", {{"version", qmp_version()}, {"capabilities", Json::array()}}}};
}

Json error(std::string_view error_class, std::string_view description) {
    return {{"error", {{"class", error_class}, {"desc", description}}}};
}

Json event(std::string_view name, Json data = nullptr) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    Json message = {{"event", name},
                    {"timestamp", {{"seconds", now.tv_sec}, {"microseconds", now.tv_nsec / 1000}}}};
    if (!data.is_null()) message["data"] = std::move(data);
    return message;
}

Json cause_data(ShutdownCause cause) {
    return {{"guest", is_guest_cause(cause)}, {"reason", shutdown_cause_name(cause)}};
}

// "QEMU Machine Protocol Specification", "Issuing Commands".
Result<> check_message(const Json& message) {
    if (!message.is_object()) return fail("QMP input must be a JSON object");
    if (!message.contains("execute")) return fail("QMP input lacks member 'execute'");
    for (const auto& [key, value] : message.items()) {
        if (key != "execute" && key != "arguments" && key != "id")
            return fail("QMP input member '{}' is unexpected", key);
    }
    if (!message["execute"].is_string()) return fail("QMP input member 'execute' must be a string");
    if (message.contains("arguments") && !message["arguments"].is_object())
        return fail("QMP input member 'arguments' must be an object");
    return {};
}

Json negotiate(QmpSession& session, const Json& arguments) {
    for (const auto& [key, value] : arguments.items()) {
        if (key != kCapabilitiesParameters[0].name)
            return error("GenericError", fmt::format("Parameter '{}' is unexpected", key));
        if (!value.is_array() || !value.empty())
            return error("GenericError", "this server offers no capabilities to enable");
    }
    session.negotiated = true;
    return {{"return", Json::object()}};
}

// The reply to one message, without its id.
Json answer(QmpSession& session, MachineControl& machine, const Json& message,
            std::function<void()>& afterwards) {
    if (const Result<> checked = check_message(message); !checked)
        return error("GenericError", checked.error().message());
    const std::string name = message["execute"];
    const Json arguments = message.value("arguments", Json::object());
    if (name == "qmp_capabilities") {
        if (session.negotiated) {
            return error("CommandNotFound", "Capabilities negotiation is already complete, command ignored");
        }
        return negotiate(session, arguments);
    }
    if (!session.negotiated)
        return error("CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'");
    const QmpCommand* command = find_qmp_command(name);
    if (command == nullptr)
        return error("CommandNotFound", fmt::format("The command {} has not been found", name));
    if (const Result<> checked = check_qmp_arguments(*command, arguments); !checked)
        return error("GenericError", checked.error().message());
    QmpCall call{.machine = machine, .arguments = arguments, .afterwards = {}};
    Result<Json> result = command->run(call);
    if (!result) return error(call.error_class, result.error().message());
    afterwards = std::move(call.afterwards);
    return {{"return", std::move(*result)}};
}

}  // namespace

Qmp::Qmp(bus::CharPort& port, MachineControl& machine, bool pretty)
    : port_(port), machine_(machine), pretty_(pretty) {
    machine_.add_observer(*this);
    port_.set_receiver(this);
}

Qmp::~Qmp() {
    port_.set_receiver(nullptr);
    machine_.remove_observer(*this);
}

// --- The stream --------------------------------------------------------------------------------------------

void Qmp::peer_changed(bool connected) {
    session_.reset();
    unsent_.clear();
    if (!connected) return;
    session_ = std::make_unique<QmpSession>();
    send(to_text(greeting(), pretty_));
}

std::size_t Qmp::receive_capacity() {
    return session_ != nullptr && session_->items.empty() && unsent_.empty() ? kLargestInput : 0;
}

void Qmp::receive(std::span<const u8> bytes) {
    if (session_ == nullptr) return;
    for (JsonFramer::Item& item : session_->framer.feed(bytes)) session_->items.push_back(std::move(item));
    work();
}

void Qmp::send(std::string text) {
    unsent_ += text;
    const std::size_t taken = port_.send({reinterpret_cast<const u8*>(unsent_.data()), unsent_.size()});
    unsent_.erase(0, taken);
}

void Qmp::send_ready() {
    if (unsent_.empty()) return;
    send({});
    work();
    if (receive_capacity() != 0) port_.receiver_ready();
}

// Answers what has arrived, as long as the peer takes the replies.
void Qmp::work() {
    if (std::exchange(working_, true)) return;
    while (session_ != nullptr && !session_->items.empty() && unsent_.empty()) {
        const JsonFramer::Item item = std::move(session_->items.front());
        session_->items.pop_front();
        std::function<void()> afterwards;
        Json reply;
        if (!item.error.empty()) {
            reply = error("GenericError", item.error);
        } else if (const Json message = Json::parse(item.text, nullptr, false); message.is_discarded()) {
            reply = error("GenericError", "JSON parse error, this is not JSON");
        } else {
            reply = answer(*session_, machine_, message, afterwards);
            if (message.is_object() && message.contains("id")) reply["id"] = message["id"];
        }
        send(to_text(reply, pretty_));
        if (afterwards) afterwards();
    }
    working_ = false;
}

// --- Events ------------------------------------------------------------------------------------------------

namespace {

// Whether the peer gets events, and has read enough of the earlier ones.
bool takes_events(const QmpSession* session, std::size_t unsent) {
    return session != nullptr && session->negotiated && unsent < kMaxUnsent;
}

}  // namespace

void Qmp::stopped(RunState) {
    if (takes_events(session_.get(), unsent_.size())) send(to_text(event("STOP"), pretty_));
}

void Qmp::resumed() {
    if (takes_events(session_.get(), unsent_.size())) send(to_text(event("RESUME"), pretty_));
}

void Qmp::was_reset(ShutdownCause cause) {
    if (takes_events(session_.get(), unsent_.size()))
        send(to_text(event("RESET", cause_data(cause)), pretty_));
}

void Qmp::powerdown_requested() {
    if (takes_events(session_.get(), unsent_.size())) send(to_text(event("POWERDOWN"), pretty_));
}

void Qmp::shutting_down(ShutdownCause cause, std::string_view) {
    if (takes_events(session_.get(), unsent_.size()))
        send(to_text(event("SHUTDOWN", cause_data(cause)), pretty_));
}

void Qmp::guest_panicked(std::string_view action) {
    if (takes_events(session_.get(), unsent_.size()))
        send(to_text(event("GUEST_PANICKED", {{"action", action}}), pretty_));
}

void Qmp::guest_crash_loaded() {
    if (takes_events(session_.get(), unsent_.size()))
        send(to_text(event("GUEST_CRASHLOADED", {{"action", "run"}}), pretty_));
}

void Qmp::balloon_changed(u64 bytes) {
    if (takes_events(session_.get(), unsent_.size()))
        send(to_text(event("BALLOON_CHANGE", {{"actual", bytes}}), pretty_));
}

}  // namespace trapeze::debug
