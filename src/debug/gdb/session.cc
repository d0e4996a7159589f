// Session: dispatch by packet, threads, and running the target.
#include "gdb/session.h"

#include <fmt/core.h>

#include <utility>

namespace trapeze::debug::gdb {
namespace {

constexpr unsigned kPid = 1;
constexpr unsigned kEinval = 22;
constexpr unsigned kErunning = 1;

// Splits `text` at the first `separator`; the second part is empty without one.
std::pair<std::string_view, std::string_view> split(std::string_view text, char separator) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace

Session::Session(Target& target, Send send)
    : target_(target),
      send_(std::move(send)),
      reader_({.packet =
                   [this](std::string_view packet) {
                       if (!no_ack_) send_("+");
                       handle_packet(packet);
                   },
               .bad_packet =
                   [this] {
                       if (!no_ack_) send_("-");
                   },
               .too_long =
                   [this] {
                       if (!no_ack_) send_("+");
                       reply_error(kEinval);
                   },
               .interrupt = [this] { interrupt(); },
               .resend =
                   [this] {
                       if (!no_ack_ && !last_packet_.empty()) send_(last_packet_);
                   }}) {}

void Session::start() {
    reader_.reset();
    last_packet_.clear();
    active_ = true;
    no_ack_ = multiprocess_ = waiting_ = physical_ = false;
    step_flags_ = kStepEnable | kStepNoIrq | kStepNoTimer;
    general_cpu_ = 0;
    continue_thread_ = {ThreadId::Kind::All};
    last_stop_ = {};
    range_.reset();
}

void Session::receive(std::span<const u8> bytes) {
    if (active_) reader_.feed(bytes);
}

void Session::reply(std::string_view payload) {
    last_packet_ = frame(payload);
    send_(last_packet_);
}

void Session::reply_error(unsigned number) {
    reply(fmt::format("E{:02x}", number));
}

bool Session::refuse_while_running() {
    if (!target_.is_running()) return false;
    reply_error(kErunning);
    return true;
}

void Session::handle_packet(std::string_view packet) {
    static constexpr Command kCommands[] = {
        {"?", &Session::stop_reason},
        {"C", &Session::continue_with_signal},
        {"D", &Session::detach},
        {"G", &Session::write_registers},
        {"H", &Session::set_thread},
        {"M", &Session::write_memory},
        {"P", &Session::write_register},
        {"S", &Session::step_with_signal},
        {"T", &Session::thread_alive},
        {"X", &Session::write_memory_binary},
        {"Z", &Session::insert_point},
        {"c", &Session::continue_at},
        {"g", &Session::read_registers},
        {"k", &Session::kill},
        {"m", &Session::read_memory},
        {"p", &Session::read_register},
        {"s", &Session::step_at},
        {"v", &Session::v_packet},
        {"x", &Session::read_memory_binary},
        {"z", &Session::remove_point},
    };
    if (packet.empty()) return reply("");
    if (packet[0] == 'q' || packet[0] == 'Q') return query(packet);
    for (const Command& command : kCommands) {
        if (command.name[0] == packet[0]) return (this->*command.handle)(packet.substr(1));
    }
    reply("");
}

// --- Threads: vCPU n is thread n + 1 of process 1
// ------------------------------------------------------------------

std::optional<Session::ThreadId> Session::parse_thread(std::string_view text) const {
    if (text.starts_with('p')) {
        const auto [pid, tid] = split(text.substr(1), '.');
        if (pid != "-1") {
            const auto number = parse_hex(pid);
            if (!number || *number > kPid) return std::nullopt;
        }
        if (tid.empty()) return ThreadId{ThreadId::Kind::All};
        text = tid;
    }
    if (text == "-1") return ThreadId{ThreadId::Kind::All};
    const auto number = parse_hex(text);
    if (!number || *number > target_.cpu_count()) return std::nullopt;
    if (*number == 0) return ThreadId{ThreadId::Kind::Any};
    return ThreadId{ThreadId::Kind::One, static_cast<std::size_t>(*number - 1)};
}

std::string Session::thread_id(std::size_t cpu) const {
    if (multiprocess_) return fmt::format("p{:x}.{:x}", kPid, cpu + 1);
    return fmt::format("{:x}", cpu + 1);
}

void Session::set_thread(std::string_view arguments) {
    if (arguments.empty()) return reply_error(kEinval);
    const auto id = parse_thread(arguments.substr(1));
    if (!id) return reply_error(kEinval);
    switch (arguments[0]) {
        case 'c': continue_thread_ = *id; return ok();
        case 'g':
            if (id->kind == ThreadId::Kind::One) general_cpu_ = id->cpu;
            return ok();
        default: return reply_error(kEinval);
    }
}

void Session::thread_alive(std::string_view arguments) {
    const auto id = parse_thread(arguments);
    if (id && id->kind == ThreadId::Kind::One) return ok();
    reply_error(kEinval);
}

// --- Stopping
// ------------------------------------------------------------------------------------------------------

std::string Session::stop_reply() const {
    std::string text = fmt::format("T{:02x}thread:{};", last_stop_.signal, thread_id(last_stop_.cpu));
    switch (last_stop_.reason) {
        case StopInfo::Reason::None: break;
        case StopInfo::Reason::SoftwareBreak: text += "swbreak:;"; break;
        case StopInfo::Reason::HardwareBreak: text += "hwbreak:;"; break;
        case StopInfo::Reason::Watch: {
            const char* kind = last_stop_.watch == PointKind::ReadWatch     ? "rwatch"
                               : last_stop_.watch == PointKind::AccessWatch ? "awatch"
                                                                            : "watch";
            text += fmt::format("{}:{:x};", kind, last_stop_.address);
        }
    }
    return text;
}

void Session::stop_reason(std::string_view) {
    if (refuse_while_running()) return;
    general_cpu_ = last_stop_.cpu;
    reply(stop_reply());
}

void Session::interrupt() {
    range_.reset();
    if (target_.is_running()) target_.stop();
}

bool Session::steps_on(std::size_t cpu, u64 pc) const {
    return active_ && range_ && range_->cpu == cpu && pc >= range_->start && pc < range_->end;
}

void Session::stopped(const StopInfo& stop) {
    if (!active_) return;
    range_.reset();
    last_stop_ = stop;
    general_cpu_ = stop.cpu;
    if (std::exchange(waiting_, false)) reply(stop_reply());
}

void Session::exited(unsigned status) {
    if (!active_) return;
    const std::string process = multiprocess_ ? fmt::format(";process:{:x}", kPid) : std::string();
    reply(fmt::format("W{:02x}{}", status & 0xff, process));
    active_ = false;
}

void Session::killed_by_signal(unsigned signal) {
    if (!active_) return;
    const std::string process = multiprocess_ ? fmt::format(";process:{:x}", kPid) : std::string();
    reply(fmt::format("X{:02x}{}", signal & 0xff, process));
    active_ = false;
}

void Session::console(std::string_view text) {
    if (active_ && waiting_) reply("O" + to_hex(text.substr(0, kMaxPacket / 2 - 1)));
}

// --- Running
// -------------------------------------------------------------------------------------------------------

void Session::run(std::span<const ResumeAction> actions) {
    std::string error;
    waiting_ = true;
    if (target_.resume(actions, step_flags_, error)) return;
    console(error + "\n");
    waiting_ = false;
    reply(stop_reply());
}

// c and s: the thread of Hc, the others with it unless they would overtake a step.
void Session::legacy_resume(std::string_view address, ResumeAction action) {
    if (refuse_while_running()) return;
    const std::size_t cpu =
        continue_thread_.kind == ThreadId::Kind::One ? continue_thread_.cpu : general_cpu_;
    if (!address.empty()) {
        const auto pc = parse_hex(address);
        if (!pc) return reply_error(kEinval);
        target_.set_pc(cpu, *pc);
    }
    const bool alone = continue_thread_.kind == ThreadId::Kind::One;
    std::vector<ResumeAction> actions(target_.cpu_count(),
                                      alone ? ResumeAction::Hold : ResumeAction::Continue);
    actions[cpu] = action;
    range_.reset();
    run(actions);
}

void Session::continue_at(std::string_view address) {
    legacy_resume(address, ResumeAction::Continue);
}
void Session::step_at(std::string_view address) {
    legacy_resume(address, ResumeAction::Step);
}
// "sig;addr". There is nothing in a machine to deliver a signal to.
void Session::continue_with_signal(std::string_view arguments) {
    legacy_resume(split(arguments, ';').second, ResumeAction::Continue);
}
void Session::step_with_signal(std::string_view arguments) {
    legacy_resume(split(arguments, ';').second, ResumeAction::Step);
}

void Session::v_packet(std::string_view arguments) {
    if (arguments == "Cont?") return reply("vCont;c;C;s;S;t;r");
    if (arguments.starts_with("Cont;")) return v_cont(arguments.substr(5));
    if (arguments.starts_with("Kill;") || arguments == "Kill") {
        ok();
        return kill({});
    }
    reply("");  // vMustReplyEmpty, and all that is not offered
}

// "action[:thread];...": for each thread the leftmost action that names it; without one it stays where it is.
void Session::v_cont(std::string_view arguments) {
    if (refuse_while_running()) return;
    std::vector<std::optional<ResumeAction>> chosen(target_.cpu_count());
    std::optional<Range> range;
    while (!arguments.empty()) {
        const auto [item, rest] = split(arguments, ';');
        arguments = rest;
        const auto [action, thread] = split(item, ':');
        if (action.empty()) return reply_error(kEinval);
        ResumeAction what = ResumeAction::Continue;
        std::optional<Range> this_range;
        switch (action[0]) {
            case 'c':
            case 'C': break;
            case 's':
            case 'S': what = ResumeAction::Step; break;
            case 't': what = ResumeAction::Hold; break;
            case 'r': {
                const auto [first, last] = split(action.substr(1), ',');
                const auto start = parse_hex(first);
                const auto end = parse_hex(last);
                if (!start || !end) return reply_error(kEinval);
                what = ResumeAction::Step;
                this_range = Range{0, *start, *end};
                break;
            }
            default: return reply_error(kEinval);
        }
        auto id = ThreadId{ThreadId::Kind::All};
        if (!thread.empty()) {
            const auto parsed = parse_thread(thread);
            if (!parsed) return reply_error(kEinval);
            id = *parsed;
        }
        if (id.kind == ThreadId::Kind::Any) id = {ThreadId::Kind::One, general_cpu_};
        for (std::size_t cpu = 0; cpu < chosen.size(); ++cpu) {
            if (chosen[cpu] || (id.kind == ThreadId::Kind::One && id.cpu != cpu)) continue;
            chosen[cpu] = what;
            if (this_range && !range) range = Range{cpu, this_range->start, this_range->end};
        }
    }
    std::vector<ResumeAction> actions;
    bool any = false;
    for (const auto& action : chosen) {
        actions.push_back(action.value_or(ResumeAction::Hold));
        any |= actions.back() != ResumeAction::Hold;
    }
    if (!any) return reply_error(kEinval);  // nothing would ever stop again
    range_ = range;
    run(actions);
}

void Session::detach(std::string_view) {
    if (target_.is_running()) target_.stop();
    target_.remove_all();
    ok();
    active_ = false;
    const std::vector<ResumeAction> all(target_.cpu_count(), ResumeAction::Continue);
    std::string ignored;
    (void)target_.resume(all, step_flags_, ignored);
}

void Session::kill(std::string_view) {
    active_ = false;
    target_.kill();
}

}  // namespace trapeze::debug::gdb
