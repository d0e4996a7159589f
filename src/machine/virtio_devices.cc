#include "virtio_devices.h"

#include <fcntl.h>

#include <cerrno>

#include "trapeze/virtio/rng.h"

namespace trapeze::machine {
namespace {

constexpr u64 kNsPerMs = 1'000'000;

struct Maker {
    EventLoop& loop;

    Result<std::unique_ptr<virtio::Device>> operator()(const RngConfig& config) const {
        Fd source;
        if (!config.file.empty()) {
            source.reset(::open(config.file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
            if (!source.valid()) return fail_errno(errno, "could not open {}", config.file);
        }
        const virtio::Rng::Limit limit{.bytes = config.max_bytes, .period_ns = config.period_ms * kNsPerMs};
        return std::make_unique<virtio::Rng>(loop, std::move(source), limit);
    }
};

}  // namespace

Result<std::unique_ptr<virtio::Device>> make_virtio_device(const VirtioConfig& config, EventLoop& loop) {
    return std::visit(Maker{loop}, config.device);
}

}  // namespace trapeze::machine
