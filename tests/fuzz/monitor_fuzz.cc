// libFuzzer entry: what hostile peers send to the monitors, QMP and the one for people. The input is a list
// of operations: raw bytes, commands by name with arguments of the fuzzer's, bytes over and over until limits
// are met, peers that come, go and do not read, and things that happen to the machine meanwhile. Everything
// is allowed except crashes, sanitizer reports, output that is no QMP, and memory that grows.
#include <fcntl.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "debug/fake_machine.h"
#include "debug/monitor_fakes.h"
#include "fuzz_input.h"
#include "hmp_command.h"
#include "qmp_command.h"
#include "trapeze/base/log.h"
#include "trapeze/debug/monitor.h"
#include "trapeze/debug/qmp.h"

// Commands save memory under any name that the peer chooses. Meanwhile all files are in memory and have no
// name: the linker's option --wrap leads here. libFuzzer's own, by which it tells what it has found, are
// opened as "w".
namespace {
bool fuzzing = false;
}
extern "C" {
int __real_open(const char* path, int flags, ...);
int __wrap_open(const char* path, int flags, mode_t mode) {
    return fuzzing ? memfd_create("fuzz", MFD_CLOEXEC) : __real_open(path, flags, mode);
}
std::FILE* __real_fopen(const char* path, const char* mode);
std::FILE* __wrap_fopen(const char* path, const char* mode) {
    if (!fuzzing || std::strcmp(mode, "w") == 0) return __real_fopen(path, mode);
    return fdopen(memfd_create("fuzz", MFD_CLOEXEC), mode);
}
}

namespace trapeze::debug {
namespace {

// What one input may make of itself: a few messages of the largest size, and a few of the longest answers.
constexpr std::size_t kMostFed = 3 << 20;
constexpr std::size_t kMostAnswered = 2 << 20;
constexpr unsigned kMostOperations = 64;
constexpr std::size_t kNoLimit = std::size_t{1} << 40;
// A peer that does not read: what is kept for it (docs/monitor.md), beyond the one reply that did not fit.
constexpr std::size_t kLargestReply = 8 << 20;

// The end of a connection. Checks what it is sent: lines, each a JSON object of one of four kinds.
class QmpPeer final : public bus::CharPort {
public:
    std::size_t send(std::span<const u8> bytes) override {
        const std::size_t taken = std::min(bytes.size(), room);
        require(bytes.size() <= kLargestReply);
        room -= taken;
        total += taken;
        text_.append(reinterpret_cast<const char*>(bytes.data()), taken);
        std::size_t end = 0;
        while ((end = text_.find("\r\n")) != std::string::npos) {
            check(text_.substr(0, end));
            text_.erase(0, end + 2);
        }
        return taken;
    }
    void set_receiver(bus::CharReceiver*) override {}
    void receiver_ready() override {}
    void forget() { text_.clear(); }

    std::size_t room = kNoLimit;
    std::size_t total = 0;

private:
    static void check(const std::string& line) {
        const Json message = Json::parse(line, nullptr, false);
        require(message.is_object());
        const int kinds = message.contains("QMP") + message.contains("return") + message.contains("error") +
                          message.contains("event");
        require(kinds == 1);
        if (message.contains("error")) require(message["error"]["desc"].is_string());
    }

    std::string text_;
};

class Fuzzer {
public:
    Fuzzer() { change_peer(0); }
    ~Fuzzer() {
        // What commands change beyond the machine.
        (void)TraceEvent::enable("-*");
        for (const LogClass each : {LogClass::GuestErrors, LogClass::Unimp}) set_log_enabled(each, false);
    }

