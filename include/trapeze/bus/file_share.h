// A directory of the host as the device sees that shares it with the guest; what it is made of is in p9/.
#pragma once

#include <functional>
#include <optional>

#include "trapeze/base/buffers.h"

namespace trapeze::bus {

// A message of the guest, and room for the reply; its owner keeps it until done() is called. The buffers are
// the guest's, and may change while they are read.
class ShareRequest {
public:
    Buffers message;
    u64 message_bytes = 0;  // the sum of the buffers
    Buffers reply;
    u64 reply_bytes = 0;  // likewise

    // The bytes of the reply; nullopt: the request was none, or had no room for its reply. On the share's
    // thread, and not within submit().
    virtual void done(std::optional<u32> written) = 0;

protected:
    ~ShareRequest() = default;
};

// Used on one thread, whose event loop it has; nothing here waits for the host.
class FileShare {
public:
    virtual ~FileShare() = default;
    // Requests are done at the same time, and in any order.
    virtual void submit(ShareRequest& request) = 0;
    // Called after one or several done(), when there are no more for the moment. Before the first submit().
    virtual void on_batch_done(std::function<void()> callback) = 0;
    // The guest begins anew: all that it had open is closed. With no request in flight.
    virtual void reset() = 0;
};

}  // namespace trapeze::bus
