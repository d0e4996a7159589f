// The human monitor on a character port: QEMU's command names, one line at a time.
#pragma once

#include <string>

#include "trapeze/bus/char_port.h"
#include "trapeze/debug/machine_control.h"

namespace trapeze::debug {

// Loop thread only. Both references outlive the monitor.
class Monitor final : public bus::CharReceiver {
public:
    Monitor(bus::CharPort& port, MachineControl& machine);

    std::size_t receive_capacity() override { return kMaxLine; }
    void receive(std::span<const u8> bytes) override;
    void receive_break() override {}
    // Shows the prompt when the user switches to the monitor, with a banner the first time.
    void focus_changed(bool focused) override;

    // One command's output, as typed at the prompt; for the monitor itself and for tests.
    std::string execute(std::string_view line);

private:
    static constexpr std::size_t kMaxLine = 512;

    void put(std::string_view text);
    void handle_byte(u8 byte);

    bus::CharPort& port_;
    MachineControl& machine_;
    std::string line_;
    bool greeted_ = false;
};

}  // namespace trapeze::debug
