// A 9P2000.L server for one client: bytes of a request in, bytes of its reply out.
//
// Any thread, several at a time: what is shared is in tables with locks, and fids do not change.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>

#include "fids.h"
#include "locks.h"

namespace trapeze::p9 {

class Session {
public:
    explicit Session(std::unique_ptr<Tree> tree) : tree_(std::move(tree)), locks_(*tree_) {}

    // How many bytes of `reply` are the reply. nullopt: the message has no header that makes sense, or its
    // reply cannot have room enough.
    std::optional<std::size_t> answer(std::span<const u8> message, std::span<u8> reply);
    // As if the client had gone.
    void reset();

    // For handlers.
    Tree& tree() { return *tree_; }
    FidTable& fids() { return fids_; }
    LockTable& locks() { return locks_; }
    u32 message_limit() const { return message_limit_.load(); }
    void set_message_limit(u32 bytes) { message_limit_.store(bytes); }

private:
    const std::unique_ptr<Tree> tree_;
    FidTable fids_;
    LockTable locks_;
    std::atomic<u32> message_limit_{0};  // msize; 0: not negotiated
};

}  // namespace trapeze::p9
