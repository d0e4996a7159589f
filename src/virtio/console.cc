#include "trapeze/virtio/console.h"

#include <algorithm>
#include <cstring>

#include "console_port.h"
#include "trapeze/base/check.h"

namespace trapeze::virtio {
namespace {

using namespace console;

constexpr u16 kDataEntries = 128;
constexpr u16 kControlEntries = 32;

// 5.3.4 "Device configuration layout".
struct Config {
    u16 cols = 0;
    u16 rows = 0;
    u32 max_nr_ports = 0;
    u32 emerg_wr = 0;
};

// Those of each port that there might be: drivers set up all of them.
std::vector<u16> sizes(u32 max_ports) {
    std::vector<u16> list(transmit_queue(max_ports - 1) + std::size_t{1}, kDataEntries);
    list.resize(std::max<std::size_t>(list.size(), kControlTransmit + 1u));
    list[kControlReceive] = list[kControlTransmit] = kControlEntries;
    return list;
}

}  // namespace

Console::Console(std::vector<PortOptions> ports, u32 max_ports)
    : max_ports_(max_ports), queue_sizes_(sizes(max_ports)), by_number_(max_ports) {
    CHECK(max_ports >= 1 && max_ports <= kMostPorts);
    for (PortOptions& options : ports) {
        const u32 number = options.number;
        CHECK(number < max_ports && by_number_[number] == nullptr);
        by_number_[number] = ports_.emplace_back(std::make_unique<Port>(*this, std::move(options))).get();
    }
}

Console::~Console() = default;

u64 Console::features() const {
    return kMultiport;
}

bool Console::multiport() const {
    return session_.has(kMultiport);
}

void Console::read_config(u32 offset, std::span<u8> to) {
    Config config;
    config.max_nr_ports = max_ports_;
    copy_config({reinterpret_cast<const u8*>(&config), sizeof config}, offset, to);
}

void Console::start(Session session) {
    session_ = std::move(session);
    for (const auto& each : ports_) each->start();
    take_commands();
}

void Console::notified(u16 queue) {
    if (queue == kControlReceive) return tell();
    if (queue == kControlTransmit) return take_commands();
    Port* const about = port(queue < kControlReceive ? 0 : (queue - kControlReceive) / 2u);
    if (about == nullptr) return;
    if (queue % 2 == 0) {
        about->buffers_added();
    } else {
        about->transmit();
    }
}

void Console::stop(std::function<void()> stopped) {
    for (const auto& each : ports_) each->stop();
    session_ = {};
    stopped();
}

}  // namespace trapeze::virtio
