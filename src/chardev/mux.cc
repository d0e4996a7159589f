#include "trapeze/chardev/mux.h"

#include <fmt/core.h>

#include <algorithm>

#include "trapeze/base/check.h"

namespace trapeze::chardev {
namespace {

constexpr u16 kBreak = 0x100;

std::span<const u8> as_bytes(std::string_view text) {
    return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

// "C-a" for 1, and so on through the control characters.
std::string key_name(u8 control) {
    return control >= 1 && control <= 26 ? fmt::format("C-{:c}", 'a' + control - 1)
                                         : fmt::format("{:#04x}", control);
}

std::string timestamp(u64 elapsed_ns) {
    const u64 ms = elapsed_ns / 1'000'000;
    return fmt::format("[{:02}:{:02}:{:02}.{:03}] ", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60,
                       ms % 1000);
}

}  // namespace

class Mux::FrontEnd final : public bus::CharPort {
public:
    FrontEnd(Mux& owner, std::string label) : name(std::move(label)), mux_(owner) {}

    std::size_t send(std::span<const u8> bytes) override { return mux_.send(*this, bytes); }
    void set_receiver(bus::CharReceiver* to) override {
        if (mux_.focused_ == receiver) mux_.focused_ = nullptr;
        receiver = to;
        if (to != nullptr) mux_.post_update();
    }
    void receiver_ready() override { mux_.post_update(); }

    // Hands over as much of the type-ahead as the device takes.
    void deliver();

