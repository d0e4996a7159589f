// A stream to the program under test, for the clients of the Linux tests.
#pragma once

#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <istream>
#include <string>
#include <string_view>

// Says why, and ends the client with status 1.
[[noreturn]] void give_up(const std::string& why);

sockaddr_un unix_address(const std::string& path);

class Connection {
public:
    // "unix:PATH", "tcp:ADDRESS:PORT", which may take a minute to be there, or "fds:IN:OUT".
    explicit Connection(const std::string& where);

    void send(std::string_view bytes) const;
    // Adds what comes next to `bytes`; false at the end of the stream. Gives up if nothing comes.
    bool receive(std::string& bytes) const;
    // Ends it at once, as the kernel does for a program that had not read everything: TCP sends RST.
    void reset() const;

private:
    int in_ = -1;
    int out_ = -1;
};

// Plays the script on standard input: calls `play(verb, argument)` for each line that is not empty or a
// comment.
template <typename Play>
void play_script(std::istream& script, const Play& play) {
    std::string line;
    while (std::getline(script, line)) {
        if (line.empty() || line.front() == '#') continue;
        const std::size_t blank = std::min(line.find(' '), line.size());
        play(line.substr(0, blank), line.substr(std::min(blank + 1, line.size())));
    }
}
