// Where libslirp's interface and ours meet.
#pragma once

#include <slirp/libslirp.h>

#include <string>

#include "trapeze/base/scheduler.h"

namespace trapeze::net {

class UserPort;

// A timer that libslirp has made.
struct SlirpTimer {
    UserPort& port;
    SlirpTimerId id;
    void* argument;
    TimerId pending = TimerId::None;
};

// SLIRP_POLL_* and EPOLL*.
u32 to_epoll(int events);
int from_epoll(u32 events);

// What libslirp prints, about guests too, goes through a rate limit to the program's warnings.
void limit_library_messages();

std::string connection_table(Slirp* slirp);

}  // namespace trapeze::net
