#include "console_port.h"

#include <algorithm>

#include "trapeze/base/buffers.h"

namespace trapeze::virtio {

using namespace console;

Console::Port::Port(Console& owner, PortOptions options) : owner_(owner), options_(std::move(options)) {
    options_.host->set_receiver(this);
}

Console::Port::~Port() {
    options_.host->set_receiver(nullptr);
}

void Console::Port::start() {
    // Without control queues nobody says that the port is open.
    guest_open_ = !owner_.multiport();
    transmit();
    buffers_added();
}

void Console::Port::stop() {
    transmit();
    guest_open_ = known_ = has_incoming_ = has_outgoing_ = false;
    news_ = 0;
    sent_ = 0;
}

// --- From the guest ----------------------------------------------------------------------------------------

void Console::Port::transmit() {
    const u16 number = transmit_queue(options_.number);
    Queue* queue = owner_.session_.queue(number);
    if (queue == nullptr || queue->broken()) return;
    queue->disarm();
    for (unsigned requests = 0;; ++requests) {
        if (requests == kBatch) {
            owner_.session_.host->notify_again(number);
            break;
        }
        if (!has_outgoing_ && !queue->pop(outgoing_)) {
            if (queue->rearm()) continue;
            break;
        }
        has_outgoing_ = true;
        if (!send_outgoing()) break;  // send_ready() follows
        queue->push(outgoing_, 0);
        has_outgoing_ = false;
        sent_ = 0;
    }
    complete(owner_.session_, number);
}

bool Console::Port::send_outgoing() {
    bool all = true;
    for_each_piece(outgoing_.readable, sent_, outgoing_.readable_bytes, [&](std::span<u8> piece) {
        if (!all) return;
        const std::size_t taken = options_.host->send(piece);
        sent_ += taken;
        all = taken == piece.size();
    });
    return all;
}

// --- To the guest ------------------------------------------------------------------------------------------

// Of one buffer: the host is asked again when that is used.
std::size_t Console::Port::receive_capacity() {
    waits_for_buffers_ = true;
    Queue* queue = owner_.session_.queue(receive_queue(options_.number));
    if (queue == nullptr || queue->broken() || !guest_open_) return 0;
    while (!has_incoming_) {
        if (queue->pop(incoming_)) {
            has_incoming_ = true;
        } else if (queue->broken()) {
            complete(owner_.session_, receive_queue(options_.number));
            return 0;
        } else if (!queue->rearm()) {
            return 0;
        }
    }
    if (incoming_.writable_bytes == 0) {
        queue->set_broken("a receive buffer has no room for anything");
        complete(owner_.session_, receive_queue(options_.number));
        return 0;
    }
    queue->disarm();
    waits_for_buffers_ = false;
    return incoming_.writable_bytes;
}

void Console::Port::receive(std::span<const u8> bytes) {
    const u16 number = receive_queue(options_.number);
    Queue* queue = owner_.session_.queue(number);
    if (queue == nullptr || queue->broken() || !has_incoming_) return;
    const std::size_t written = copy_to(incoming_.writable, 0, bytes);
    has_incoming_ = false;
    queue->push(incoming_, static_cast<u32>(written));
    complete(owner_.session_, number);
}

void Console::Port::buffers_added() {
    if (!waits_for_buffers_) return;
    waits_for_buffers_ = false;
    options_.host->receiver_ready();
}

// --- Control -----------------------------------------------------------------------------------------------

void Console::Port::set_guest_open(bool open) {
    guest_open_ = open;
    if (open) buffers_added();
}

void Console::Port::set_known() {
    known_ = true;
    if (is_console()) announce(kConsolePort);
    if (!port_name().empty()) announce(kPortName);
    if (host_open()) announce(kPortOpen);
}

void Console::Port::peer_changed(bool connected) {
    if (connected_ == connected) return;
    connected_ = connected;
    if (!known_ || !options_.peers) return;
    announce(kPortOpen);
    owner_.tell();
}

}  // namespace trapeze::virtio
