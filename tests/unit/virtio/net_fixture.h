// A network device between a driver's rings and a cable that a test holds the other end of.
#pragma once

#include <gmock/gmock.h>

#include <deque>

#include "session_fixture.h"
#include "trapeze/virtio/net.h"
#include "trapeze/virtio/net_features.h"

namespace trapeze::virtio {

struct FakePort final : bus::NetPort {
    struct Frame {
        bus::NetOffload offload;
        std::vector<u8> bytes;
    };
    u32 send_offloads() const override { return 0xf; }
    u32 receive_offloads() const override { return 0xf; }
    void accept_offloads(u32 offloads) override { accepted = offloads; }
    bool send(const bus::NetFrame& frame) override {
        if (room == 0) return false;
        --room;
        Frame& copy = frames.emplace_back(Frame{frame.offload, {}});
        for (const auto part : frame.parts) copy.bytes.insert(copy.bytes.end(), part.begin(), part.end());
        EXPECT_EQ(copy.bytes.size(), frame.bytes);
        if (on_send) on_send();
        return true;
    }
    void send_end() override { ++ends; }
    void set_receiver(bus::NetReceiver* to) override { receiver = to; }
    void receiver_ready() override { ++ready; }
    std::string describe() const override { return "fake"; }

    std::deque<Frame> frames;
    std::function<void()> on_send;
    bus::NetReceiver* receiver = nullptr;
    std::size_t room = ~std::size_t{0};
    u32 accepted = 0;
    unsigned ends = 0;
    unsigned ready = 0;
};

// The parameter: ring features besides those of the device.
class NetTest : public testing::TestWithParam<u64> {
protected:
    static constexpr MacAddress kMac{0x52, 0x54, 0, 0x12, 0x34, 0x56};
    static constexpr u16 kRx = 0, kTx = 1, kCtrl = 2;

    NetTest() {
        auto owned = std::make_unique<FakePort>();
        port = owned.get();
        device =
            std::make_unique<Net>(std::move(owned), Net::Options{.mac = kMac, .mtu = 1400, .without = 0});
    }

    void start(u64 features) {
        features_ = features | GetParam();
        Session session{.features = features_, .queues = {}, .host = &host};
        for (const u16 size : {u16{256}, u16{256}, u16{64}}) {
            rings.push_back(make_driver_ring(memory, size, features_));
            session.queues.push_back(make_queue(memory.memory, rings.back()->addresses(), features_));
            EXPECT_FALSE(session.queues.back()->broken());
        }
        device->start(std::move(session));
    }
    void start_modern(u64 features = 0) { start(features | feature::kVersion1); }

    u32 header_bytes() const { return (features_ & (feature::kVersion1 | net::kMrgRxbuf)) != 0 ? 12u : 10u; }

    u64 store(const std::vector<u8>& bytes) {
        const u64 at = memory.allocate(bytes.size());
        for (std::size_t i = 0; i < bytes.size(); ++i) memory.store<u8>(at + i, bytes[i]);
        return at;
    }

    // A frame with the bytes of a header in front, in `pieces` buffers.
    void transmit(std::vector<u8> header, const std::vector<u8>& frame, std::size_t pieces = 2) {
        header.resize(header_bytes());
        header.insert(header.end(), frame.begin(), frame.end());
        const u64 at = store(header);
        std::vector<Buffer> buffers;
        const auto part = static_cast<u32>(header.size() / pieces);
        for (std::size_t i = 0; i < pieces; ++i) {
            const auto begin = static_cast<u32>(i * part);
            const auto end = i + 1 == pieces ? static_cast<u32>(header.size()) : begin + part;
            buffers.push_back({at + begin, end - begin});
        }
        rings[kTx]->add(std::span<const Buffer>(buffers));
        device->notified(kTx);
    }

    // A buffer for the device; returns its address.
    u64 offer(u32 bytes) {
        const u64 at = memory.allocate(bytes);
        rings[kRx]->add({{at, bytes, true}});
        return at;
    }
    bool deliver(const std::vector<u8>& frame, const bus::NetOffload& offload = {}) {
        const bool taken = port->receiver->receive(offload, frame);
        port->receiver->receive_end();
        return taken;
    }

    // The result of a command, 0 or 1.
    u8 command(const std::vector<u8>& bytes) {
        const u64 request = store(bytes);
        const u64 answer = store({0xee});
        rings[kCtrl]->add({{request, static_cast<u32>(bytes.size())}, {answer, 1, true}});
        device->notified(kCtrl);
        const auto used = rings[kCtrl]->used();
        EXPECT_TRUE(used.has_value());
        return memory.load<u8>(answer);
    }

    static std::vector<u8> frame_to(const MacAddress& to, std::size_t bytes = 60) {
        std::vector<u8> frame(bytes);
        std::copy(to.begin(), to.end(), frame.begin());
        for (std::size_t i = 14; i < bytes; ++i) frame[i] = static_cast<u8>(i);
        return frame;
    }

    TestMemory memory;
    FakeHost host;
    FakePort* port = nullptr;
    std::unique_ptr<Net> device;
    std::vector<std::unique_ptr<DriverRing>> rings;

private:
    u64 features_ = 0;
};

}  // namespace trapeze::virtio
