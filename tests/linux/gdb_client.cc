// A gdb as far as its remote protocol goes; plays a script from standard input. For the Linux tests, where
// there is no gdb.
//
// usage: gdb_client unix:PATH | tcp:ADDRESS:PORT
//
// Lines of a script; an answer that is not what was said ends it with status 1, the end of the script hangs
// up:
//   packet PAYLOAD      sends this packet
//   reply TEXT          the next packet that comes begins with TEXT
//   break OFFSET        sets a software breakpoint so many bytes (hexadecimal) after the PC
//   monitor COMMAND     runs a command of the monitor, shows what it prints
//   interrupt           as Ctrl-C does
//   raw TEXT            sends these bytes
//   reset               breaks the connection off: RST
//   end                 the peer hangs up
#include <cstdint>
#include <cstdio>
#include <iostream>

#include "connection.h"

namespace {

std::string hex(std::string_view text) {
    std::string digits;
    char two[3];
    for (const char c : text) {
        std::snprintf(two, sizeof(two), "%02x", static_cast<unsigned char>(c));
        digits += two;
    }
    return digits;
}

std::string from_hex(std::string_view digits) {
    std::string text;
    for (std::size_t n = 0; n + 1 < digits.size(); n += 2)
        text += static_cast<char>(std::stoul(std::string(digits.substr(n, 2)), nullptr, 16));
    return text;
}

std::string checksum(std::string_view payload) {
    unsigned char sum = 0;
    for (const char c : payload) sum = static_cast<unsigned char>(sum + static_cast<unsigned char>(c));
    const char byte = static_cast<char>(sum);
    return hex({&byte, 1});
}

class Player {
public:
    explicit Player(const std::string& where) : connection_(where) {}

    void play(const std::string& verb, const std::string& argument) {
        if (verb == "packet") {
            send(argument);
        } else if (verb == "reply") {
            expect(argument);
        } else if (verb == "break") {
            send("p20");
            send("Z0," + number(program_counter(next()) + std::stoull(argument, nullptr, 16)) + ",4");
            expect("OK");
        } else if (verb == "monitor") {
            send("qRcmd," + hex(argument));
            std::string payload;
            while ((payload = next()).starts_with('O') && payload != "OK")
                std::cout << from_hex(payload.substr(1));
            if (payload != "OK") give_up("monitor " + argument + ": " + payload);
        } else if (verb == "interrupt") {
            connection_.send("\x03");
        } else if (verb == "raw") {
            connection_.send(argument);
        } else if (verb == "reset") {
            connection_.reset();
            std::exit(0);
        } else if (verb == "end") {
            while (connection_.receive(buffer_)) continue;
            if (buffer_.find('$') != std::string::npos) give_up("expected the end, got " + buffer_);
        } else {
            give_up("unknown: " + verb);
        }
    }

private:
    void send(const std::string& payload) const { connection_.send("$" + payload + "#" + checksum(payload)); }

    // The payload of the next packet, which is acknowledged.
    std::string next() {
        for (;;) {
            const std::size_t begin = buffer_.find('$');
            const std::size_t end = begin == std::string::npos ? begin : buffer_.find('#', begin);
            if (end != std::string::npos && end + 2 < buffer_.size()) {
                const std::string payload = buffer_.substr(begin + 1, end - begin - 1);
                if (buffer_.compare(end + 1, 2, checksum(payload)) != 0)
                    give_up("a wrong checksum: " + buffer_);
                buffer_.erase(0, end + 3);
                connection_.send("+");
                return payload;
            }
            if (!connection_.receive(buffer_)) give_up("the stream has ended: " + buffer_);
        }
    }

    void expect(const std::string& text) {
        const std::string payload = next();
        if (!payload.starts_with(text)) give_up("expected " + text + ", got " + payload);
    }

    // A register of 64 bits as it crosses the wire: little-endian.
    static std::uint64_t program_counter(const std::string& digits) {
        const std::string bytes = from_hex(digits);
        if (bytes.size() != 8) give_up("no 64-bit register: " + digits);
        std::uint64_t value = 0;
        for (std::size_t n = bytes.size(); n-- > 0;)
            value = value << 8 | static_cast<unsigned char>(bytes[n]);
        return value;
    }

    static std::string number(std::uint64_t value) {
        char digits[17];
        std::snprintf(digits, sizeof(digits), "%llx", static_cast<unsigned long long>(value));
        return digits;
    }

    const Connection connection_;
    std::string buffer_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) give_up("an address is missing");
    Player player(argv[1]);
    play_script(std::cin, [&player](const std::string& verb, const std::string& argument) {
        player.play(verb, argument);
    });
    return 0;
}
