// The human monitor on a character port: a prompt with line editing, and the commands of hmp.h.
#pragma once

#include <memory>
#include <string>

#include "trapeze/bus/char_port.h"
#include "trapeze/debug/hmp.h"
#include "trapeze/debug/machine_control.h"

namespace trapeze::debug {

class LineEditor;

// Loop thread only. Both references outlive the monitor.
class Monitor final : public bus::CharReceiver {
public:
    Monitor(bus::CharPort& port, MachineControl& machine);
    ~Monitor() override;

    // While the peer has not taken the last answers, it is not asked for more.
    std::size_t receive_capacity() override { return unsent_.empty() ? kLargestInput : 0; }
    void receive(std::span<const u8> bytes) override;
    void receive_break() override {}
    void send_ready() override;
    // Shows the prompt when the user switches to the monitor, with a banner the first time.
    void focus_changed(bool focused) override;
    // A new peer sees banner and prompt.
    void peer_changed(bool connected) override;

    // One command's output, as typed at the prompt.
    std::string execute(std::string_view line) { return hmp_.execute(line); }

private:
    static constexpr std::size_t kLargestInput = 512;

    void greet();
    void put(std::string_view text);

    bus::CharPort& port_;
    Hmp hmp_;
    std::unique_ptr<LineEditor> editor_;
    std::string unsent_;  // bounded by the output of kLargestInput bytes of commands
    bool greeted_ = false;
};

}  // namespace trapeze::debug
