// libFuzzer entry: a driver that writes whatever it likes into the rings of a balloon. RAM is all that may
// change.
#include "trapeze/virtio/balloon.h"
#include "virtio_fuzz.h"

namespace trapeze::virtio {
namespace {

void fuzz(std::span<const u8> bytes) {
    FuzzInput input(bytes);
    mem::GuestMemory memory;
    require(memory.add_ram(kFuzzRam).has_value());
    FuzzHost host;
    const u8 options = input.take<u8>();
    Balloon device(memory, {.deflate_on_oom = (options & 1) != 0, .free_page_reporting = (options & 2) != 0});
    const auto queues = static_cast<unsigned>(device.queue_sizes().size());
    device.start(fuzz_session(device, memory, host, input, queues));
    for (unsigned steps = 0; !input.empty() && steps < 256; ++steps) {
        const u8 step = input.take<u8>();
        switch (step % 8) {
            case 0:
            case 1: device.notified(static_cast<u16>(step / 8 % 6)); break;
            case 2: device.set_target(input.take<u32>()); break;
            case 3: {
                const u32 value = input.take<u32>();
                device.write_config(step / 8, std::span(reinterpret_cast<const u8*>(&value), sizeof value));
                break;
            }
            case 4:
                stop_at_once(device);
                device.start(fuzz_session(device, memory, host, input, queues));
                break;
            default: fuzz_write(memory, input, step / 8);
        }
        u64 config[3] = {};
        device.read_config(step, std::span(reinterpret_cast<u8*>(config), sizeof config));
    }
    stop_at_once(device);
}

}  // namespace
}  // namespace trapeze::virtio

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, std::size_t size) {
    trapeze::virtio::fuzz({data, size});
    return 0;
}
