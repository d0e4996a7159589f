#include "vsock_connection.h"

#include <algorithm>

namespace trapeze::virtio {

using namespace vsock;

Vsock::Connection::Connection(Vsock& owner, Key key, std::unique_ptr<bus::Stream> stream, bool asked)
    : owner_(owner), key_(key), stream_(std::move(stream)), established_(asked), known_(asked) {
    owed_ = asked ? kOweResponse : kOweRequest;
    stream_->set_user(*this);
}

void Vsock::Connection::owe(Owed what) {
    owed_ |= what;
    owner_.queue(*this);
}

// Both counters go round at 2^32. A guest that has taken more than it was sent gets nothing.
u32 Vsock::Connection::credit() const {
    const u32 on_the_way = sent_ - guest_forwarded_;
    return on_the_way < guest_buffer_ ? guest_buffer_ - on_the_way : 0;
}

bool Vsock::Connection::can_receive() const {
    return established_ && readable_ && !host_ended_ && (guest_flags_ & kNoReceive) == 0 && credit() != 0;
}

// --- From the guest ----------------------------------------------------------------------------------------

bool Vsock::Connection::take(const Header& packet, std::span<const u8> payload) {
    set_guest_credit(packet);
    if (packet.op != kRw && packet.len != 0) return false;
    bool good = false;
    switch (packet.op) {
        case kResponse: good = !established_ && known_ && established(); break;
        case kRw: good = established_ && take_data(payload); break;
        case kShutdown: good = established_ && take_shutdown(packet.flags); break;
        case kCreditRequest: owed_ |= kOweCreditUpdate; [[fallthrough]];
        case kCreditUpdate: good = established_; break;
        default: break;
    }
    if (good && has_news()) owner_.queue(*this);
    return good;
}

// Who asked learns our port by the line that tells that the connection is there.
bool Vsock::Connection::established() {
    established_ = true;
    const std::string line = fmt::format("OK {}\n", key_.second);
    own_bytes_ = line.size();
    waiting_ = line;
    return flush();
}

bool Vsock::Connection::take_data(std::span<const u8> bytes) {
    const u32 held = received_ - forwarded_;
    if ((guest_flags_ & kNoSend) != 0 || bytes.size() > kBufferBytes - held) return false;
    received_ += static_cast<u32>(bytes.size());
    if (waiting_.empty()) {
        const std::optional<std::size_t> taken = stream_->send(bytes);
        if (!taken) return false;
        forwarded(*taken);
        bytes = bytes.subspan(*taken);
    }
    waiting_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return true;
}

bool Vsock::Connection::take_shutdown(u32 flags) {
    guest_flags_ |= flags & (kNoReceive | kNoSend);
    return settle_shutdown();
}

bool Vsock::Connection::settle_shutdown() {
    if ((guest_flags_ & kNoSend) == 0 || !waiting_.empty()) return true;
    if (!std::exchange(end_sent_, true)) stream_->send_end();
    return (guest_flags_ & kNoReceive) == 0;
}

// --- To the host -------------------------------------------------------------------------------------------

bool Vsock::Connection::flush() {
    const std::optional<std::size_t> taken =
        stream_->send({reinterpret_cast<const u8*>(waiting_.data()), waiting_.size()});
    if (!taken) return false;
    waiting_.erase(0, *taken);
    const std::size_t own = std::min(own_bytes_, *taken);
    own_bytes_ -= own;
    forwarded(*taken - own);
    return settle_shutdown();
}

// The guest is told when a good part of the buffer is free that it does not know of; any packet to it does so
// in passing.
void Vsock::Connection::forwarded(std::size_t bytes) {
    forwarded_ += static_cast<u32>(bytes);
    if (forwarded_ - told_forwarded_ >= kBufferBytes / 4) owe(kOweCreditUpdate);
}

void Vsock::Connection::stream_writable() {
    const bool good = flush();
    Vsock& owner = owner_;
    if (!good) owner.reset(*this);  // *this is no more
    owner.tell();
}

void Vsock::Connection::stream_readable() {
    readable_ = true;
    if (!can_receive()) return;
    owner_.queue(*this);
    owner_.tell();
}

// --- To the guest ------------------------------------------------------------------------------------------

bool Vsock::Connection::tell(Header& packet, std::span<u8> payload) {
    packet = {};
    packet.op = choose_op(packet, payload);
    if (packet.op == kInvalid) return false;
    packet.src_cid = kHostCid;
    packet.dst_cid = owner_.guest_cid_;
    packet.src_port = key_.second;
    packet.dst_port = key_.first;
    packet.type = kStream;
    packet.buf_alloc = kBufferBytes;
    packet.fwd_cnt = told_forwarded_ = forwarded_;
    owed_ &= ~kOweCreditUpdate;
    return true;
}

Op Vsock::Connection::choose_op(Header& packet, std::span<u8> payload) {
    const auto paid = [this](Owed what) {
        const bool due = (owed_ & what) != 0;
        owed_ &= ~u32{what};
        return due;
    };
    if (paid(kOweRequest)) {
        known_ = true;
        return kRequest;
    }
    if (paid(kOweResponse)) return kResponse;
    if (can_receive()) packet.len = receive(payload);
    if (packet.len != 0) return kRw;
    if (paid(kOweShutdown)) {
        packet.flags = host_flags_;
        return kShutdown;
    }
    if (paid(kOweCreditRequest)) return kCreditRequest;
    return paid(kOweCreditUpdate) ? kCreditUpdate : kInvalid;
}

// How many bytes there were.
u32 Vsock::Connection::receive(std::span<u8> payload) {
    const auto [bytes, state] =
        stream_->receive(payload.first(std::min<std::size_t>(payload.size(), credit())));
    if (bytes != 0) {
        sent_ += static_cast<u32>(bytes);
        if (credit() == 0) owed_ |= kOweCreditRequest;
    } else if (state == bus::Stream::State::Open) {
        readable_ = false;
    } else {
        host_ended_ = true;
        host_flags_ = state == bus::Stream::State::Gone ? kNoSend | kNoReceive : kNoSend;
        owed_ |= kOweShutdown;
    }
    return static_cast<u32>(bytes);
}

}  // namespace trapeze::virtio
