#include "host_signals.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace trapeze::machine {
namespace {

// Name of a process as ps shows it; empty when it is gone.
std::string process_name(u32 pid) {
    const std::string path = fmt::format("/proc/{}/comm", pid);
    std::FILE* file = std::fopen(path.c_str(), "re");
    if (file == nullptr) return {};
    char buffer[64] = {};
    const std::size_t length = std::fread(buffer, 1, sizeof(buffer) - 1, file);
    std::fclose(file);
    std::string name(buffer, length);
    while (!name.empty() && name.back() == '\n') name.pop_back();
    return name;
}

}  // namespace

Result<std::unique_ptr<HostSignals>> HostSignals::create(EventLoop& loop,
                                                         std::function<void(std::string)> callback) {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    Fd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd.valid()) return fail_errno(errno, "could not watch for signals");

    const int raw = fd.get();
    std::unique_ptr<HostSignals> signals(new HostSignals(loop, std::move(fd)));
    TRY(loop.watch(raw, EPOLLIN, [raw, callback = std::move(callback)](u32) {
        signalfd_siginfo info{};
        if (read(raw, &info, sizeof(info)) != sizeof(info)) return;
        if (info.ssi_pid == 0) {
            callback(fmt::format("terminating on signal {}", info.ssi_signo));
        } else {
            callback(fmt::format("terminating on signal {} from pid {} ({})", info.ssi_signo, info.ssi_pid,
                                 process_name(info.ssi_pid)));
        }
    }));
    return signals;
}

HostSignals::~HostSignals() {
    loop_.unwatch(fd_.get());
}

}  // namespace trapeze::machine
