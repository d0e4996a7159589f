// A stream socket as a filter, in guests and on their host:
//
//   stream connect ADDRESS   standard input to the peer, its answer to standard output, up to both ends
//   stream listen ADDRESS    the same with the first who connects
//   stream echo ADDRESS      to each who connects what it sends, for ever
//
// ADDRESS: unix:PATH, vsock:CID:PORT, or vsock:PORT for a listener.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vm_sockets.h>  // needs <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

[[noreturn]] void die(const char* what) {
    perror(what);
    exit(1);
}

union Address {
    sockaddr any;
    sockaddr_un unix_socket;
    sockaddr_vm vsock;
};

// Returns its size.
socklen_t parse(const char* text, Address& address) {
    memset(&address, 0, sizeof address);
    if (strncmp(text, "unix:", 5) == 0) {
        address.unix_socket.sun_family = AF_UNIX;
        strncpy(address.unix_socket.sun_path, text + 5, sizeof address.unix_socket.sun_path - 1);
        return sizeof address.unix_socket;
    }
    if (strncmp(text, "vsock:", 6) != 0) die(text);
    char* end = nullptr;
    const unsigned long first = strtoul(text + 6, &end, 10);
    address.vsock.svm_family = AF_VSOCK;
    address.vsock.svm_cid = *end == ':' ? static_cast<unsigned>(first) : VMADDR_CID_ANY;
    address.vsock.svm_port = static_cast<unsigned>(*end == ':' ? strtoul(end + 1, nullptr, 10) : first);
    return sizeof address.vsock;
}

void write_all(int to, const char* bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = write(to, bytes, count);
        if (written <= 0) die("write");
        bytes += written;
        count -= static_cast<size_t>(written);
    }
}

// False: it has ended.
bool copy(int from, int to) {
    static char buffer[64 << 10];
    const ssize_t bytes = read(from, buffer, sizeof buffer);
    if (bytes < 0) die("read");
    write_all(to, buffer, static_cast<size_t>(bytes));
    return bytes > 0;
}

// One process for each direction, so that neither waits for the other.
void exchange(int peer) {
    const pid_t child = fork();
    if (child == 0) {
        while (copy(STDIN_FILENO, peer)) {
        }
        shutdown(peer, SHUT_WR);
        exit(0);
    }
    while (copy(peer, STDOUT_FILENO)) {
    }
    waitpid(child, nullptr, 0);
}

int listen_at(const Address& address, socklen_t size) {
    const int listener = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, &address.any, size) != 0 || listen(listener, 64) != 0) die("listen");
    return listener;
}

int accept_from(int listener) {
    const int peer = accept(listener, nullptr, nullptr);
    if (peer < 0) die("accept");
    return peer;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    Address address;
    const socklen_t size = parse(argv[2], address);
    if (strcmp(argv[1], "connect") == 0) {
        const int peer = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (peer < 0 || connect(peer, &address.any, size) != 0) die("connect");
        exchange(peer);
        return 0;
    }
    const int listener = listen_at(address, size);
    if (strcmp(argv[1], "listen") == 0) {
        exchange(accept_from(listener));
        return 0;
    }
    signal(SIGCHLD, SIG_IGN);
    while (true) {
        const int peer = accept_from(listener);
        if (fork() == 0) {
            while (copy(peer, peer)) {
            }
            return 0;
        }
        close(peer);
    }
}
