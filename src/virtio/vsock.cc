#include "trapeze/virtio/vsock.h"

#include <algorithm>
#include <cstring>

#include "trapeze/base/buffers.h"
#include "vsock_connection.h"
#include "vsock_format.h"

namespace trapeze::virtio {

using namespace vsock;

namespace {

constexpr u64 kStreamSockets = 1 << 0;  // VIRTIO_VSOCK_F_STREAM

enum : u16 { kReceive, kTransmit, kEvent };
constexpr u16 kSizes[] = {128, 128, 8};

// Answers to packets that belong to no connection. A guest that has no room for that many is not listened to,
// until it has.
constexpr std::size_t kMostResets = 256;
// Of a packet to the guest, whose buffers are smaller as a rule; nor is there room for more from it.
constexpr std::size_t kMostPayload = Vsock::kBufferBytes;
// Ports of the host from here on are for its own connections, as with others who carry AF_VSOCK over AF_UNIX.
constexpr u32 kFirstPort = 1u << 30;
constexpr u32 kAnyPort = ~u32{0};  // is none

// Of a packet of the guest. By value: fields of packets have no addresses of their own.
std::pair<u32, u32> key_of(const Header& packet) {
    return {u32{packet.src_port}, u32{packet.dst_port}};
}

}  // namespace

Vsock::Vsock(std::unique_ptr<bus::StreamHost> host, u64 guest_cid)
    : host_(std::move(host)), guest_cid_(guest_cid), next_port_(kFirstPort), payload_(kMostPayload) {
    host_->set_listener(
        [this](std::unique_ptr<bus::Stream> stream, u32 port) { accept(std::move(stream), port); });
}

Vsock::~Vsock() = default;

u64 Vsock::features() const {
    return kStreamSockets;
}

std::span<const u16> Vsock::queue_sizes() const {
    return kSizes;
}

void Vsock::read_config(u32 offset, std::span<u8> to) {
    copy_config({reinterpret_cast<const u8*>(&guest_cid_), sizeof guest_cid_}, offset, to);
}

void Vsock::start(Session session) {
    session_ = std::move(session);
    transmit();
}

// The event queue is for guests that have been migrated.
void Vsock::notified(u16 queue) {
    if (queue == kReceive) tell();
    if (queue == kTransmit) transmit();
}

void Vsock::stop(std::function<void()> stopped) {
    session_ = {};
    queued_.clear();
    connections_.clear();
    resets_.clear();
    transmit_waits_ = false;
    has_buffer_ = false;
    stopped();
}

// --- From the guest ----------------------------------------------------------------------------------------

void Vsock::transmit() {
    Queue* queue = session_.queue(kTransmit);
    if (queue == nullptr) return;
    transmit_waits_ = false;
    for (unsigned served = 0;;) {
        if (served == kBatch) {
            session_.host->notify_again(kTransmit);
            break;
        }
        if (resets_.size() >= kMostResets) {
            transmit_waits_ = true;
            break;
        }
        if (!queue->pop(packet_)) {
            if (queue->rearm()) continue;
            break;
        }
        take(packet_);
        queue->push(packet_, 0);
        ++served;
    }
    complete(session_, kTransmit);
    tell();
}

// 5.10.6.4.2: what comes from another address is ignored. Whatever is wrong otherwise ends the connection.
void Vsock::take(const Chain& chain) {
    Header packet;
    const std::span bytes(reinterpret_cast<u8*>(&packet), sizeof packet);
    if (copy_from(chain.readable, 0, bytes) != bytes.size() || packet.src_cid != guest_cid_) return;
    const bool ours = packet.dst_cid == kHostCid && packet.type == kStream;
    const auto found = ours ? connections_.find(key_of(packet)) : connections_.end();
    if (found == connections_.end()) {
        if (packet.op == kRst) return;
        return ours && packet.op == kRequest && packet.len == 0 ? begin(packet) : reset(packet);
    }
    Connection& connection = *found->second;
    if (packet.op == kRst) return drop(connection);
    // More than a buffer of ours holds is more than the guest may send.
    const bool sound = packet.len <= kMostPayload && packet.len <= chain.readable_bytes - sizeof packet;
    const auto payload = std::span(payload_).first(sound ? packet.len : 0);
    copy_from(chain.readable, sizeof packet, payload);
    if (!sound || !connection.take(packet, payload)) reset(connection);
}

void Vsock::begin(const Header& request) {
    if (connections_.size() >= kMostConnections) return reset(request);
    auto stream = host_->connect(request.dst_port);
    if (stream == nullptr) return reset(request);
    const Key key = key_of(request);
    auto connection = std::make_unique<Connection>(*this, key, std::move(stream), true);
    connection->set_guest_credit(request);
    queue(*connection);
    connections_.emplace(key, std::move(connection));
}

// --- From the host -----------------------------------------------------------------------------------------

void Vsock::accept(std::unique_ptr<bus::Stream> stream, u32 port) {
    if (session_.host == nullptr || connections_.size() >= kMostConnections) return;
    Key key{port, 0};
    do {
        key.second = next_port_++;
        if (next_port_ == kAnyPort) next_port_ = kFirstPort;
    } while (connections_.contains(key));
    auto connection = std::make_unique<Connection>(*this, key, std::move(stream), false);
    queue(*connection);
    connections_.emplace(key, std::move(connection));
    tell();
}

// --- To the guest ------------------------------------------------------------------------------------------

void Vsock::queue(Connection& connection) {
    if (std::exchange(connection.queued, true)) return;
    queued_.push_back(&connection);
}

void Vsock::drop(Connection& connection) {
    if (connection.queued) std::erase(queued_, &connection);
    connections_.erase(connection.key());
}

void Vsock::reset(Connection& connection) {
    if (connection.known()) {
        Header packet{.src_cid = kHostCid,
                      .dst_cid = guest_cid_,
                      .src_port = connection.key().second,
                      .dst_port = connection.key().first,
                      .type = kStream,
                      .op = kRst};
        resets_.push_back(packet);
    }
    drop(connection);
}

void Vsock::reset(const Header& packet) {
    resets_.push_back({.src_cid = packet.dst_cid,
                       .dst_cid = guest_cid_,
                       .src_port = packet.dst_port,
                       .dst_port = packet.src_port,
                       .type = packet.type,
                       .op = kRst});
}

// The connections take turns, a packet each.
void Vsock::tell() {
    Queue* queue = session_.queue(kReceive);
    if (queue == nullptr) return;
    std::size_t resets = 0;
    for (unsigned told = 0; resets < resets_.size() || !queued_.empty();) {
        if (told == kBatch) {
            session_.host->notify_again(kReceive);
            break;
        }
        if (!take_buffer(*queue)) break;
        ++told;
        if (resets < resets_.size()) {
            give_buffer(*queue, resets_[resets++]);
            continue;
        }
        Connection& connection = *queued_.front();
        queued_.pop_front();
        connection.queued = false;
        Header packet;
        const auto room = std::min<std::size_t>(buffer_.writable_bytes - sizeof packet, kMostPayload);
        if (connection.tell(packet, std::span(payload_).first(room))) give_buffer(*queue, packet);
        if (connection.has_news()) this->queue(connection);
    }
    resets_.erase(resets_.begin(), resets_.begin() + static_cast<std::ptrdiff_t>(resets));
    complete(session_, kReceive);
    if (transmit_waits_ && resets_.size() < kMostResets) {
        transmit_waits_ = false;
        session_.host->notify_again(kTransmit);
    }
}

// Into buffer_, where it stays until there is something for it.
bool Vsock::take_buffer(Queue& queue) {
    while (!has_buffer_) {
        if (!queue.pop(buffer_)) {
            if (queue.rearm()) continue;
            return false;
        }
        // A header without room for a byte of payload would get nowhere.
        if (buffer_.writable_bytes <= sizeof(Header)) {
            queue.set_broken("a buffer for packets has no room for one");
            return false;
        }
        has_buffer_ = true;
    }
    return true;
}

// With as much of payload_ as the header says.
void Vsock::give_buffer(Queue& queue, const Header& header) {
    copy_to(buffer_.writable, 0, {reinterpret_cast<const u8*>(&header), sizeof header});
    copy_to(buffer_.writable, sizeof header, std::span(payload_).first(header.len));
    queue.push(buffer_, static_cast<u32>(sizeof header) + header.len);
    has_buffer_ = false;
}

}  // namespace trapeze::virtio
