// 5.1 "Network Device", from the driver's side.
#include "net_fixture.h"

namespace trapeze::virtio {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

INSTANTIATE_TEST_SUITE_P(Rings, NetTest,
                         testing::Values(u64{0}, feature::kEventIdx,
                                         feature::kRingPacked | feature::kVersion1,
                                         feature::kRingPacked | feature::kEventIdx | feature::kVersion1));

TEST_P(NetTest, Configuration) {
    std::array<u8, 12> config{};
    device->read_config(0, config);
    EXPECT_THAT(config, ElementsAre(0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0, 0, 0, 0x78, 5));
    std::array<u8, 4> tail{9, 9, 9, 9};
    device->read_config(10, std::span(tail).first(4));
    EXPECT_EQ(tail[0], 0x78);
    device->read_config(4000, tail);
    EXPECT_EQ(device->queue_sizes().size(), 3u);
    EXPECT_NE(device->features() & net::kMtu, 0u);
}

TEST_P(NetTest, FeaturesComeWithWhatTheyNeed) {
    const auto features = [&](u64 without) {
        return Net(std::make_unique<FakePort>(), {.mac = kMac, .mtu = 0, .without = without}).features();
    };
    EXPECT_EQ(features(0) & net::kMtu, 0u);
    EXPECT_EQ(features(net::kCsum) & (net::kHostTso4 | net::kHostTso6 | net::kHostEcn), 0u);
    EXPECT_EQ(features(net::kGuestCsum) & (net::kGuestTso4 | net::kCtrlGuestOffloads), 0u);
    EXPECT_EQ(features(net::kCtrlVq) & (net::kCtrlRx | net::kCtrlVlan | net::kCtrlMacAddr), 0u);
}

TEST_P(NetTest, TransmitsWithoutTheHeader) {
    start_modern();
    const auto frame = frame_to({1, 2, 3, 4, 5, 6}, 1514);
    for (const std::size_t pieces : {1u, 2u, 3u, 200u}) transmit({}, frame, pieces);
    ASSERT_THAT(port->frames, SizeIs(4));
    for (const auto& sent : port->frames) EXPECT_EQ(sent.bytes, frame);
    EXPECT_EQ(port->ends, 5u);  // one for start()
    for (int i = 0; i < 4; ++i) {
        const auto used = rings[kTx]->used();
        ASSERT_TRUE(used.has_value());
        EXPECT_EQ(used->length, 0u);
    }
    EXPECT_EQ(host.broken, "");
}

TEST_P(NetTest, LegacyHeaderIsShorter) {
    if ((GetParam() & feature::kVersion1) != 0) GTEST_SKIP() << "packed rings are modern";
    start(0);
    transmit({}, frame_to(kMac));
    ASSERT_THAT(port->frames, SizeIs(1));
    EXPECT_EQ(port->frames[0].bytes, frame_to(kMac));
    const u64 at = offer(1526);
    EXPECT_TRUE(deliver(frame_to(kMac)));
    EXPECT_EQ(rings[kRx]->used()->length, 70u);
    EXPECT_EQ(memory.bytes(at + 10, 60), frame_to(kMac));
}

TEST_P(NetTest, OffloadsAreOnlyThoseNegotiated) {
    start_modern(net::kCsum);
    const std::vector<u8> header = {1, 1, 54, 0, 0, 4, 34, 0, 16, 0};
    transmit(header, frame_to(kMac));
    EXPECT_EQ(port->frames.back().offload.flags, 1);
    EXPECT_EQ(port->frames.back().offload.gso_type, 0);
    EXPECT_EQ(port->frames.back().offload.csum_start, 34);
    device->stop([] {});
    rings.clear();
    start_modern(net::kCsum | net::kHostTso4);
    transmit({1, 0x81, 54, 0, 0, 4, 34, 0, 16, 0}, frame_to(kMac));
    EXPECT_EQ(port->frames.back().offload.gso_type, 1);
    EXPECT_EQ(port->frames.back().offload.gso_size, 0x400);
    transmit({1, 4, 54, 0, 0, 4, 34, 0, 16, 0}, frame_to(kMac));
    EXPECT_EQ(port->frames.back().offload.gso_type, 0);
    device->stop([] {});
    rings.clear();
    start_modern();
    transmit(header, frame_to(kMac));
    EXPECT_EQ(port->frames.back().offload.flags, 0);
    EXPECT_EQ(port->accepted, 0u);
}

TEST_P(NetTest, BusyPortKeepsTheFrame) {
    start_modern();
    port->room = 1;
    transmit({}, frame_to({2, 0, 0, 0, 0, 1}));
    transmit({}, frame_to({2, 0, 0, 0, 0, 2}));
    transmit({}, frame_to({2, 0, 0, 0, 0, 3}));
    EXPECT_THAT(port->frames, SizeIs(1));
    EXPECT_TRUE(rings[kTx]->used().has_value());
    EXPECT_FALSE(rings[kTx]->used().has_value());
    port->room = 5;
    port->receiver->send_ready();
    ASSERT_THAT(port->frames, SizeIs(3));
    EXPECT_EQ(port->frames[1].bytes[5], 2);
    EXPECT_EQ(port->frames[2].bytes[5], 3);
    EXPECT_TRUE(rings[kTx]->used().has_value());
}

TEST_P(NetTest, FramesThatCannotBeAreLost) {
    start_modern();
    transmit({}, {});
    transmit({}, std::vector<u8>(bus::kMostFrameBytes + 1));
    EXPECT_THAT(port->frames, SizeIs(0));
    transmit({}, std::vector<u8>(bus::kMostFrameBytes));
    EXPECT_THAT(port->frames, SizeIs(1));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(rings[kTx]->used().has_value());
    EXPECT_EQ(host.broken, "");
}

TEST_P(NetTest, ShortHeaderBreaksTheDevice) {
    start_modern();
    rings[kTx]->add({{store({1, 2, 3}), 3}});
    device->notified(kTx);
    EXPECT_EQ(host.broken, "a frame is shorter than its header");
    EXPECT_THAT(port->frames, SizeIs(0));
}

TEST_P(NetTest, ReceivesIntoOneBuffer) {
    start_modern(net::kGuestCsum);
    EXPECT_EQ(port->accepted, bus::net_offload::kChecksum);
    const u64 at = offer(2000);
    rings[kRx]->ask_for_interrupt(1);
    const auto frame = frame_to(kMac, 1514);
    EXPECT_TRUE(deliver(frame, {.flags = bus::NetOffload::kDataValid}));
    const auto used = rings[kRx]->used();
    ASSERT_TRUE(used.has_value());
    EXPECT_EQ(used->length, 1526u);
    EXPECT_THAT(memory.bytes(at, 12), ElementsAre(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0));
    EXPECT_EQ(memory.bytes(at + 12, 1514), frame);
    EXPECT_EQ(host.interrupts, 1);
}

TEST_P(NetTest, MergedBuffersComeTogether) {
    start_modern(net::kMrgRxbuf);
    const u64 first = offer(100);
    const u64 second = offer(50);
    const auto frame = frame_to(kMac, 200);
    EXPECT_FALSE(deliver(frame));  // two of the three that it takes
    EXPECT_FALSE(rings[kRx]->used().has_value());
    const u64 third = offer(500);
    EXPECT_TRUE(rings[kRx]->must_notify());
    device->notified(kRx);
    EXPECT_EQ(port->ready, 1u);
    EXPECT_TRUE(deliver(frame));
    EXPECT_EQ(memory.load<u16>(first + 10), 3);
    EXPECT_EQ(rings[kRx]->used()->length, 100u);
    EXPECT_EQ(rings[kRx]->used()->length, 50u);
    EXPECT_EQ(rings[kRx]->used()->length, 62u);
    std::vector<u8> got = memory.bytes(first + 12, 88);
    for (const u8 byte : memory.bytes(second, 50)) got.push_back(byte);
    for (const u8 byte : memory.bytes(third, 62)) got.push_back(byte);
    EXPECT_EQ(got, frame);
}

TEST_P(NetTest, FrameTooLargeForABufferIsLost) {
    start_modern();
    offer(1526);
    EXPECT_TRUE(deliver(frame_to(kMac, 1515)));
    EXPECT_FALSE(rings[kRx]->used().has_value());
    EXPECT_TRUE(deliver(frame_to(kMac, 1514)));
    EXPECT_EQ(rings[kRx]->used()->length, 1526u);
    EXPECT_EQ(host.broken, "");
}

TEST_P(NetTest, BufferWithoutRoomForAHeaderBreaksTheDevice) {
    start_modern(net::kMrgRxbuf);
    offer(11);
    EXPECT_TRUE(deliver(frame_to(kMac)));
    EXPECT_EQ(host.broken, "a receive buffer has no room for a header");
}

TEST_P(NetTest, LinkGoesDownAndUp) {
    start_modern();
    offer(2000);
    device->set_link(false);
    EXPECT_EQ(host.config_changes, 1);
    std::array<u8, 2> status{};
    device->read_config(6, status);
    EXPECT_EQ(status[0], 0);
    EXPECT_TRUE(deliver(frame_to(kMac)));
    transmit({}, frame_to(kMac));
    EXPECT_TRUE(rings[kTx]->used().has_value());
    EXPECT_FALSE(rings[kRx]->used().has_value());
    EXPECT_THAT(port->frames, SizeIs(0));
    device->set_link(false);
    EXPECT_EQ(host.config_changes, 1);
    device->set_link(true);
    EXPECT_TRUE(deliver(frame_to(kMac)));
    EXPECT_TRUE(rings[kRx]->used().has_value());
}

TEST_P(NetTest, StopLetsGoOfEverything) {
    start_modern(net::kMrgRxbuf);
    offer(100);
    EXPECT_FALSE(deliver(frame_to(kMac, 500)));
    port->room = 0;
    transmit({}, frame_to(kMac));
    bool stopped = false;
    device->stop([&] { stopped = true; });
    EXPECT_TRUE(stopped);
    EXPECT_EQ(port->ready, 1u);  // for its frame, which gets lost
    EXPECT_TRUE(deliver(frame_to(kMac)));
    port->receiver->send_ready();
    device->notified(kRx);
    device->notified(kTx);
    device->notified(kCtrl);
    EXPECT_FALSE(rings[kTx]->used().has_value());
}

// However much a guest sends at once, others have their turn: here it adds a frame whenever one has been
// sent.
TEST_P(NetTest, WorkOfOneTurnIsBounded) {
    start_modern();
    const std::vector<u8> bytes(12 + 60);
    const u64 at = store(bytes);
    port->on_send = [&] {
        while (rings[kTx]->used().has_value()) {
        }
        if (port->frames.size() < 1000) rings[kTx]->add({{at, 72}});
    };
    rings[kTx]->add({{at, 72}});
    device->notified(kTx);
    EXPECT_THAT(port->frames, SizeIs(256));
    EXPECT_THAT(host.again, ElementsAre(kTx));
    while (!host.again.empty()) {
        host.again.pop_back();
        device->notified(kTx);
    }
    EXPECT_THAT(port->frames, SizeIs(1000));
}

// --- The control queue -------------------------------------------------------------------------------------

constexpr u64 kControl = net::kCtrlVq | net::kCtrlRx | net::kCtrlVlan | net::kCtrlRxExtra | net::kCtrlMacAddr;

TEST_P(NetTest, FilterFollowsTheDriver) {
    start_modern(kControl);
    for (int i = 0; i < 32; ++i) offer(200);
    const auto accepts = [&](const MacAddress& to) {
        EXPECT_TRUE(deliver(frame_to(to)));
        return rings[kRx]->used().has_value();
    };
    const MacAddress other{2, 0, 0, 0, 0, 9};
    const MacAddress multicast{1, 0, 0x5e, 0, 0, 1};
    const MacAddress broadcast{255, 255, 255, 255, 255, 255};
    EXPECT_TRUE(accepts(other));
    EXPECT_EQ(command({0, 0, 0}), 0);  // no longer promiscuous
    EXPECT_TRUE(accepts(kMac));
    EXPECT_TRUE(accepts(broadcast));
    EXPECT_FALSE(accepts(other));
    EXPECT_FALSE(accepts(multicast));
    EXPECT_EQ(command({1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 9, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1}), 0);
    EXPECT_TRUE(accepts(other));
    EXPECT_TRUE(accepts(multicast));
    EXPECT_EQ(command({0, 3, 1}), 0);
    EXPECT_FALSE(accepts(multicast));
    EXPECT_EQ(command({0, 4, 1}), 0);
    EXPECT_FALSE(accepts(kMac));
    EXPECT_EQ(command({0, 5, 1}), 0);
    EXPECT_FALSE(accepts(broadcast));
    for (const u8 which : {u8{3}, u8{4}, u8{5}}) EXPECT_EQ(command({0, which, 0}), 0);
    EXPECT_EQ(command({1, 0, 0, 0, 0, 0, 0, 0, 0, 0}), 0);
    EXPECT_FALSE(accepts(multicast));
    EXPECT_EQ(command({0, 1, 1}), 0);
    EXPECT_TRUE(accepts(multicast));
    EXPECT_EQ(command({0, 2, 1}), 0);
    EXPECT_TRUE(accepts(other));
    EXPECT_EQ(command({0, 2, 0}), 0);
    EXPECT_EQ(command({1, 1, 2, 0, 0, 0, 0, 9}), 0);  // a new address
    EXPECT_TRUE(accepts(other));
    EXPECT_FALSE(accepts(kMac));
    EXPECT_EQ(device->mac(), other);
}

TEST_P(NetTest, VlansAreFiltered) {
    start_modern(kControl);
    offer(200);
    EXPECT_EQ(command({0, 0, 0}), 0);
    auto tagged = frame_to(kMac);
    tagged[12] = 0x81;
    tagged[13] = 0;
    tagged[14] = 0xe0;  // priority 7
    tagged[15] = 5;
    EXPECT_TRUE(deliver(tagged));
    EXPECT_FALSE(rings[kRx]->used().has_value());
    EXPECT_EQ(command({2, 0, 5, 0}), 0);
    EXPECT_TRUE(deliver(tagged));
    EXPECT_TRUE(rings[kRx]->used().has_value());
    EXPECT_EQ(command({2, 1, 5, 0}), 0);
    offer(200);
    EXPECT_TRUE(deliver(tagged));
    EXPECT_FALSE(rings[kRx]->used().has_value());
}

TEST_P(NetTest, WrongCommandsAreRefused) {
    start_modern(kControl | net::kCtrlGuestOffloads | net::kGuestCsum | net::kGuestTso4);
    const std::vector<std::vector<u8>> wrong = {
        {0, 0},        // no data
        {0, 0, 1, 1},  // too much
        {0, 6, 1},     // no such command
        {1, 0, 1, 0},  // a table cut short
        {1, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},
        {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
        {1, 1, 1, 2, 3},
        {1, 2, 1, 2, 3, 4, 5, 6},
        {2, 0, 0, 0x10},  // VLAN 4096
        {2, 2, 1, 0},
        {3, 0},        // announcements are not offered
        {4, 0, 1, 0},  // nor are several queues
        {5, 0, 2, 0, 0, 0, 0, 0, 0},
        {5, 0, 0, 1, 0, 0, 0, 0, 0, 0},  // an offload that was not negotiated
        {9, 9},
        std::vector<u8>(9000),
    };
    for (const auto& bytes : wrong) EXPECT_EQ(command(bytes), 1) << int{bytes[0]} << " " << int{bytes[1]};
    EXPECT_EQ(host.broken, "");
    EXPECT_EQ(command({5, 0, 2, 0, 0, 0, 0, 0, 0, 0}), 0);
    EXPECT_EQ(port->accepted, bus::net_offload::kChecksum);
}

TEST_P(NetTest, CommandsThatWereNotNegotiatedAreRefused) {
    start_modern(net::kCtrlVq);
    EXPECT_EQ(command({0, 0, 0}), 1);
    EXPECT_EQ(command({1, 0, 0, 0, 0, 0, 0, 0, 0, 0}), 1);
    EXPECT_EQ(command({1, 1, 2, 0, 0, 0, 0, 9}), 1);
    EXPECT_EQ(command({2, 0, 5, 0}), 1);
    EXPECT_EQ(device->mac(), kMac);
}

TEST_P(NetTest, CommandWithoutResultBreaksTheDevice) {
    start_modern(kControl);
    rings[kCtrl]->add({{store({0, 0, 1}), 3}});
    device->notified(kCtrl);
    EXPECT_NE(host.broken, "");
}

TEST_P(NetTest, LegacyDriversWriteTheAddress) {
    const u8 bytes[] = {2, 0};
    device->write_config(0, bytes);
    device->write_config(4, std::vector<u8>{7, 8, 9, 9});
    EXPECT_EQ(device->mac(), (MacAddress{2, 0, 0, 0x12, 7, 8}));
    device->stop([] {});
    EXPECT_EQ(device->mac(), kMac);
}

}  // namespace
}  // namespace trapeze::virtio
