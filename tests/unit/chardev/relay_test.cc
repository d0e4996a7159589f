// A device on a loop of its own, and its host on another thread.
#include "trapeze/chardev/relay.h"

#include <atomic>

#include "fakes.h"
#include "trapeze/base/loop_thread.h"
#include "trapeze/chardev/backend.h"

namespace trapeze::chardev {
namespace {

// A host that the test plays, without a thread.
struct FakeHost final : bus::CharPort {
    std::size_t send(std::span<const u8> bytes) override {
        sent.append(bytes.begin(), bytes.end());
        return bytes.size();
    }
    void set_receiver(bus::CharReceiver* to) override { receiver = to; }
    void receiver_ready() override { ++ready; }
    bus::CharReceiver* receiver = nullptr;
    std::string sent;
    int ready = 0;
};

class RelayTest : public LoopTest {
protected:
    FakeHost host_;
    Relay relay_{host_, *loop_};
    FakeReceiver device_;
};

TEST_F(RelayTest, InputIsTakenAsFarAsTheDeviceHasRoom) {
    bus::CharReceiver& in = *host_.receiver;
    EXPECT_EQ(in.receive_capacity(), 0u) << "nobody knows yet";
    device_.room = 5;
    relay_.set_receiver(&device_);
    spin();
    EXPECT_EQ(host_.ready, 1);
    EXPECT_EQ(in.receive_capacity(), 5u);
    in.receive(bytes("abc"));
    EXPECT_EQ(in.receive_capacity(), 2u);
    in.receive(bytes("de"));
    EXPECT_EQ(in.receive_capacity(), 0u);
    EXPECT_EQ(device_.got, "") << "not on this thread";
    spin();
    EXPECT_EQ(device_.got, "abcde");
    EXPECT_EQ(in.receive_capacity(), 0u);
    EXPECT_EQ(host_.ready, 1);
    device_.room = 10;
    relay_.receiver_ready();
    spin();
    EXPECT_EQ(host_.ready, 2);
    EXPECT_EQ(in.receive_capacity(), 10u);
}

// As a device does whose driver takes its buffers away.
TEST_F(RelayTest, RoomThatGoesKeepsTheInput) {
    device_.room = 5;
    relay_.set_receiver(&device_);
    spin();
    host_.receiver->receive(bytes("abcde"));
    device_.room = 0;
    spin();
    EXPECT_EQ(device_.got, "");
    device_.room = 2;
    relay_.receiver_ready();
    spin();
    EXPECT_EQ(device_.got, "ab");
    EXPECT_EQ(host_.receiver->receive_capacity(), 0u);
    device_.room = 100;
    relay_.receiver_ready();
    spin();
    EXPECT_EQ(device_.got, "abcde");
}

TEST_F(RelayTest, NewsComeOnTheDevicesLoop) {
    host_.receiver->peer_changed(true);
    relay_.set_receiver(&device_);
    EXPECT_EQ(device_.peers, "");
    spin();
    EXPECT_EQ(device_.peers, "+");
    host_.receiver->peer_changed(false);
    host_.receiver->send_ready();
    spin();
    EXPECT_EQ(device_.peers, "+-");
    EXPECT_EQ(device_.ready_calls, 1);
    EXPECT_EQ(relay_.send(bytes("out")), 3u);
    EXPECT_EQ(host_.sent, "out");
    relay_.set_receiver(nullptr);
    host_.receiver->peer_changed(true);
    spin();
    EXPECT_EQ(device_.peers, "+-");
}

TEST_F(RelayTest, TheEndComesAfterTheInput) {
    device_.room = 4;
    relay_.set_receiver(&device_);
    host_.receiver->peer_changed(true);
    spin();
    host_.receiver->receive(bytes("last"));
    host_.receiver->peer_changed(false);
    device_.room = 3;
    spin();
    EXPECT_EQ(device_.got, "las");
    EXPECT_EQ(device_.peers, "+");
    device_.room = 3;
    relay_.receiver_ready();
    spin();
    EXPECT_EQ(device_.got, "last");
    EXPECT_EQ(device_.peers, "+-");
}

// A pipe on the main loop's thread, a device on its own: all bytes, in order, whatever the room.
TEST_F(RelayTest, TwoThreads) {
    constexpr std::size_t kBytes = 300'000;
    std::string sent;
    for (std::size_t i = 0; i < kBytes; ++i) sent += static_cast<char>(i * 31 % 251);
    Pipe pipe;
    auto created = LoopThread::create("device");
    ASSERT_TRUE(created.has_value());
    LoopThread& thread = **created;
    auto backend = open_descriptors(*loop_, pipe.read.get(), pipe.write.get(), "a pipe");
    ASSERT_TRUE(backend.has_value());
    // Gets room on its own loop, a little at a time.
    FakeReceiver device;
    device.room = 0;
    std::unique_ptr<Relay> relay;
    device.on_event = [&] {
        if (device.got.size() == kBytes) return loop_->stop();
        thread.loop().post([&] {
            device.room = 1 + device.got.size() % 3000;
            relay->receiver_ready();
        });
    };
    thread.run_and_wait([&] {
        relay = std::make_unique<Relay>(**backend, thread.loop());
        relay->set_receiver(&device);
        device.room = 1;
    });
    std::thread writer([&] { pipe.put(sent); });
    loop_->call_after(20'000'000'000, [this] { loop_->stop(); });
    loop_->run();
    writer.join();
    thread.run_and_wait([&] {
        relay->set_receiver(nullptr);
        relay.reset();
    });
    EXPECT_EQ(device.got, sent);
}

}  // namespace
}  // namespace trapeze::chardev
