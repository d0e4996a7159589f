// The server on threads: requests that wait for the host hold up neither the device nor one another.
#include "trapeze/p9/share.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_map>

#include "session.h"
#include "trapeze/base/buffers.h"
#include "trapeze/base/worker_pool.h"

namespace trapeze::p9 {
namespace {

using bus::ShareRequest;

// The guest may change a message while it is looked at, so there are copies, of which a worker has its own
// pair. They stay as large as they had to be.
struct Scratch {
    std::span<u8> of(u64 bytes) {
        if (size < bytes) {
            bytes_ = std::make_unique_for_overwrite<u8[]>(bytes);
            size = bytes;
        }
        return {bytes_.get(), static_cast<std::size_t>(bytes)};
    }

private:
    std::unique_ptr<u8[]> bytes_;
    u64 size = 0;
};

class Share final : public bus::FileShare {
public:
    explicit Share(std::unique_ptr<Tree> tree) : session_(std::move(tree)) {}

    Result<> start_workers(EventLoop& loop) {
        workers_ = TRY(WorkerPool::create(loop, [this] {
            if (batch_done_) batch_done_();
        }));
        return {};
    }

    void submit(ShareRequest& request) override {
        std::array<u8, kHeaderBytes + sizeof(u16)> bytes{};
        copy_from(request.message, 0, bytes);
        Reader in(bytes);
        (void)in.take<u32>();
        const auto type = static_cast<Type>(in.take<u8>());
        const u16 tag = in.take<u16>();
        if (type == Type::Flush) {
            // A client has one request for each tag, and takes that as free once the flush has been answered:
            // so not before the request is.
            const auto flushed = in_flight_.find(in.take<u16>());
            if (flushed != in_flight_.end()) {
                flushed->second.flushes.push_back(&request);
                return;
            }
        }
        hand_over(request, tag);
    }

    void on_batch_done(std::function<void()> callback) override { batch_done_ = std::move(callback); }

    void reset() override { session_.reset(); }

private:
    // Those with the same tag, of which a good client has one.
    struct InFlight {
        unsigned requests = 0;
        std::vector<ShareRequest*> flushes;  // wait for them
    };

    void hand_over(ShareRequest& request, u16 tag) {
        ++in_flight_[tag].requests;
        workers_->submit({.work = [this, &request] { return perform(request); },
                          .finish = [this, &request, tag](int written) { finished(request, tag, written); }});
    }

    // On a worker: -1 or the bytes of the reply.
    int perform(const ShareRequest& request) {
        thread_local Scratch message, reply;
        const u32 agreed = session_.message_limit();
        const u64 most = agreed == 0 ? kLeastMessage : agreed;
        const std::span<u8> from = message.of(std::min(request.message_bytes, most));
        const std::span<u8> to = reply.of(std::min(request.reply_bytes, most));
        const auto written = session_.answer(from.first(copy_from(request.message, 0, from)), to);
        if (!written) return -1;
        copy_to(request.reply, 0, to.first(*written));
        return static_cast<int>(*written);
    }

    void finished(ShareRequest& request, u16 tag, int written) {
        std::vector<ShareRequest*> flushes;
        const auto entry = in_flight_.find(tag);
        if (--entry->second.requests == 0) {
            flushes = std::move(entry->second.flushes);
            in_flight_.erase(entry);
        }
        request.done(written < 0 ? std::nullopt : std::optional(static_cast<u32>(written)));
        for (ShareRequest* flush : flushes) submit(*flush);
    }

    Session session_;
    std::function<void()> batch_done_;
    std::unordered_map<u16, InFlight> in_flight_;  // by tag; the share's thread
    std::unique_ptr<WorkerPool> workers_;          // last: its threads end before the rest does
};

}  // namespace

Result<std::unique_ptr<bus::FileShare>> open_share(EventLoop& loop, const ShareConfig& config) {
    const Fd directory(::open(config.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) return fail_errno(errno, "could not share {}", config.path);
    // Files are opened by their descriptors (PathOf).
    if (::access("/proc/self/fd", X_OK) != 0) return fail_errno(errno, "shares need /proc on the host");
    raise_descriptor_limit();
    auto tree = Tree::create(config, directory.get());
    if (!tree) return fail_errno(tree.error(), "could not share {}", config.path);
    auto share = std::make_unique<Share>(std::move(*tree));
    TRY(share->start_workers(loop));
    return share;
}

}  // namespace trapeze::p9
