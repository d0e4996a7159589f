// libFuzzer entry: a driver that writes whatever it likes into the rings of a console device, while bytes and
// peers come and go. Nothing may happen but that the device breaks.
#include "trapeze/virtio/console.h"
#include "virtio_fuzz.h"

namespace trapeze::virtio {
namespace {

// Touches every byte that it is given.
struct Port final : bus::CharPort {
    std::size_t send(std::span<const u8> bytes) override {
        for (const u8 byte : bytes) sum += byte;
        return (sum & 3) != 0 ? bytes.size() : bytes.size() / 2;
    }
    void set_receiver(bus::CharReceiver* to) override { receiver = to; }
    void receiver_ready() override {}
    void type(u8 byte, std::size_t count) const {
        const std::vector<u8> bytes(std::min(count, receiver->receive_capacity()), byte);
        if (!bytes.empty()) receiver->receive(bytes);
    }
    bus::CharReceiver* receiver = nullptr;
    u32 sum = 0;
};

void fuzz(std::span<const u8> bytes) {
    FuzzInput input(bytes);
    mem::GuestMemory memory;
    require(memory.add_ram(kFuzzRam).has_value());
    std::vector<Port*> hosts;
    std::vector<Console::PortOptions> ports;
    for (const u32 number : {0u, 1u, 2u}) {
        auto host = std::make_unique<Port>();
        hosts.push_back(host.get());
        ports.push_back({.number = number,
                         .name = number == 0 ? "" : "a name",
                         .console = number == 0,
                         .peers = number == 1,
                         .host = std::move(host)});
    }
    FuzzHost host;
    Console device(std::move(ports), 3);
    const auto queues = static_cast<unsigned>(device.queue_sizes().size());
    device.start(fuzz_session(device, memory, host, input, queues));
    for (unsigned steps = 0; !input.empty() && steps < 256; ++steps) {
        const u8 step = input.take<u8>();
        const Port& port = *hosts[step / 8 % hosts.size()];
        switch (step % 8) {
            case 0:
            case 1: device.notified(static_cast<u16>(step / 8 % (queues + 1))); break;
            case 2: port.type(step, 1 + input.take<u16>() % 9000); break;
            case 3: port.receiver->send_ready(); break;
            case 4: port.receiver->peer_changed(step >= 128); break;
            case 5:
                if (step / 8 != 0) break;
                stop_at_once(device);
                device.start(fuzz_session(device, memory, host, input, queues));
                break;
            default: fuzz_write(memory, input, step / 8);
        }
    }
    stop_at_once(device);
}

}  // namespace
}  // namespace trapeze::virtio

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, std::size_t size) {
    trapeze::virtio::fuzz({data, size});
    return 0;
}