    const std::string name;
    bus::CharReceiver* receiver = nullptr;
    std::deque<Element> typed;
    bool starved = false;  // guarded by the Mux's mutex_: a send() was cut short

private:
    Mux& mux_;
};

void Mux::FrontEnd::deliver() {
    if (receiver == nullptr) typed.clear();
    while (!typed.empty()) {
        const std::size_t room = receiver->receive_capacity();
        if (room == 0) return;
        if (typed.front() == kBreak) {
            typed.pop_front();
            receiver->receive_break();
            continue;
        }
        u8 bytes[256];
        std::size_t count = 0;
        while (count < std::min(room, std::size(bytes)) && !typed.empty() && typed.front() != kBreak) {
            bytes[count++] = static_cast<u8>(typed.front());
            typed.pop_front();
        }
        receiver->receive({bytes, count});
    }
}

Mux::Mux(EventLoop& loop, const bus::Clock& clock, bus::CharPort& backend, u8 escape, MuxActions actions)
    : loop_(loop), clock_(clock), backend_(backend), escape_(escape), actions_(std::move(actions)) {
    backend_.set_receiver(this);
}

Mux::~Mux() {
    backend_.set_receiver(nullptr);
}

bus::CharPort& Mux::add_front_end(std::string name) {
    return *front_ends_.emplace_back(std::make_unique<FrontEnd>(*this, std::move(name)));
}

void Mux::set_focus(std::size_t index) {
    CHECK(index < front_ends_.size());
    focus_ = index;
    post_update();
}

// Output.

std::size_t Mux::send(FrontEnd& from, std::span<const u8> bytes) {
    LockGuard lock(mutex_);
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        if (!stamp_left_.empty()) {
            stamp_left_.erase(0, backend_.send(as_bytes(stamp_left_)));
            if (!stamp_left_.empty()) break;
        }
        auto part = bytes.subspan(taken);
        if (timestamps_) {
            if (line_start_) {
                const u64 now = clock_.monotonic_ns();
                if (!timestamps_start_) timestamps_start_ = now;
                stamp_left_ = timestamp(now - *timestamps_start_);
                line_start_ = false;
                continue;
            }
            const auto newline = std::ranges::find(part, u8{'\n'});
            if (newline != part.end())
                part = part.first(static_cast<std::size_t>(newline - part.begin()) + 1);
        }
        const std::size_t count = backend_.send(part);
        if (count != 0) line_start_ = part[count - 1] == '\n';
        taken += count;
        if (count < part.size()) break;
    }
    if (taken < bytes.size()) from.starved = true;
    return taken;
}

// What does not fit is lost: it is for a user who does not look.
void Mux::show(const std::string& text) {
    LockGuard lock(mutex_);
    backend_.send(as_bytes(text));
    line_start_ = true;
}

void Mux::send_ready() {
    for (const auto& front_end : front_ends_) {
        bool waits = false;
        {
            LockGuard lock(mutex_);
            waits = std::exchange(front_end->starved, false);
        }
        // Without the lock: the device takes its own and sends.
        if (waits && front_end->receiver != nullptr) front_end->receiver->send_ready();
    }
}

// Input.

std::size_t Mux::receive_capacity() {
    const std::size_t typed = front_ends_.empty() ? kTypeAhead : front_ends_[focus_]->typed.size();
    if (typed >= kTypeAhead) told_full_ = true;
    return typed >= kTypeAhead ? 0 : kTypeAhead - typed;
}

void Mux::receive(std::span<const u8> bytes) {
    for (const u8 byte : bytes) {
        if (escape_seen_) {
            escape_seen_ = false;
            command(byte);
        } else if (escape_ != 0 && byte == escape_) {
            escape_seen_ = true;
        } else {
            enqueue(byte);
        }
    }
    update();
}

void Mux::receive_break() {
    enqueue(kBreak);
    update();
}

void Mux::enqueue(Element element) {
    if (!front_ends_.empty()) front_ends_[focus_]->typed.push_back(element);
}

void Mux::post_update() {
    if (update_posted_.exchange(true)) return;
    loop_.post([weak = std::weak_ptr<Mux*>(self_)] {
        const auto self = weak.lock();
        if (!self) return;
        (*self)->update_posted_.store(false);
        (*self)->update();
    });
}

void Mux::update() {
    tell_focus();
    for (const auto& front_end : front_ends_) front_end->deliver();
    if (told_full_ && receive_capacity() > 0) {
        told_full_ = false;
        backend_.receiver_ready();
    }
}

void Mux::tell_focus() {
    bus::CharReceiver* now = front_ends_.empty() ? nullptr : front_ends_[focus_]->receiver;
    if (now == focused_) return;
    bus::CharReceiver* before = std::exchange(focused_, now);
    if (before != nullptr) before->focus_changed(false);
    if (now != nullptr) now->focus_changed(true);
}

void Mux::next_focus() {
    for (std::size_t step = 1; step < front_ends_.size(); ++step) {
        const std::size_t candidate = (focus_ + step) % front_ends_.size();
        if (front_ends_[candidate]->receiver == nullptr) continue;
        focus_ = candidate;  // receive() ends with update(), which tells them
        return;
    }
}

void Mux::toggle_timestamps() {
    LockGuard lock(mutex_);
    timestamps_ = !timestamps_;
    timestamps_start_.reset();
}

void Mux::command(u8 key) {
    if (key == escape_) {
        enqueue(key);
        return;
    }
    switch (key) {
        case 'h':
        case '?': show(help()); break;
        case 'x':
            if (actions_.quit) actions_.quit();
            break;
        case 's': show("\r\nThere is no -snapshot to write back.\r\n"); break;
        case 'b': enqueue(kBreak); break;
        case 'c': next_focus(); break;
        case 't': toggle_timestamps(); break;
        default: break;
    }
}

std::string Mux::help() const {
    const std::string prefix = key_name(escape_);
    std::string names;
    for (const auto& front_end : front_ends_) names += (names.empty() ? "" : ", ") + front_end->name;
    const std::pair<std::string, std::string> keys[] = {
        {"h", "show these keys"},
        {"x", "quit"},
        {"s", "write back what -snapshot kept"},
        {"t", "timestamps on output lines, on or off"},
        {"b", "send a break (in Linux: magic SysRq)"},
        {"c", "give the keyboard to the next of: " + names},
        {prefix, "send " + prefix + " itself"},
    };
    std::string text = "\r\n";
    for (const auto& [key, what] : keys) text += fmt::format("{} {:<4} {}\r\n", prefix, key, what);
    return text;
}

}  // namespace trapeze::chardev
