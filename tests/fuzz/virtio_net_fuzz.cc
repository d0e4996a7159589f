// libFuzzer entry: a driver that writes whatever it likes into the rings of a network device, while frames
// come and go. Nothing may happen but that the device breaks.
#include "trapeze/virtio/net.h"
#include "virtio_fuzz.h"

namespace trapeze::virtio {
namespace {

// Touches every byte that it is given.
struct Port final : bus::NetPort {
    u32 send_offloads() const override { return 0xf; }
    u32 receive_offloads() const override { return 0xf; }
    bool send(const bus::NetFrame& frame) override {
        u64 bytes = 0;
        for (const auto part : frame.parts) {
            for (const u8 byte : part) sum += byte;
            bytes += part.size();
        }
        if (bytes != frame.bytes || bytes > bus::kMostFrameBytes) __builtin_trap();
        return (sum & 3) != 0;
    }
    void set_receiver(bus::NetReceiver* to) override { receiver = to; }
    void receiver_ready() override {}
    std::string describe() const override { return {}; }
    bus::NetReceiver* receiver = nullptr;
    u32 sum = 0;
};

void fuzz(std::span<const u8> bytes) {
    FuzzInput input(bytes);
    mem::GuestMemory memory;
    require(memory.add_ram(kFuzzRam).has_value());
    auto owned = std::make_unique<Port>();
    Port& port = *owned;
    FuzzHost host;
    Net device(std::move(owned), {.mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500, .without = 0});
    device.start(fuzz_session(device, memory, host, input, 3));
    for (unsigned steps = 0; !input.empty() && steps < 256; ++steps) {
        const u8 step = input.take<u8>();
        switch (step % 8) {
            case 0:
            case 1: device.notified(step / 8 % 3); break;
            case 2: {
                const std::vector<u8> frame(1 + input.take<u16>() % 9000, step);
                (void)port.receiver->receive({.flags = step}, frame);
                port.receiver->receive_end();
                break;
            }
            case 3: port.receiver->send_ready(); break;
            case 4:
                if (step / 8 != 0) {
                    device.set_link((step & 8) != 0);
                } else {
                    stop_at_once(device);
                    device.start(fuzz_session(device, memory, host, input, 3));
                }
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
