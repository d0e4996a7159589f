// Expectations from Linux's driver, net/9p/trans_virtio.c, and the header it shares with devices.
#include "trapeze/virtio/p9.h"

#include <deque>

#include "session_fixture.h"

namespace trapeze::virtio {
namespace {

// Keeps what it is asked until told to answer.
class FakeShare final : public bus::FileShare {
public:
    void submit(bus::ShareRequest& request) override { waiting.push_back(&request); }
    void on_batch_done(std::function<void()> callback) override { batch_done_ = std::move(callback); }
    void reset() override { ++resets; }

    std::string message(std::size_t n = 0) const {
        std::string bytes;
        for (const std::span<u8> piece : waiting.at(n)->message) bytes.append(piece.begin(), piece.end());
        return bytes;
    }
    // The oldest, or another one.
    void answer(std::string_view reply, std::size_t n = 0) {
        bus::ShareRequest& request = take(n);
        std::size_t at = 0;
        for (const std::span<u8> piece : request.reply) {
            for (u8& byte : piece) {
                if (at < reply.size()) byte = static_cast<u8>(reply[at++]);
            }
        }
        request.done(static_cast<u32>(at));
        batch_done_();
    }
    void refuse() {
        take(0).done(std::nullopt);
        batch_done_();
    }

    std::deque<bus::ShareRequest*> waiting;
    int resets = 0;

private:
    bus::ShareRequest& take(std::size_t n) {
        bus::ShareRequest& request = *waiting.at(n);
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(n));
        return request;
    }
    std::function<void()> batch_done_;
};

class P9Test : public testing::Test {
protected:
    P9Test() {
        auto share = std::make_unique<FakeShare>();
        share_ = share.get();
        p9_ = std::make_unique<P9>(std::move(share), "tag");
    }
    void start() { session_ = std::make_unique<DeviceSession>(*p9_, p9_->features()); }
    TestMemory& memory() { return session_->memory; }

    struct Sent {
        u16 id;
        u64 reply;
    };
    // In two buffers each, one of a byte.
    Sent send(std::string_view message, u32 room) {
        const u64 from = memory().allocate(message.size()), to = memory().allocate(room);
        for (std::size_t i = 0; i < message.size(); ++i) memory().store(from + i, message[i]);
        const u16 id = session_->rings[0]->add({{from, 1},
                                                {from + 1, static_cast<u32>(message.size() - 1)},
                                                {to, 1, true},
                                                {to + 1, room - 1, true}});
        return {id, to};
    }
    std::string text(u64 address, u64 bytes) {
        const std::vector<u8> copy = memory().bytes(address, bytes);
        return {copy.begin(), copy.end()};
    }

    FakeShare* share_ = nullptr;
    std::unique_ptr<P9> p9_;
    std::unique_ptr<DeviceSession> session_;
};

TEST_F(P9Test, Configuration) {
    EXPECT_EQ(p9_->id(), DeviceId{9});
    EXPECT_EQ(p9_->features(), 1u);
    ASSERT_EQ(p9_->queue_sizes().size(), 1u);
    EXPECT_EQ(p9_->queue_sizes()[0], 128u);
    std::array<u8, 8> config{};
    p9_->read_config(0, config);
    EXPECT_EQ(std::string(config.begin(), config.end()), std::string("\3\0tag\0\0\0", 8));
    std::array<u8, 1> byte{};
    p9_->read_config(4, byte);
    EXPECT_EQ(byte[0], 'g');
    byte[0] = 0;
    p9_->read_config(5, byte);
    p9_->read_config(~0u, byte);
    EXPECT_EQ(byte[0], 0);
    std::array<u8, 2> length{};
    P9(std::make_unique<FakeShare>(), std::string(300, 'x')).read_config(0, length);
    EXPECT_EQ(length[0], 254);
}

TEST_F(P9Test, MessagesAndReplies) {
    start();
    const Sent sent = send("message", 20);
    p9_->notified(0);
    ASSERT_EQ(share_->waiting.size(), 1u);
    EXPECT_EQ(share_->message(), "message");
    EXPECT_EQ(share_->waiting[0]->message_bytes, 7u);
    EXPECT_EQ(share_->waiting[0]->reply_bytes, 20u);
    EXPECT_FALSE(session_->rings[0]->used());
    share_->answer("reply");
    const auto used = session_->rings[0]->used();
    ASSERT_TRUE(used);
    EXPECT_EQ(used->id, sent.id);
    EXPECT_EQ(used->length, 5u);
    EXPECT_EQ(text(sent.reply, 5), "reply");
    EXPECT_EQ(session_->host.interrupts, 1);
}

TEST_F(P9Test, RepliesInAnyOrder) {
    start();
    const Sent first = send("first", 20), second = send("second", 20);
    p9_->notified(0);
    ASSERT_EQ(share_->waiting.size(), 2u);
    share_->answer("2", 1);
    EXPECT_EQ(session_->rings[0]->used()->id, second.id);
    share_->answer("1");
    EXPECT_EQ(session_->rings[0]->used()->id, first.id);
    const Sent third = send("third", 20);
    p9_->notified(0);
    EXPECT_EQ(share_->message(), "third");
    share_->answer("3");
    EXPECT_EQ(session_->rings[0]->used()->id, third.id);
}

TEST_F(P9Test, NoMoreInFlightThanTheQueueHasEntries) {
    start();
    for (int i = 0; i < 32; ++i) send("message", 8);
    p9_->notified(0);
    EXPECT_EQ(share_->waiting.size(), 32u);
    while (!share_->waiting.empty()) share_->answer("reply");
}

TEST_F(P9Test, ARequestThatIsNoneBreaksTheDevice) {
    start();
    send("x", 20);
    send("y", 20);
    p9_->notified(0);
    share_->refuse();
    EXPECT_NE(session_->host.broken, "");
    EXPECT_FALSE(session_->rings[0]->used());
    share_->answer("reply");  // harmless
    EXPECT_FALSE(session_->rings[0]->used());
    session_->stop();
    EXPECT_TRUE(session_->stopped);
    session_.reset();
    start();
    send("again", 20);
    p9_->notified(0);
    EXPECT_EQ(share_->message(), "again");
    share_->answer("reply");
    EXPECT_TRUE(session_->rings[0]->used());
}

TEST_F(P9Test, AResetWaitsForTheHost) {
    start();
    send("message", 20);
    send("message", 20);
    p9_->notified(0);
    session_->stop();
    share_->answer("1");
    EXPECT_FALSE(session_->stopped);
    EXPECT_EQ(share_->resets, 0);
    share_->answer("2");
    EXPECT_TRUE(session_->stopped);
    EXPECT_EQ(share_->resets, 1);
}

}  // namespace
}  // namespace trapeze::virtio
