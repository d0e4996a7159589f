// libFuzzer entry: a driver that writes whatever it likes into the rings of a network device, while frames
// come and go. Nothing may happen but that the device breaks.
#include <cstring>
#include <memory>

#include "trapeze/virtio/net.h"

namespace trapeze::virtio {
namespace {

constexpr mem::GpaRange kRam{mem::Gpa{0x4000'0000}, 1 << 16};

struct Host final : DeviceHost {
    void queue_used() override {}
    void notify_again(u16 queue) override { again |= 1u << queue; }
    void config_changed() override {}
    void needs_reset(std::string_view) override {}
    unsigned again = 0;
};

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

class Input {
public:
    explicit Input(std::span<const u8> bytes) : bytes_(bytes) {}
    template <typename T>
    T take() {
        T value{};
        const std::size_t count = std::min(sizeof value, bytes_.size());
        if (count != 0) std::memcpy(&value, bytes_.data(), count);
        bytes_ = bytes_.subspan(count);
        return value;
    }
    std::span<const u8> take(std::size_t count) {
        const auto taken = bytes_.first(std::min(count, bytes_.size()));
        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }
    bool empty() const { return bytes_.empty(); }

private:
    std::span<const u8> bytes_;
};

Session start(mem::GuestMemory& memory, Host& host, Input& input) {
    const u8 choice = input.take<u8>();
    const u64 features = (input.take<u32>() & 0x00ff'ffff) | ((choice & 1) != 0 ? feature::kVersion1 : 0) |
                         ((choice & 2) != 0 ? feature::kRingPacked : 0) |
                         ((choice & 4) != 0 ? feature::kIndirectDesc : 0) |
                         ((choice & 8) != 0 ? feature::kEventIdx : 0);
    Session session{.features = features, .queues = {}, .host = &host};
    for (u64 queue = 0; queue < 3; ++queue) {
        const u64 base = kRam.base.value + queue * 0x1000;
        session.queues.push_back(make_queue(memory,
                                            {.size = 8,
                                             .descriptors = mem::Gpa{base},
                                             .driver = mem::Gpa{base + 0x400},
                                             .device = mem::Gpa{base + 0x800}},
                                            features));
    }
    return session;
}

void fuzz(std::span<const u8> bytes) {
    Input input(bytes);
    mem::GuestMemory memory;
    if (!memory.add_ram(kRam)) __builtin_trap();
    auto owned = std::make_unique<Port>();
    Port& port = *owned;
    Host host;
    Net device(std::move(owned), {.mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500, .without = 0});
    device.start(start(memory, host, input));
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
                    device.stop([] {});
                    device.start(start(memory, host, input));
                }
                break;
            default: {
                // Anywhere in the rings, or in the first buffers.
                const u64 at = input.take<u16>() % 0x4000;
                (void)memory.write(mem::Gpa{kRam.base.value + at}, input.take(step / 8));
            }
        }
    }
    bool stopped = false;
    device.stop([&] { stopped = true; });
    if (!stopped) __builtin_trap();
}

}  // namespace
}  // namespace trapeze::virtio

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, std::size_t size) {
    trapeze::virtio::fuzz({data, size});
    return 0;
}
