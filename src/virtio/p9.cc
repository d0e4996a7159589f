#include "trapeze/virtio/p9.h"

#include <algorithm>

namespace trapeze::virtio {
namespace {

constexpr u16 kSizes[] = {128};
constexpr u64 kMountTag = 1 << 0;  // VIRTIO_9P_MOUNT_TAG: there is a configuration space

// Length, and the tag without a terminating zero.
std::vector<u8> configuration(std::string_view tag) {
    const auto length = static_cast<u16>(std::min(tag.size(), P9::kMostTagBytes));
    std::vector<u8> bytes = {static_cast<u8>(length), static_cast<u8>(length >> 8)};
    bytes.insert(bytes.end(), tag.begin(), tag.begin() + length);
    return bytes;
}

}  // namespace

struct P9::Request final : bus::ShareRequest {
    explicit Request(P9& device) : p9(device) {}
    void done(std::optional<u32> written) override { p9.finished(*this, written); }

    P9& p9;
    Chain chain;
};

P9::P9(std::unique_ptr<bus::FileShare> share, std::string mount_tag)
    : share_(std::move(share)), config_(configuration(mount_tag)), pool_(*this) {
    share_->on_batch_done([this] {
        if (session_.queue(0) != nullptr) complete(session_, 0);
    });
}

P9::~P9() = default;

u64 P9::features() const {
    return kMountTag;
}

std::span<const u16> P9::queue_sizes() const {
    return kSizes;
}

void P9::read_config(u32 offset, std::span<u8> to) {
    copy_config(config_, offset, to);
}

void P9::start(Session session) {
    session_ = std::move(session);
    serve();
}

void P9::notified(u16) {
    serve();
}

void P9::stop(std::function<void()> stopped) {
    stopped_ = std::move(stopped);
    if (in_flight_ == 0) end_session();
}

void P9::end_session() {
    session_ = {};
    share_->reset();
    std::exchange(stopped_, nullptr)();
}

void P9::serve() {
    Queue* queue = session_.queue(0);
    if (queue == nullptr) return;
    queue->disarm();
    unsigned budget = kBatch;
    while (budget > 0) {
        Request& request = pool_.take();
        if (!queue->pop(request.chain)) {
            pool_.give_back(request);
            if (!queue->rearm()) break;
            continue;
        }
        request.message = request.chain.readable;
        request.message_bytes = request.chain.readable_bytes;
        request.reply = request.chain.writable;
        request.reply_bytes = request.chain.writable_bytes;
        ++in_flight_;
        share_->submit(request);
        --budget;
    }
    if (budget == 0) session_.host->notify_again(0);
    complete(session_, 0);
}

void P9::finished(Request& request, std::optional<u32> written) {
    Queue& queue = *session_.queues[0];
    if (written) {
        queue.push(request.chain, *written);
    } else {
        queue.set_broken("a 9p request has no header, or no room for its reply");
    }
    pool_.give_back(request);
    --in_flight_;
    if (stopped_ && in_flight_ == 0) end_session();
}

}  // namespace trapeze::virtio
