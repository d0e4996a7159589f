// A device and a host stream to put around the code under test.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "trapeze/base/event_loop.h"
#include "trapeze/bus/char_port.h"

namespace trapeze::chardev {

inline std::span<const u8> bytes(std::string_view text) {
    return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

class FakeReceiver final : public bus::CharReceiver {
public:
    std::size_t receive_capacity() override {
        ++capacity_calls;
        return room;
    }
    void receive(std::span<const u8> data) override {
        EXPECT_LE(data.size(), room) << "more than was asked for";
        room -= std::min(room, data.size());
        got.append(data.begin(), data.end());
        if (on_event) on_event();
    }
    void receive_break() override {
        got += "<break>";
        if (on_event) on_event();
    }
    void send_ready() override {
        ++ready_calls;
        if (on_event) on_event();
    }
    void focus_changed(bool focused) override { focus += focused ? '+' : '-'; }
    void peer_changed(bool connected) override {
        peers += connected ? '+' : '-';
        if (on_event) on_event();
    }

    std::size_t room = 1 << 20;
    std::string got;
    std::string focus;
    std::string peers;
    int capacity_calls = 0;
    int ready_calls = 0;
    std::function<void()> on_event;
};

struct Pipe {
    explicit Pipe(int flags = 0) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC | flags), 0);
        read.reset(ends[0]);
        write.reset(ends[1]);
    }
    void put(std::string_view text) const {
        EXPECT_EQ(::write(write.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    // Reads exactly `count` bytes, waiting for them.
    std::string take(std::size_t count) const {
        std::string text(count, '\0');
        std::size_t have = 0;
        while (have < count) {
            const ssize_t n = ::read(read.get(), text.data() + have, count - have);
            if (n <= 0) break;
            have += static_cast<std::size_t>(n);
        }
        text.resize(have);
        return text;
    }
    Fd read, write;
};

// An event loop with ways to run it from a test.
class LoopTest : public testing::Test {
protected:
    // Runs everything posted so far and what that posts in turn, up to `rounds` deep.
    void spin(int rounds = 5) {
        for (int i = 0; i < rounds; ++i) {
            loop_->post([this] { loop_->stop(); });
            loop_->run();
        }
    }
    // Runs until `done` holds; it is looked at after every event of `receiver`.
    void run_until(FakeReceiver& receiver, const std::function<bool()>& done) {
        if (done()) return;
        receiver.on_event = [this, &done] {
            if (done()) loop_->stop();
        };
        const TimerId limit = loop_->call_after(20'000'000'000, [this] {
            ADD_FAILURE() << "nothing happened";
            loop_->stop();
        });
        loop_->run();
        loop_->cancel(limit);
        receiver.on_event = nullptr;
    }
    void run_for_ms(u64 ms) {
        loop_->call_after(ms * 1'000'000, [this] { loop_->stop(); });
        loop_->run();
    }

    std::unique_ptr<EventLoop> loop_ = std::move(EventLoop::create().value());
};

}  // namespace trapeze::chardev