    bool is_spent() const { return peer_.total + shown_ > kMostAnswered; }
    void operate(u8 operation, std::string_view text) {
        const unsigned choice = operation / 8;
        switch (operation % 8) {
            case 0: return qmp(text);
            case 1: {
                const auto commands = qmp_commands();
                return qmp(fmt::format(R"({{"execute":"{}","arguments":{}}})",
                                       commands[choice % commands.size()].name, text));
            }
            case 2:
                return qmp(
                    Json({{"execute", "human-monitor-command"}, {"arguments", {{"command-line", text}}}})
                        .dump(-1, ' ', false, Json::error_handler_t::replace));
            case 3: return hmp(text);
            case 4: {
                const auto rows = choice % 2 == 0 ? hmp_commands() : hmp_info_subjects();
                return hmp(fmt::format("{}{} {}\r", choice % 2 == 0 ? "" : "info ",
                                       rows[choice / 2 % rows.size()].name, text));
            }
            case 5: return change_peer(choice);
            case 6: return change_machine(choice);
            default: return repeat(text, choice);
        }
    }

private:
    void feed(bus::CharReceiver& monitor, std::string_view text) {
        while (!text.empty()) {
            const std::size_t count = std::min(text.size(), monitor.receive_capacity());
            if (count == 0 || is_spent()) return;  // the peer has to read first
            monitor.receive({reinterpret_cast<const u8*>(text.data()), count});
            shown_ += std::exchange(hmp_port_.text, {}).size();
            text.remove_prefix(count);
            fed_ += count;
        }
    }
    void qmp(std::string_view text) { feed(qmp_, text); }
    void hmp(std::string_view text) { feed(monitor_, text); }

    void change_peer(unsigned how) {
        constexpr std::size_t kRooms[] = {kNoLimit, 0, 1, 100};
        peer_.room = hmp_port_.room = kRooms[how / 4 % std::size(kRooms)];
        if (how % 2 == 0) {
            qmp_.peer_changed(false);
            peer_.forget();
            qmp_.peer_changed(true);
            if (how % 4 == 0) qmp(R"({"execute":"qmp_capabilities"})");
        }
        qmp_.send_ready();
        monitor_.send_ready();
    }

    void change_machine(unsigned how) {
        switch (how % 8) {
            case 0: machine_.stop(RunState::Paused); break;
            case 1: (void)machine_.cont(); break;
            case 2: machine_.system_reset(ShutdownCause::GuestReset); break;
            case 3: machine_.state = RunState::GuestPanicked; break;
            case 4: each_observer([](MachineObserver& o) { o.guest_panicked("pause"); }); break;
            case 5: each_observer([](MachineObserver& o) { o.guest_crash_loaded(); }); break;
            case 6: machine_.map_page(how / 8 % 2, 0x1000, FakeMachine::kRam + 0x5000); break;
            default: machine_.quit(ShutdownCause::HostSignal); break;
        }
    }
    void each_observer(const std::function<void(MachineObserver&)>& tell) {
        for (MachineObserver* observer : machine_.observers) tell(*observer);
    }

    // Large and deep messages, which the fuzzer would not find byte by byte.
    void repeat(std::string_view text, unsigned doublings) {
        std::string many(text);
        for (unsigned n = 0; n < doublings % 16 && many.size() < kMostFed; ++n) many += many;
        if (fed_ + many.size() > kMostFed) return;
        if (doublings % 32 < 16) {
            qmp(many);
        } else {
            hmp(many);
        }
    }

    FakeMachine machine_;
    QmpPeer peer_;
    TextPort hmp_port_;
    Qmp qmp_{peer_, machine_, false};
    Monitor monitor_{hmp_port_, machine_};
    std::size_t fed_ = 0;
    std::size_t shown_ = 0;
};

void fuzz(std::span<const u8> input) {
    Fuzzer fuzzer;
    for (unsigned n = 0; n < kMostOperations && input.size() >= 2 && !fuzzer.is_spent(); ++n) {
        const u8 operation = input[0];
        const std::size_t length = std::min<std::size_t>(input[1], input.size() - 2);
        fuzzer.operate(operation, {reinterpret_cast<const char*>(input.data()) + 2, length});
        input = input.subspan(2 + length);
    }
}

}  // namespace
}  // namespace trapeze::debug

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzzing = true;
    trapeze::debug::fuzz({data, size});
    fuzzing = false;
    return 0;
}
