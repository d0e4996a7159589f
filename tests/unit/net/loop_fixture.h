// A loop that runs until something has happened, and a device end that records what it gets.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "trapeze/base/event_loop.h"
#include "trapeze/bus/net_port.h"

namespace trapeze::net {

class Receiver final : public bus::NetReceiver {
public:
    bool receive(const bus::NetOffload& offload, std::span<const u8> frame) override {
        if (room == 0) return false;
        --room;
        last_offload = offload;
        frames.emplace_back(frame.begin(), frame.end());
        if (on_frame) on_frame(frames.back());
        return true;
    }
    void receive_end() override { ++ends; }
    void send_ready() override { ++ready; }

    std::vector<u8> take() {
        if (frames.empty()) return {};
        std::vector<u8> frame = std::move(frames.front());
        frames.pop_front();
        return frame;
    }

    std::deque<std::vector<u8>> frames;
    std::function<void(const std::vector<u8>&)> on_frame;
    bus::NetOffload last_offload;
    std::size_t room = ~std::size_t{0};
    unsigned ends = 0;
    unsigned ready = 0;
};

class LoopTest : public testing::Test {
protected:
    static constexpr u64 kTimeoutNs = 20'000'000'000;

    // False: it has not happened.
    bool run_until(const std::function<bool()>& happened) {
        const u64 deadline = loop->now_ns() + kTimeoutNs;
        while (!happened()) {
            if (loop->now_ns() > deadline) return false;
            loop->call_after(1'000'000, [this] { loop->stop(); });
            loop->run();
        }
        return true;
    }
    // Long enough for anything that is on its way, on this machine.
    void run_a_while() {
        loop->call_after(50'000'000, [this] { loop->stop(); });
        loop->run();
    }

    static bool send(bus::NetPort& port, const std::vector<u8>& frame, const bus::NetOffload& offload = {}) {
        // In pieces, as guests have them.
        const std::span<const u8> all = frame;
        const std::size_t half = frame.size() / 2;
        const std::span<const u8> parts[] = {all.first(half), all.subspan(half)};
        const bool taken =
            port.send({.offload = offload, .parts = parts, .bytes = static_cast<u32>(frame.size())});
        port.send_end();
        return taken;
    }

    std::unique_ptr<EventLoop> loop = std::move(EventLoop::create()).value();
    Receiver receiver;
};

}  // namespace trapeze::net
