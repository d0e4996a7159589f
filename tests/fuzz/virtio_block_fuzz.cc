// libFuzzer entry: a driver that writes whatever it likes into the rings and requests of a disk, while the
// disk does what it was asked to, or fails. Nothing may happen but that the device breaks; and the disk is
// asked for nothing that it does not have.
#include <cerrno>
#include <deque>

#include "trapeze/virtio/block.h"
#include "virtio_fuzz.h"

namespace trapeze::virtio {
namespace {

constexpr u64 kDiskBytes = 1 << 20;

// Does everything when told to, and looks at every byte that it is given.
class FuzzDisk final : public bus::Disk {
public:
    explicit FuzzDisk(bool read_only) : read_only_(read_only) {}
    Properties properties() const override {
        return {.bytes = kDiskBytes, .read_only = read_only_, .can_discard = true};
    }
    void submit(bus::DiskRequest& request) override {
        using enum bus::DiskOperation;
        const bool changes = request.operation != Read && request.operation != Flush;
        require(request.operation == Flush || (request.offset % 512 == 0 && request.bytes % 512 == 0));
        require(request.operation == Flush ||
                (request.offset <= kDiskBytes && request.bytes <= kDiskBytes - request.offset));
        require(!changes || !read_only_);
        if (request.operation == Read || request.operation == Write) {
            u64 bytes = 0;
            for (const iovec& buffer : request.buffers) bytes += buffer.iov_len;
            require(bytes == request.bytes);
        }
        waiting_.push_back(&request);
        require(waiting_.size() <= 8);
    }
    void commit() override {}
    void on_batch_done(std::function<void()> callback) override { batch_done_ = std::move(callback); }

    void do_one(int error) {
        if (waiting_.empty()) return;
        bus::DiskRequest& request = *waiting_.front();
        waiting_.pop_front();
        for (const iovec& buffer : request.buffers) {
            if (request.operation == bus::DiskOperation::Read)
                std::memset(buffer.iov_base, 0x5a, buffer.iov_len);
            for (std::size_t i = 0; i < buffer.iov_len; ++i) sum_ += static_cast<u8*>(buffer.iov_base)[i];
        }
        request.done(error);
        batch_done_();
    }
    bool idle() const { return waiting_.empty(); }

private:
    const bool read_only_;
    std::deque<bus::DiskRequest*> waiting_;
    std::function<void()> batch_done_;
    volatile u32 sum_ = 0;
};

void fuzz(std::span<const u8> bytes) {
    FuzzInput input(bytes);
    mem::GuestMemory memory;
    require(memory.add_ram(kFuzzRam).has_value());
    FuzzHost host;
    const u8 choice = input.take<u8>();
    auto owned = std::make_unique<FuzzDisk>((choice & 1) != 0);
    FuzzDisk& disk = *owned;
    Block::Options options;
    options.queue_size = kFuzzQueueSize;
    options.logical_block = (choice & 2) != 0 ? 4096 : 512;
    options.physical_block = 4096;
    options.write_back = (choice & 4) != 0;
    Block device(std::move(owned), options);
    device.start(fuzz_session(device, memory, host, input, 1));
    for (unsigned steps = 0; !input.empty() && steps < 256; ++steps) {
        const u8 step = input.take<u8>();
        switch (step % 8) {
            case 0:
            case 1: device.notified(0); break;
            case 2: disk.do_one(0); break;
            case 3: disk.do_one(step < 32 ? EIO : 0); break;
            case 4: {
                const u8 written = input.take<u8>();
                device.write_config(input.take<u8>(), {&written, 1});
                break;
            }
            default: fuzz_write(memory, input, step / 8);
        }
    }
    bool stopped = false;
    device.stop([&] { stopped = true; });
    while (!disk.idle()) disk.do_one(0);
    require(stopped);
}

}  // namespace
}  // namespace trapeze::virtio

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, std::size_t size) {
    trapeze::virtio::fuzz({data, size});
    return 0;
}
