// 5.10 "Socket Device": connections between the guest's programs, by AF_VSOCK, and those of the host.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "trapeze/bus/stream_host.h"
#include "trapeze/virtio/device.h"

namespace trapeze::virtio {

namespace vsock {
struct Header;
}

class Vsock final : public Device {
public:
    // Each is a descriptor of the host, of which a process may have 1024 as a rule.
    static constexpr std::size_t kMostConnections = 256;
    // What the guest may send on a connection before the host has taken it.
    static constexpr u32 kBufferBytes = 64 << 10;

    // `guest_cid`: the guest's address, above that of the host, 2.
    Vsock(std::unique_ptr<bus::StreamHost> host, u64 guest_cid);
    ~Vsock() override;

    DeviceId id() const override { return DeviceId::Vsock; }
    std::string_view name() const override { return "virtio-vsock"; }
    u64 features() const override;
    std::span<const u16> queue_sizes() const override;
    void read_config(u32 offset, std::span<u8> to) override;

    void start(Session session) override;
    void notified(u16 queue) override;
    // All connections end.
    void stop(std::function<void()> stopped) override;

private:
    class Connection;
    using Key = std::pair<u32, u32>;  // ports of the guest and of the host
    struct KeyHash {
        std::size_t operator()(const Key& key) const {
            return std::hash<u64>()(u64{key.first} << 32 | key.second);
        }
    };

    // From the guest.
    void transmit();
    void take(const Chain& chain);
    void begin(const vsock::Header& request);
    // From the host.
    void accept(std::unique_ptr<bus::Stream> stream, u32 port);
    // To the guest, as far as it has buffers.
    void tell();
    bool take_buffer(Queue& queue);
    void give_buffer(Queue& queue, const vsock::Header& header);

    // Ends a connection, and says so to the guest,
    void reset(Connection& connection);
    // or not, since it knows.
    void drop(Connection& connection);
    void reset(const vsock::Header& packet);
    // It has something to tell the guest.
    void queue(Connection& connection);

    const std::unique_ptr<bus::StreamHost> host_;
    const u64 guest_cid_;

    // The device's thread.
    Session session_;
    std::unordered_map<Key, std::unique_ptr<Connection>, KeyHash> connections_;
    std::deque<Connection*> queued_;     // in the order of their turns
    std::vector<vsock::Header> resets_;  // of connections that are none
    bool transmit_waits_ = false;        // for room in resets_
    u32 next_port_;                      // of the host, for its own connections
    Chain packet_;
    Chain buffer_;
    bool has_buffer_ = false;
    std::vector<u8> payload_;  // of one packet, on its way to either side
};

}  // namespace trapeze::virtio
