#include "poll_set.h"

#include <sys/epoll.h>

#include <cerrno>

namespace trapeze::net {
namespace {

constexpr int kMostAtOnce = 64;

}  // namespace

Result<PollSet> PollSet::create() {
    Fd epoll(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.valid()) return fail_errno(errno, "could not create an epoll instance");
    return PollSet(std::move(epoll));
}

PollSet::Slot& PollSet::slot(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= slots_.size()) slots_.resize(index + 1);
    return slots_[index];
}

void PollSet::begin() {
    list_.swap(previous_);
    list_.clear();
    ++number_;
}

int PollSet::add(int fd, u32 events) {
    Slot& entry = slot(fd);
    entry.list = number_;
    entry.wanted = events;
    list_.push_back(fd);
    return static_cast<int>(list_.size() - 1);
}

void PollSet::commit() {
    for (const int fd : list_) {
        Slot& entry = slot(fd);
        entry.ready = 0;
        if (entry.armed == entry.wanted) continue;
        epoll_event event{};
        event.events = entry.wanted;
        event.data.fd = fd;
        const int operation = entry.armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        // Closed and opened again, or still there under a copy: then epoll knows better.
        if (epoll_ctl(epoll_.get(), operation, fd, &event) != 0)
            epoll_ctl(epoll_.get(), errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
        entry.armed = entry.wanted;
    }
    for (const int fd : previous_) {
        if (slot(fd).list != number_ && slot(fd).armed != 0) forget(fd);
    }
}

void PollSet::forget(int fd) {
    Slot& entry = slot(fd);
    if (entry.armed != 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    entry.armed = entry.ready = 0;
}

void PollSet::wait() {
    epoll_event events[kMostAtOnce];
    const int count = epoll_wait(epoll_.get(), events, kMostAtOnce, 0);
    for (int i = 0; i < count; ++i) slot(events[i].data.fd).ready = events[i].events;
}

u32 PollSet::take_events(int place) {
    if (place < 0 || static_cast<std::size_t>(place) >= list_.size()) return 0;
    return std::exchange(slot(list_[static_cast<std::size_t>(place)]).ready, 0);
}

}  // namespace trapeze::net
