// Requests for disks, made one at a time.
#pragma once

#include <gtest/gtest.h>

#include "trapeze/base/event_loop.h"
#include "trapeze/bus/disk.h"

namespace trapeze::storage {

struct TestRequest final : bus::DiskRequest {
    explicit TestRequest(EventLoop& of_loop) : loop(of_loop) {}
    void done(int result) override {
        EXPECT_FALSE(finished) << "done() twice";
        finished = true;
        error = result;
        if (last) loop.stop();
    }
    EventLoop& loop;
    bool last = true;
    bool finished = false;
    int error = -1;
};

// Returns what done() was told.
inline int run(EventLoop& loop, bus::Disk& disk, bus::DiskOperation operation, u64 offset, u64 bytes,
               std::vector<iovec> buffers = {}, bool may_unmap = false) {
    TestRequest request(loop);
    request.operation = operation;
    request.offset = offset;
    request.bytes = bytes;
    request.buffers = std::move(buffers);
    request.may_unmap = may_unmap;
    disk.submit(request);
    EXPECT_FALSE(request.finished) << "done() within submit()";
    disk.commit();
    EXPECT_FALSE(request.finished) << "done() within commit()";
    loop.run();
    return request.error;
}

}  // namespace trapeze::storage
