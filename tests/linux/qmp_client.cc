// A QMP client that knows nothing but sockets and JSON; plays a script from standard input. For the Linux
// tests.
//
// usage: qmp_client unix:PATH | tcp:ADDRESS:PORT | fds:IN:OUT
//        qmp_client collect PATH FILE    listens at PATH and copies what one peer sends to FILE, until it
//        hangs up
//
// Lines of a script; a reply or event that is no JSON, or not what was said, ends it with status 1:
//   greeting            the greeting comes
//   send JSON           sends this text
//   return TEXT         the next reply is a success, and TEXT is in its JSON
//   error TEXT          the next reply is an error, and TEXT is in its JSON
//   event NAME TEXT     an event NAME has come or comes, and TEXT is in its JSON
//   no-event NAME       none has come since the last one asked for
//   end                 the peer hangs up
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

namespace {

using Json = nlohmann::json;

constexpr int kTimeoutMs = 120'000;

[[noreturn]] void give_up(const std::string& why) {
    std::cout << "qmp_client: " << why << std::endl;
    std::exit(1);
}

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) give_up("the path is too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

template <typename Address>
bool connect_to(int fd, const Address& address) {
    return connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

// The program may still be starting.
template <typename Address>
int connect_soon(int domain, const Address& address) {
    for (int tries = 0; tries < 600; ++tries) {
        const int fd = socket(domain, SOCK_STREAM, 0);
        if (connect_to(fd, address)) return fd;
        close(fd);
        usleep(100'000);
    }
    give_up("could not connect");
}

class Connection {
public:
    explicit Connection(const std::string& where) {
        const std::size_t colon = where.find(':');
        const std::size_t last = where.rfind(':');
        const std::string kind = where.substr(0, colon);
        if (kind == "unix") {
            in_ = out_ = connect_soon(AF_UNIX, unix_address(where.substr(colon + 1)));
        } else if (kind == "tcp") {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(static_cast<unsigned short>(std::stoul(where.substr(last + 1))));
            if (inet_pton(AF_INET, where.substr(colon + 1, last - colon - 1).c_str(), &address.sin_addr) != 1)
                give_up("not an address: " + where);
            in_ = out_ = connect_soon(AF_INET, address);
        } else {
            in_ = std::stoi(where.substr(colon + 1, last - colon - 1));
            out_ = std::stoi(where.substr(last + 1));
        }
    }

    void send(const std::string& text) const {
        if (write(out_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            give_up("could not send");
    }

    // The next message, or false at the end of the stream.
    bool receive(Json& message) {
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n")) == std::string::npos) {
            pollfd waiting{in_, POLLIN, 0};
            if (poll(&waiting, 1, kTimeoutMs) <= 0) give_up("nothing came; so far: " + buffer_);
            char bytes[4096];
            const ssize_t count = read(in_, bytes, sizeof(bytes));
            if (count <= 0) {
                if (!buffer_.empty()) give_up("the stream ends in the middle of: " + buffer_);
                return false;
            }
            buffer_.append(bytes, static_cast<std::size_t>(count));
        }
        message = Json::parse(buffer_.substr(0, end), nullptr, false);
        if (message.is_discarded()) give_up("not JSON: " + buffer_.substr(0, end));
        buffer_.erase(0, end + 2);
        return true;
    }

private:
    int in_ = -1;
    int out_ = -1;
    std::string buffer_;
};

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
            Json message = next();
            while (keep_event(message)) message = next();
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
            while (connection_.receive(message)) {
                if (!keep_event(message)) give_up("expected the end, got " + message.dump());
            }
        } else {
            give_up("unknown: " + verb);
        }
    }

private:
    Json next() {
        Json message;
        if (!connection_.receive(message)) give_up("the stream has ended");
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

    Connection connection_;
    std::deque<Json> events_;
};

int collect(const std::string& path, const std::string& file) {
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un address = unix_address(path);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener, 1) != 0) {
        give_up("could not listen");
    }
    const int peer = accept(listener, nullptr, nullptr);
    std::ofstream out(file, std::ios::binary);
    char bytes[4096];
    for (ssize_t count = 0; (count = read(peer, bytes, sizeof(bytes))) > 0;) out.write(bytes, count).flush();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 4 && argv[1] == std::string("collect")) return collect(argv[2], argv[3]);
    if (argc != 2) give_up("an address is missing");
    Player player(argv[1]);
    std::string line;
    while (std::getline(std::cin, line)) {
        if (line.empty() || line.front() == '#') continue;
        const std::size_t blank = std::min(line.find(' '), line.size());
        player.play(line.substr(0, blank), line.substr(std::min(blank + 1, line.size())));
    }
    return 0;
}
