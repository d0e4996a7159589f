// Several devices on one host stream: the console and the monitor on the user's terminal, with escape keys.
// Input goes to the front end that has the focus; output of all of them is shown. The keys are those users
// know from other emulators (Ctrl-A h lists them).
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/mutex.h"
#include "trapeze/bus/char_port.h"
#include "trapeze/bus/clock.h"

namespace trapeze::chardev {

// What the keys ask of the program; on the event-loop thread. They must not destroy the Mux.
struct MuxActions {
    std::function<void()> quit;
};

// Created and destroyed on the event-loop thread or while it does not run, after and before `backend` and the
// loop.
class Mux final : private bus::CharReceiver {
public:
    // Input kept for a front end that does not take it. The escape keys work until this much has been typed
    // ahead.
    static constexpr std::size_t kTypeAhead = 4096;

    // `escape` is a control character (1 = Ctrl-A), or 0 for no escape keys. `clock` times the timestamps.
    Mux(EventLoop& loop, const bus::Clock& clock, bus::CharPort& backend, u8 escape, MuxActions actions);
    ~Mux() override;
    Mux(const Mux&) = delete;
    Mux& operator=(const Mux&) = delete;

    // Adds a front end and returns the port for its device; `name` is for the help text. The first one has
    // the focus. All are added before the loop runs.
    bus::CharPort& add_front_end(std::string name);
    // Gives the focus to the front end with this index, in order of addition. Event-loop thread,
    // or before the loop runs. Receivers are told (focus_changed) on the event-loop thread, the first one
    // too.
    void set_focus(std::size_t index);
    std::size_t focus() const { return focus_; }

private:
    class FrontEnd;
    using Element = u16;  // a byte, or kBreak

    // bus::CharReceiver, towards the backend. Event-loop thread.
    std::size_t receive_capacity() override;
    void receive(std::span<const u8> bytes) override;
    void receive_break() override;
    void send_ready() override;

    std::size_t send(FrontEnd& from, std::span<const u8> bytes) EXCLUDES(mutex_);
    void show(const std::string& text) EXCLUDES(mutex_);
    void post_update();

    // Event-loop thread.
    void update();
    void tell_focus();
    void command(u8 key);
    void next_focus();
    void enqueue(Element element);
    void toggle_timestamps() EXCLUDES(mutex_);
    std::string help() const;

    EventLoop& loop_;
    const bus::Clock& clock_;
    bus::CharPort& backend_;
    const u8 escape_;
    const MuxActions actions_;
    std::vector<std::unique_ptr<FrontEnd>> front_ends_;  // const once the loop runs
    std::atomic<bool> update_posted_{false};

    // Event-loop thread.
    std::shared_ptr<Mux*> self_ = std::make_shared<Mux*>(this);  // only weak references leave the object
    std::size_t focus_ = 0;
    bus::CharReceiver* focused_ = nullptr;  // who was last told to have the focus
    bool escape_seen_ = false;
    bool told_full_ = false;  // the backend waits for receiver_ready()

    Mutex mutex_;  // orders the output; taken with a device's lock held, before the backend's
    bool timestamps_ GUARDED_BY(mutex_) = false;
    std::optional<u64> timestamps_start_ GUARDED_BY(mutex_);
    bool line_start_ GUARDED_BY(mutex_) = true;
    std::string stamp_left_ GUARDED_BY(mutex_);  // of a timestamp the backend took in part
};

}  // namespace trapeze::chardev
