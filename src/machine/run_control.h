// The machine's run state and those who watch it. Loop thread only.
#pragma once

#include <algorithm>
#include <vector>

#include "trapeze/debug/run_state.h"

namespace trapeze::machine {

class RunControl {
public:
    debug::RunState state() const { return state_; }
    void add(debug::MachineObserver& observer) { observers_.push_back(&observer); }
    void remove(debug::MachineObserver& observer) { std::erase(observers_, &observer); }

    // Sets the state and tells the observers about a change from or to Running.
    void enter(debug::RunState state) {
        const debug::RunState old = state_;
        state_ = state;
        if (old == state) return;
        if (state == debug::RunState::Running) {
            notify([](debug::MachineObserver& o) { o.resumed(); });
        } else if (old == debug::RunState::Running) {
            notify([state](debug::MachineObserver& o) { o.stopped(state); });
        }
    }

    template <typename F>
    void notify(F&& tell) {
        // An observer may remove itself, or another, while it is told.
        const std::vector<debug::MachineObserver*> observers = observers_;
        for (debug::MachineObserver* observer : observers) {
            if (std::ranges::find(observers_, observer) != observers_.end()) tell(*observer);
        }
    }

private:
    debug::RunState state_ = debug::RunState::Prelaunch;
    std::vector<debug::MachineObserver*> observers_;
};

}  // namespace trapeze::machine
