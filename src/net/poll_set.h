// The descriptors of a library that wants to be told about all of them at once, as with poll(): an epoll
// instance of its own, which the event loop watches, and which is changed only where the library's wishes
// have changed.
#pragma once

#include <vector>

#include "trapeze/base/fd.h"
#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze::net {

class PollSet {
public:
    static Result<PollSet> create();

    // Readable when wait() has something to report.
    int fd() const { return epoll_.get(); }

    // A new list of wishes: begin(), add() for each descriptor, commit(). Events are EPOLL* bits; add()
    // returns the place in the list.
    void begin();
    int add(int fd, u32 events);
    void commit();

    // A descriptor is new, or about to be closed.
    void forget(int fd);

    // Learns what has happened, without waiting.
    void wait();
    // What has happened to the descriptor at this place, once.
    u32 take_events(int place);

private:
    explicit PollSet(Fd epoll) : epoll_(std::move(epoll)) {}

    struct Slot {
        u32 armed = 0;   // what epoll reports
        u32 wanted = 0;  // in this list
        u32 ready = 0;
        u64 list = 0;  // that it was added to last
    };
    Slot& slot(int fd);

    Fd epoll_;
    std::vector<Slot> slots_;  // by descriptor
    std::vector<int> list_;
    std::vector<int> previous_;
    u64 number_ = 0;  // of the list
};

}  // namespace trapeze::net
