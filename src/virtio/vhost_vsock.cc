#include "trapeze/virtio/vhost_vsock.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "trapeze/base/log.h"

namespace trapeze::virtio {
namespace {

constexpr u16 kSizes[] = {128, 128, 8};

// 5.10.3 "Feature bits": sockets that keep the boundaries of messages.
constexpr u64 kSeqpacket = 1 << 1;

void signal(const Fd& event) {
    const u64 one = 1;
    (void)!::write(event.get(), &one, sizeof one);
}

void clear(const Fd& event) {
    u64 count = 0;
    (void)!::read(event.get(), &count, sizeof count);
}

}  // namespace

Result<std::unique_ptr<VhostVsock>> VhostVsock::create(EventLoop& loop, mem::GuestMemory& memory,
                                                       std::unique_ptr<bus::Vhost> kernel, u64 guest_cid) {
    std::unique_ptr<VhostVsock> self(new VhostVsock(loop, memory, std::move(kernel), guest_cid));
    for (Events& events : self->events_) {
        for (Fd* event : {&events.kick, &events.call, &events.error}) {
            event->reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
            if (!event->valid()) return fail_errno(errno, "could not create an eventfd");
        }
    }
    return self;
}

VhostVsock::~VhostVsock() {
    release();
}

u64 VhostVsock::features() const {
    return kernel_->features() & kSeqpacket;
}

u64 VhostVsock::ring_features() const {
    return kernel_->features();
}

std::span<const u16> VhostVsock::queue_sizes() const {
    return kSizes;
}

// 5.10.4 "Device configuration layout".
void VhostVsock::read_config(u32 offset, std::span<u8> to) {
    copy_config({reinterpret_cast<const u8*>(&guest_cid_), sizeof guest_cid_}, offset, to);
}

void VhostVsock::start(Session session) {
    session_ = std::move(session);
    for (u16 n = 0; n < kRings; ++n) {
        const Queue* queue = session_.queue(n);
        // Nor does a device work whose driver uses only one direction: the kernel starts both or none.
        if (queue == nullptr || queue->broken()) return;
    }
    if (const Result<> handed_over = hand_over(); !handed_over) {
        release();
        if (!warned_) print_warning(fmt::format("{}: {}", name(), handed_over.error().message()));
        warned_ = true;
        session_.host->needs_reset("the host's kernel does not take its queues");
    }
}

Result<> VhostVsock::hand_over() {
    TRY(kernel_->set_features(session_.features));
    std::vector<bus::Vhost::Region> regions;
    for (const auto& region : memory_.regions())
        regions.push_back({region.range.base.value, region.range.size, region.host});
    TRY(kernel_->set_memory(regions));
    for (u16 n = 0; n < kRings; ++n) {
        const QueueAddresses& at = session_.queue(n)->addresses();
        const Events& events = events_[n];
        // Of a session before, whose end they may have met.
        for (const Fd* event : {&events.kick, &events.call, &events.error}) clear(*event);
        // The first byte stands for all, as the queue is not broken.
        TRY(kernel_->set_ring(n, {.entries = at.size,
                                  .descriptors = memory_.view(at.descriptors, 1).data(),
                                  .available = memory_.view(at.driver, 1).data(),
                                  .used = memory_.view(at.device, 1).data(),
                                  .kick = events.kick.get(),
                                  .call = events.call.get(),
                                  .error = events.error.get()}));
    }
    running_ = true;
    TRY(watch());
    TRY(kernel_->start());
    // The driver may have notified already.
    for (const Events& events : events_) signal(events.kick);
    return {};
}

Result<> VhostVsock::watch() {
    for (Events& events : events_) {
        TRY(loop_.watch(events.call.get(), EPOLLIN, [this, &events](u32) {
            clear(events.call);
            session_.host->queue_used();
        }));
        TRY(loop_.watch(events.error.get(), EPOLLIN, [this](u32) {
            release();
            session_.host->needs_reset("the host's kernel found a broken ring or request");
        }));
    }
    return {};
}

// Takes the rings back from the kernel.
void VhostVsock::release() {
    if (!running_) return;
    running_ = false;
    kernel_->stop();
    for (const Events& events : events_) {
        loop_.unwatch(events.call.get());
        loop_.unwatch(events.error.get());
    }
}

void VhostVsock::notified(u16 queue) {
    if (running_ && queue < kRings) signal(events_[queue].kick);
}

void VhostVsock::stop(std::function<void()> stopped) {
    release();
    session_ = {};
    stopped();
}

}  // namespace trapeze::virtio
