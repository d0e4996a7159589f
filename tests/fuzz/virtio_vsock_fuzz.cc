// libFuzzer entry: a driver that writes whatever it likes into the rings of a socket device, while the ends
// of its connections on the host come, go, and take what they like.
#include "trapeze/virtio/vsock.h"
#include "virtio_fuzz.h"
#include "vsock_format.h"

namespace trapeze::virtio {
namespace {

constexpr u64 kCid = 3;

// Touches every byte that it is given.
struct Peer final : bus::Stream {
    Peer(std::vector<Peer*>& list, u8 what) : all(list), kind(what) { all.push_back(this); }
    ~Peer() override { std::erase(all, this); }
    void set_user(bus::StreamUser& to) override { user = &to; }
    std::optional<std::size_t> send(std::span<const u8> bytes) override {
        for (const u8 byte : bytes) sum += byte;
        if (kind % 8 == 7) return std::nullopt;
        return kind % 2 != 0 ? bytes.size() : bytes.size() / 2;
    }
    void send_end() override { ended = true; }
    Received receive(std::span<u8> to) override {
        require(!to.empty());
        const std::size_t bytes = std::min<std::size_t>(to.size(), to_send);
        std::fill_n(to.begin(), bytes, kind);
        to_send -= bytes;
        if (bytes != 0) return {.bytes = bytes};
        return {.state = static_cast<State>(kind % 3)};
    }
    std::vector<Peer*>& all;
    u8 kind;
    bus::StreamUser* user = nullptr;
    std::size_t to_send = 0;
    bool ended = false;
    u32 sum = 0;
};

struct Host final : bus::StreamHost {
    explicit Host(std::vector<Peer*>& list) : all(list) {}
    std::unique_ptr<bus::Stream> connect(u32 port) override {
        if (port % 4 == 3) return nullptr;
        return std::make_unique<Peer>(all, static_cast<u8>(port));
    }
    void set_listener(Listener to) override { listener = std::move(to); }
    std::vector<Peer*>& all;
    Listener listener;
};

// A packet as a driver would send it, but for a few of its fields, at the beginning of the third ring's page,
// where fuzz_write() can put a descriptor to.
void write_packet(mem::GuestMemory& memory, FuzzInput& input) {
    const vsock::Header packet{.src_cid = kCid,
                               .dst_cid = vsock::kHostCid,
                               .src_port = input.take<u8>() % 4u,
                               .dst_port = input.take<u8>(),
                               .len = input.take<u16>(),
                               .type = vsock::kStream,
                               .op = input.take<u8>(),
                               .flags = input.take<u8>(),
                               .buf_alloc = input.take<u32>(),
                               .fwd_cnt = input.take<u32>()};
    (void)memory.write(mem::Gpa{kFuzzRam.base.value + 0x3000},
                       {reinterpret_cast<const u8*>(&packet), sizeof packet});
}

// Adds to split rings: the next buffer of queue n is [0x3000, 0x3000 + bytes).
void offer(mem::GuestMemory& memory, u64 n, u16& index, u32 bytes) {
    const u64 base = kFuzzRam.base.value + n * 0x1000;
    const u16 slot = index++ % kFuzzQueueSize;
    const auto put = [&memory](u64 at, auto value) {
        (void)memory.write(mem::Gpa{at}, {reinterpret_cast<const u8*>(&value), sizeof value});
    };
    const u64 buffer = kFuzzRam.base.value + 0x3000 + (n == 0 ? 0x1000 : 0);
    put(base + slot * 16u, buffer);
    put(base + slot * 16u + 8, bytes);
    put(base + slot * 16u + 12, static_cast<u16>(n == 0 ? 2 : 0));
    put(base + slot * 16u + 14, u16{0});
    put(base + 0x400 + 4 + slot * 2u, slot);
    put(base + 0x400 + 2, index);
}

void fuzz(std::span<const u8> bytes) {
    FuzzInput input(bytes);
    mem::GuestMemory memory;
    require(memory.add_ram(kFuzzRam).has_value());
    std::vector<Peer*> peers;
    auto owned = std::make_unique<Host>(peers);
    Host& streams = *owned;
    FuzzHost host;
    Vsock device(std::move(owned), kCid);
    const auto queues = static_cast<unsigned>(device.queue_sizes().size());
    u16 indices[2] = {};
    device.start(fuzz_session(device, memory, host, input, queues));
    for (unsigned steps = 0; !input.empty() && steps < 512; ++steps) {
        const u8 step = input.take<u8>();
        switch (step % 8) {
            case 0: device.notified(static_cast<u16>(step / 8 % 4)); break;
            case 1:
                write_packet(memory, input);
                offer(memory, 1, indices[1], static_cast<u32>(sizeof(vsock::Header)) + input.take<u16>());
                device.notified(1);
                break;
            case 2:
                offer(memory, 0, indices[0], 1 + input.take<u16>());
                device.notified(0);
                break;
            case 3: streams.listener(std::make_unique<Peer>(peers, step / 8), step / 16); break;
            case 4:
            case 5: {
                if (peers.empty()) break;
                Peer& peer = *peers[step / 16 % peers.size()];
                peer.kind = input.take<u8>();
                peer.to_send += input.take<u16>();
                if (step % 8 == 4)
                    peer.user->stream_readable();
                else
                    peer.user->stream_writable();
                break;
            }
            case 6:
                if (step / 8 != 0) break;
                stop_at_once(device);
                require(peers.empty());
                indices[0] = indices[1] = 0;
                device.start(fuzz_session(device, memory, host, input, queues));
                break;
            default: fuzz_write(memory, input, step / 8);
        }
        require(peers.size() <= Vsock::kMostConnections);
    }
    stop_at_once(device);
    require(peers.empty());
}

}  // namespace
}  // namespace trapeze::virtio

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, std::size_t size) {
    trapeze::virtio::fuzz({data, size});
    return 0;
}
