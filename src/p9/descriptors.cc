#include "descriptors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>

namespace trapeze::p9 {
namespace {

// As the limit is the process's, the count is: of all shares together.
std::atomic<u64> held_descriptors{0};
std::atomic<u64> most_descriptors{512};

}  // namespace

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    if (limit.rlim_cur < limit.rlim_max) {
        const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    limit_descriptors(limit.rlim_cur);
}

// A quarter is for disks, consoles, connections of the network, and what requests need for a moment.
void limit_descriptors(u64 limit) {
    most_descriptors.store(limit / 4 * 3);
}

Held& Held::operator=(Held&& other) noexcept {
    if (fd_.valid() && this != &other) held_descriptors.fetch_sub(1, std::memory_order_relaxed);
    fd_ = std::move(other.fd_);
    return *this;
}

Held::~Held() {
    if (fd_.valid()) held_descriptors.fetch_sub(1, std::memory_order_relaxed);
}

OrErrno<Held> Held::take(int fd) {
    if (fd < 0) return error(errno);
    Fd owned(fd);
    if (held_descriptors.fetch_add(1, std::memory_order_relaxed) >= most_descriptors.load()) {
        held_descriptors.fetch_sub(1, std::memory_order_relaxed);
        return error(EMFILE);
    }
    return Held(std::move(owned));
}

int open_in(int directory, std::string_view name, int flags, unsigned mode) {
    const std::string terminated(name);
    flags |= O_NOFOLLOW | O_CLOEXEC;
    open_how how{};
    how.flags = static_cast<u64>(flags);
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const long fd = ::syscall(SYS_openat2, directory, terminated.c_str(), &how, sizeof how);
    if (fd >= 0 || errno != ENOSYS) return static_cast<int>(fd);
    // Linux before 5.6. With a single component there is nothing to follow but the last one.
    return ::openat(directory, terminated.c_str(), flags, mode);
}

PathOf::PathOf(int fd) {
    *fmt::format_to(text_.data(), "/proc/self/fd/{}", fd) = 0;
}

}  // namespace trapeze::p9
