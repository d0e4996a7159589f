#include "connection.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace {

constexpr int kTimeoutMs = 120'000;

// The program may still be starting.
template <typename Address>
int connect_soon(int domain, const Address& address) {
    for (int tries = 0; tries < 600; ++tries) {
        const int fd = socket(domain, SOCK_STREAM, 0);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
        close(fd);
        usleep(100'000);
    }
    give_up("could not connect");
}

}  // namespace

void give_up(const std::string& why) {
    std::cout << program_invocation_short_name << ": " << why << std::endl;
    std::exit(1);
}

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) give_up("the path is too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

Connection::Connection(const std::string& where) {
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

void Connection::send(std::string_view bytes) const {
    if (write(out_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
        give_up("could not send");
}

bool Connection::receive(std::string& bytes) const {
    pollfd waiting{in_, POLLIN, 0};
    if (poll(&waiting, 1, kTimeoutMs) <= 0) give_up("nothing came; so far: " + bytes);
    char buffer[4096];
    const ssize_t count = read(in_, buffer, sizeof(buffer));
    if (count > 0) bytes.append(buffer, static_cast<std::size_t>(count));
    return count > 0;
}

void Connection::reset() const {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(out_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(out_);
}
