// Reads, writes and flushes by io_uring; the sole user of liburing.
#pragma once

#include <liburing.h>

#include <functional>
#include <memory>

#include "file_io.h"
#include "trapeze/base/event_loop.h"
#include "trapeze/base/result.h"

namespace trapeze::storage {

class Uring {
public:
    // What the kernel says of a request: a number of bytes, or a negative errno value.
    using Completion = std::function<void(bus::DiskRequest& request, int result)>;

    // `completed` is called on the loop's thread, then `batch_done` once. Fails where the kernel has no
    // io_uring, or forbids it.
    static Result<std::unique_ptr<Uring>> create(EventLoop& loop, const ImageFile& file, Completion completed,
                                                 std::function<void()> batch_done);
    ~Uring();
    Uring(const Uring&) = delete;
    Uring& operator=(const Uring&) = delete;

    // False: it has to be done in another way, because the queue is full or the kernel takes no such request.
    bool submit(bus::DiskRequest& request);
    void commit();

private:
    static constexpr unsigned kEntries = 256;

    Uring(EventLoop& loop, const ImageFile& file, Completion completed, std::function<void()> batch_done);
    void reap();

    EventLoop& loop_;
    const ImageFile& file_;
    const Completion completed_;
    const std::function<void()> batch_done_;
    Fd event_;
    io_uring ring_{};
    bool ready_ = false;
    unsigned in_flight_ = 0;  // at most kEntries, so that the completion queue cannot overflow
};

}  // namespace trapeze::storage
