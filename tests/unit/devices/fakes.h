// Stand-ins for what surrounds a device, and the walk over its whole window that every device must survive.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "trapeze/base/scheduler.h"
#include "trapeze/bus/char_port.h"
#include "trapeze/bus/clock.h"
#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/irq.h"
#include "trapeze/bus/mmio.h"

namespace trapeze::devices {

class FakeIrqSink final : public bus::IrqSink {
public:
    void set_level(bus::IntId id, bool level) override {
        levels[bus::to_number(id)] = level;
        ++changes;
    }
    void pulse(bus::IntId) override { ADD_FAILURE() << "pulse on a level interrupt"; }
    void set_private_level(bus::VcpuIndex, bus::IntId, bool) override {
        ADD_FAILURE() << "private interrupt";
    }

    std::map<u32, bool> levels;
    int changes = 0;
};

// Monotonic and wall-clock time that move together when told to.
class FakeTime final : public Scheduler, public bus::Clock {
public:
    u64 now_ns() const override { return monotonic_; }
    u64 monotonic_ns() const override { return monotonic_; }
    u64 unix_seconds() const override { return wall_ / 1'000'000'000; }
    u64 unix_ns() const override { return wall_; }

    TimerId call_at(u64 deadline_ns, std::function<void()> task) override {
        const TimerId id{++last_id_};
        timers_.push_back({deadline_ns, id, std::move(task)});
        return id;
    }
    void cancel(TimerId id) override {
        std::erase_if(timers_, [&](const Timer& timer) { return timer.id == id; });
    }

    // Passes time, running what becomes due at its own deadline.
    void pass(u64 ns) {
        const u64 end = monotonic_ + ns;
        for (;;) {
            const auto next = std::ranges::min_element(timers_, {}, &Timer::deadline);
            if (next == timers_.end() || next->deadline > end) break;
            const Timer timer = *next;
            timers_.erase(next);
            move_to(std::max(timer.deadline, monotonic_));
            timer.task();
        }
        move_to(end);
    }
    void pass_seconds(u64 seconds) { pass(seconds * 1'000'000'000); }
    void set_wall(u64 seconds, u64 ns = 0) { wall_ = seconds * 1'000'000'000 + ns; }
    std::size_t pending() const { return timers_.size(); }

private:
    struct Timer {
        u64 deadline;
        TimerId id;
        std::function<void()> task;
    };
    void move_to(u64 monotonic) {
        wall_ += monotonic - monotonic_;
        monotonic_ = monotonic;
    }

    u64 monotonic_ = 5'000'000'000;
    u64 wall_ = 1'700'000'000'000'000'000;
    u64 last_id_ = 0;
    std::vector<Timer> timers_;
};

class FakeCharPort final : public bus::CharPort {
public:
    std::size_t send(std::span<const u8> bytes) override {
        const std::size_t taken = std::min(bytes.size(), room);
        sent.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
        room -= taken;
        return taken;
    }
    void set_receiver(bus::CharReceiver* to) override { receiver = to; }
    void receiver_ready() override { ++ready_calls; }

    std::string sent;
    std::size_t room = 1 << 20;
    bus::CharReceiver* receiver = nullptr;
    int ready_calls = 0;
};

// The tree as text, one line per node or property.
class FakeFdt final : public bus::FdtWriter {
public:
    void begin_node(std::string_view name) override {
        line(fmt::format("{} {{", name));
        ++depth_;
    }
    void end_node() override {
        --depth_;
        line("}");
    }
    void property_empty(std::string_view name) override { line(std::string(name)); }
    void property_u32(std::string_view name, u32 value) override {
        line(fmt::format("{} = <{:#x}>", name, value));
    }
    void property_u64(std::string_view name, u64 value) override {
        line(fmt::format("{} = <{:#x} {:#x}>", name, value >> 32, value & 0xffffffff));
    }
    void property_cells(std::string_view name, std::span<const u32> cells) override {
        std::string list;
        for (const u32 cell : cells) list += fmt::format("{}{:#x}", list.empty() ? "" : " ", cell);
        line(fmt::format("{} = <{}>", name, list));
    }
    void property_string(std::string_view name, std::string_view value) override {
        line(fmt::format("{} = \"{}\"", name, value));
    }
    void property_strings(std::string_view name, std::initializer_list<std::string_view> values) override {
        std::string list;
        for (const auto value : values) list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", value);
        line(fmt::format("{} = {}", name, list));
    }
    void property_bytes(std::string_view name, std::span<const u8>) override {
        line(fmt::format("{} = [...]", name));
    }

    std::string text;

private:
    void line(const std::string& content) { text += std::string(depth_ * 2, ' ') + content + "\n"; }
    std::size_t depth_ = 0;
};

// Reads and writes every offset with every size, also past the end and with all-ones.
inline void walk(bus::MmioDevice& device) {
    for (u64 offset = 0; offset < 0x1010; ++offset) {
        for (const unsigned size : {1u, 2u, 4u, 8u}) {
            const u64 ones = size == 8 ? ~u64{0} : (u64{1} << (size * 8)) - 1;
            device.mmio_read({offset, size, 0});
            device.mmio_write({offset, size, 0}, 0);
            device.mmio_write({offset, size, 0}, ones);
            device.mmio_read({offset, size, 0});
        }
    }
}

// What a register map promises of each offset: which accesses get an answer. Everything else reads as zero.
struct Answered {
    u64 first, last;  // offsets of the registers, a multiple of 4
    unsigned sizes;   // mask of byte counts
};

// Reads at every offset and size where the manual has no register and checks that they are zero.
inline void expect_zero_elsewhere(bus::MmioDevice& device, const std::vector<Answered>& registers) {
    for (u64 offset = 0; offset < 0x1000; ++offset) {
        for (const unsigned size : {1u, 2u, 4u, 8u}) {
            const bool answered = std::ranges::any_of(registers, [&](const Answered& r) {
                return offset >= r.first && offset <= r.last && offset % 4 == 0 && (r.sizes & size) != 0;
            });
            if (answered) continue;
            EXPECT_EQ(device.mmio_read({offset, size, 0}), 0u)
                << fmt::format("{:#x}, {} bytes", offset, size);
        }
    }
}

}  // namespace trapeze::devices
