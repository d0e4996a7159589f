// The control queues: 5.3.6.2 "Multiport Device Operation".
#include <algorithm>
#include <cstring>

#include "console_port.h"
#include "trapeze/base/buffers.h"
#include "trapeze/base/log.h"

namespace trapeze::virtio {

using namespace console;

void Console::take_commands() {
    Queue* queue = session_.queue(kControlTransmit);
    if (!multiport() || queue == nullptr || queue->broken()) return;
    for (unsigned commands = 0;; ++commands) {
        if (commands == kBatch) {
            session_.host->notify_again(kControlTransmit);
            break;
        }
        if (!queue->pop(command_)) {
            if (queue->rearm()) continue;
            break;
        }
        Control message;
        const std::span bytes(reinterpret_cast<u8*>(&message), sizeof message);
        if (copy_from(command_.readable, 0, bytes) == sizeof message) {
            obey(bytes);
        } else {
            GUEST_ERROR("{}: a control message of {} bytes", name(), command_.readable_bytes);
        }
        queue->push(command_, 0);
    }
    complete(session_, kControlTransmit);
    tell();
}

// What makes no sense is the driver's own loss.
void Console::obey(std::span<const u8> bytes) {
    Control message;
    std::memcpy(&message, bytes.data(), sizeof message);
    if (message.event == kDeviceReady) {
        if (message.value != 1) return;
        for (const auto& each : ports_) each->announce(kPortAdd);
        return;
    }
    Port* const about = port(message.id);
    if (about == nullptr) {
        GUEST_ERROR("{}: control message {} about port {}, which does not exist", name(), message.event,
                    message.id);
        return;
    }
    switch (message.event) {
        case kPortReady:
            if (message.value == 1) about->set_known();
            break;
        case kPortOpen: about->set_guest_open(message.value != 0); break;
        default: GUEST_ERROR("{}: control message {}", name(), message.event); break;
    }
}

void Console::tell() {
    Queue* queue = session_.queue(kControlReceive);
    if (!multiport() || queue == nullptr || queue->broken()) return;
    for (const auto& each : ports_) {
        if (!tell(*queue, *each)) break;
    }
    complete(session_, kControlReceive);
}

// In the order of their numbers, but for the last two: an open port has its name. False: there is no buffer.
bool Console::tell(Queue& queue, Port& port) {
    for (const Event event : {kPortAdd, kConsolePort, kPortName, kPortOpen}) {
        if ((port.news() & (1u << event)) == 0) continue;
        while (!queue.pop(answer_)) {
            if (!queue.rearm()) return false;
        }
        const bool value = event != kPortOpen || port.host_open();
        const Control message{.id = port.number(), .event = event, .value = value ? u16{1} : u16{0}};
        std::size_t bytes =
            copy_to(answer_.writable, 0, std::span(reinterpret_cast<const u8*>(&message), sizeof message));
        if (bytes != sizeof message) {
            queue.set_broken("a buffer for control messages is too small for one");
            return false;
        }
        if (event == kPortName) {
            const std::string& text = port.port_name();
            bytes += copy_to(answer_.writable, bytes,
                             std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
        }
        queue.push(answer_, static_cast<u32>(bytes));
        port.told(event);
    }
    return true;
}

}  // namespace trapeze::virtio
