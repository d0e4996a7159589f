#include "trapeze/debug/monitor.h"

#include <fmt/core.h>

#include "monitor_editor.h"
#include "trapeze/base/version.h"

namespace trapeze::debug {
namespace {

constexpr char kPrompt[] = "(trapeze) ";

// A peer that does not read and keeps typing into a full queue loses what exceeds this.
constexpr std::size_t kMaxUnsent = 4 << 20;

}  // namespace

Monitor::Monitor(bus::CharPort& port, MachineControl& machine)
    : port_(port),
      hmp_(machine),
      editor_(LineEditor::create(kPrompt, [this](std::string_view line) { return hmp_.complete(line); })) {
    port_.set_receiver(this);
}

Monitor::~Monitor() {
    port_.set_receiver(nullptr);
}

void Monitor::put(std::string_view text) {
    for (const char c : text) {
        if (unsent_.size() >= kMaxUnsent) break;
        if (c == '\n') unsent_ += '\r';
        unsent_ += c;
    }
    send_ready();
}

void Monitor::send_ready() {
    if (unsent_.empty()) return;
    const std::size_t taken = port_.send({reinterpret_cast<const u8*>(unsent_.data()), unsent_.size()});
    unsent_.erase(0, taken);
    if (unsent_.empty()) port_.receiver_ready();
}

void Monitor::greet() {
    if (!greeted_) {
        put(fmt::format("trapeze {} monitor - type 'help' for more information\n{}", kVersion,
                        editor_->remark()));
    }
    greeted_ = true;
    put(editor_->display());
}

void Monitor::focus_changed(bool focused) {
    if (focused) greet();
}

void Monitor::peer_changed(bool connected) {
    editor_->clear();
    unsent_.clear();
    greeted_ = false;
    if (connected) greet();
}

void Monitor::receive(std::span<const u8> bytes) {
    for (const u8 byte : bytes) {
        std::string echo;
        const auto line = editor_->feed(byte, echo);
        put(echo);
        if (!line) continue;
        put(hmp_.execute(*line));
        put(editor_->display());
    }
}

}  // namespace trapeze::debug
