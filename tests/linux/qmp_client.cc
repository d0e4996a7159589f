// A QMP client that knows nothing but sockets and JSON; plays a script from standard input. For the Linux
// tests.
//
// usage: qmp_client unix:PATH | tcp:ADDRESS:PORT | fds:IN:OUT
//        qmp_client ADDRESS execute NAME           runs a command, prints what it returns
//        qmp_client ADDRESS hmp COMMAND            the same for one of the human monitor
//        qmp_client ADDRESS inject COUNT VCPUS     raises SDEI event 0 on each of these vCPUs, in turn and
//        as fast as it goes, until COUNT were accepted; prints "vCPU N: COUNT" for each and a summary
//
// Lines of a script; a reply or event that is no JSON, or not what was said, ends it with status 1:
//   greeting            the greeting comes
//   send JSON           sends this text
//   return TEXT         the next reply is a success, and TEXT is in its JSON
//   error TEXT          the next reply is an error, and TEXT is in its JSON
//   event NAME TEXT     an event NAME has come or comes, and TEXT is in its JSON
//   no-event NAME       none has come since the last one asked for
//   end                 the peer hangs up
#include <chrono>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "connection.h"

namespace {

using Json = nlohmann::json;

class Player {
public:
    explicit Player(const std::string& where) : connection_(where) {}

    void play(const std::string& verb, const std::string& argument) {
        if (verb == "send") {
            connection_.send(argument);
        } else if (verb == "greeting") {
            const Json message = next();
            if (!message.contains("QMP") || !message["QMP"]["capabilities"].is_array())
                give_up("not a greeting: " + message.dump());
        } else if (verb == "return" || verb == "error") {
            const Json message = reply();
            if (!message.contains(verb) || message.dump().find(argument) == std::string::npos)
                give_up("expected " + verb + " with " + argument + ", got " + message.dump());
        } else if (verb == "event") {
            const std::size_t blank = std::min(argument.find(' '), argument.size());
            await_event(argument.substr(0, blank), argument.substr(std::min(blank + 1, argument.size())));
        } else if (verb == "no-event") {
            for (const Json& event : events_) {
                if (event["event"] == argument) give_up("unexpected: " + event.dump());
            }
        } else if (verb == "end") {
            Json message;
            while (receive(message)) {
                if (!keep_event(message)) give_up("expected the end, got " + message.dump());
            }
        } else {
            give_up("unknown: " + verb);
        }
    }

    // For commands without a script.
    void negotiate() {
        play("greeting", "");
        ask({{"execute", "qmp_capabilities"}});
        reply();
    }
    void ask(const Json& command) const { connection_.send(command.dump() + "\n"); }
    // What the next command in turn returns, or its error.
    Json reply() {
        Json message = next();
        while (keep_event(message)) message = next();
        return message;
    }

private:
    // The next message, or false at the end of the stream.
    bool receive(Json& message) {
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n")) == std::string::npos) {
            if (connection_.receive(buffer_)) continue;
            if (!buffer_.empty()) give_up("the stream ends in the middle of: " + buffer_);
            return false;
        }
        message = Json::parse(buffer_.substr(0, end), nullptr, false);
        if (message.is_discarded()) give_up("not JSON: " + buffer_.substr(0, end));
        buffer_.erase(0, end + 2);
        return true;
    }

    Json next() {
        Json message;
        if (!receive(message)) give_up("the stream has ended");
        return message;
    }

    bool keep_event(const Json& message) {
        if (!message.contains("event")) return false;
        if (!message["timestamp"]["seconds"].is_number_integer()) give_up("no timestamp: " + message.dump());
        events_.push_back(message);
        return true;
    }

    void await_event(const std::string& name, const std::string& text) {
        for (;;) {
            while (!events_.empty()) {
                const Json event = events_.front();
                events_.pop_front();
                if (event["event"] != name) continue;
                if (event.dump().find(text) == std::string::npos)
                    give_up("expected " + name + " with " + text + ", got " + event.dump());
                return;
            }
            const Json message = next();
            if (!keep_event(message)) give_up("expected event " + name + ", got " + message.dump());
        }
    }

    const Connection connection_;
    std::string buffer_;
    std::deque<Json> events_;
};

Json human(const std::string& command) {
    return {{"execute", "human-monitor-command"}, {"arguments", {{"command-line", command}}}};
}

int run(Player& player, const Json& command) {
    player.negotiate();
    player.ask(command);
    const Json message = player.reply();
    const Json& answer = message.contains("return") ? message["return"] : message;
    std::cout << (answer.is_string() ? answer.get<std::string>() : answer.dump() + "\n");
    return message.contains("return") ? 0 : 1;
}

// The human monitor says nothing, or why the event is not delivered yet; one that is pending already is
// refused. So each that is accepted is delivered once.
int inject(Player& player, unsigned long count, unsigned vcpus) {
    using Clock = std::chrono::steady_clock;
    std::vector<unsigned long> accepted(vcpus);
    unsigned long total = 0, refused = 0;
    player.negotiate();
    const auto start = Clock::now();
    while (total < count) {
        // One for each: the program has something to do while the answer is on its way.
        for (unsigned vcpu = 0; vcpu < vcpus; ++vcpu)
            player.ask(human("sdei-inject 0 " + std::to_string(vcpu)));
        for (unsigned long& one : accepted) {
            const std::string answer = player.reply().value("return", "no success");
            if (answer.empty() || answer.starts_with("event 0x0 is pending: ")) {
                ++one;
                ++total;
            } else if (answer.starts_with("event 0x0 is pending already")) {
                ++refused;
            } else {
                give_up("after " + std::to_string(total) + " injections: " + answer);
            }
        }
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    for (unsigned vcpu = 0; vcpu < vcpus; ++vcpu)
        std::cout << "vCPU " << vcpu << ": " << accepted[vcpu] << '\n';
    std::cout << total << " accepted, " << refused << " refused, in " << seconds << " s\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc >= 4) {
        Player player(argv[1]);
        const std::string verb = argv[2];
        if (verb == "execute") return run(player, {{"execute", argv[3]}});
        if (verb == "hmp") return run(player, human(argv[3]));
        if (verb == "inject" && argc == 5)
            return inject(player, std::stoul(argv[3]), static_cast<unsigned>(std::stoul(argv[4])));
        give_up("unknown: " + verb);
    }
    if (argc != 2) give_up("an address is missing");
    Player player(argv[1]);
    play_script(std::cin, [&player](const std::string& verb, const std::string& argument) {
        player.play(verb, argument);
    });
    return 0;
}
