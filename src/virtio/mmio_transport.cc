#include "trapeze/virtio/mmio_transport.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "mmio_registers.h"
#include "trapeze/base/log.h"

namespace trapeze::virtio {
namespace {

constexpr u32 kUsedBuffers = 1;  // bits of InterruptStatus
constexpr u32 kConfigChanged = 2;

constexpr u64 kRingFeatures =
    feature::kIndirectDesc | feature::kEventIdx | feature::kVersion1 | feature::kRingPacked;
constexpr u64 kLegacyRingFeatures = feature::kIndirectDesc | feature::kEventIdx | feature::kAnyLayout;
constexpr u64 kLegacyBits = ~u32{0};

// 2.7.2 "Legacy Interfaces: A Note on Virtqueue Layout": one block of pages, the used ring aligned in it.
QueueAddresses legacy_addresses(u16 size, u64 base, u64 align) {
    const u64 used = base + u64{size} * 16 + 4 + u64{size} * 2 + 2;
    return {.size = size,
            .descriptors = mem::Gpa{base},
            .driver = mem::Gpa{base + u64{size} * 16},
            .device = mem::Gpa{(used + align - 1) & ~(align - 1)}};
}

}  // namespace

MmioTransport::MmioTransport(Device& device, LoopThread& thread, mem::GuestMemory& memory, bus::IrqLine irq,
                             Interface interface)
    : device_(device),
      thread_(thread),
      memory_(memory),
      interface_(interface),
      irq_(irq),
      queues_(device.queue_sizes().size()) {}

Result<std::unique_ptr<MmioTransport>> MmioTransport::create(Device& device, LoopThread& thread,
                                                             mem::GuestMemory& memory, bus::IrqLine irq,
                                                             Interface interface) {
    std::unique_ptr<MmioTransport> self(new MmioTransport(device, thread, memory, irq, interface));
    for (std::size_t n = 0; n < device.queue_sizes().size(); ++n) {
        self->doorbells_.emplace_back(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!self->doorbells_.back().valid()) return fail_errno(errno, "could not create an eventfd");
    }
    TRY(self->watch_doorbells());
    return self;
}

Result<> MmioTransport::watch_doorbells() {
    Result<> result;
    thread_.run_and_wait([&] {
        for (std::size_t n = 0; n < doorbells_.size() && result; ++n) {
            const int fd = doorbells_[n].get();
            result = thread_.loop().watch(fd, EPOLLIN, [this, fd, queue = static_cast<u16>(n)](u32) {
                u64 count = 0;
                (void)!::read(fd, &count, sizeof count);
                if (started_) {
                    device_.notified(queue);
                } else {
                    start_early();
                }
            });
        }
    });
    return result;
}

MmioTransport::~MmioTransport() {
    reset();
    thread_.run_and_wait([this] {
        for (const Fd& doorbell : doorbells_) thread_.loop().unwatch(doorbell.get());
    });
}

std::vector<int> MmioTransport::doorbells() const {
    std::vector<int> fds;
    for (const Fd& doorbell : doorbells_) fds.push_back(doorbell.get());
    return fds;
}

u64 MmioTransport::offered_features() const {
    const u64 rings = interface_ == Interface::Legacy ? kLegacyRingFeatures : kRingFeatures;
    const u64 offered = device_.features() | (rings & device_.ring_features());
    return interface_ == Interface::Legacy ? offered & kLegacyBits : offered;
}

// The configuration space is the device's, which has locks of its own.
u64 MmioTransport::mmio_read(const bus::MmioAccess& access) {
    if (access.offset >= Registers::kConfig) {
        u64 value = 0;
        const std::span bytes(reinterpret_cast<u8*>(&value), access.size);
        device_.read_config(static_cast<u32>(access.offset - Registers::kConfig), bytes);
        return value;
    }
    LockGuard lock(mutex_);
    wait_until_settled();
    return Registers::of(interface_).read(*this, access);
}

void MmioTransport::mmio_write(const bus::MmioAccess& access, u64 value) {
    if (access.offset >= Registers::kConfig) {
        const std::span bytes(reinterpret_cast<const u8*>(&value), access.size);
        return device_.write_config(static_cast<u32>(access.offset - Registers::kConfig), bytes);
    }
    LockGuard lock(mutex_);
    wait_until_settled();
    Registers::of(interface_).write(*this, access, value);
}

// --- Features and status -----------------------------------------------------------------------------------

u32 MmioTransport::device_features() const {
    return device_features_sel_ > 1 ? 0 : static_cast<u32>(offered_features() >> device_features_sel_ * 32);
}

void MmioTransport::write_driver_features(u32 value) {
    if (driver_features_sel_ > 1) return;
    const unsigned shift = driver_features_sel_ * 32;
    driver_features_ = (driver_features_ & ~(kLegacyBits << shift)) | u64{value} << shift;
}

// Bits are set one after the other and cleared all at once, by 0 (2.1.1 "Driver Requirements: Device Status
// Field").
void MmioTransport::write_status(u32 value) {
    if (value == 0) return stop_and_clear();
    u32 added = value & 0xff & ~status_ & ~status::kNeedsReset;
    const bool modern = interface_ == Interface::Modern;
    if (modern && (added & status::kFeaturesOk) != 0) {
        const bool acceptable =
            (driver_features_ & ~offered_features()) == 0 && (driver_features_ & feature::kVersion1) != 0;
        if (!acceptable) added &= ~status::kFeaturesOk;  // 2.2.2: the driver reads that back
    }
    if (modern && (added & status::kDriverOk) != 0 && ((status_ | added) & status::kFeaturesOk) == 0) {
        GUEST_ERROR("{}: DRIVER_OK without FEATURES_OK", name());
        added &= ~status::kDriverOk;
    }
    status_ |= added;
    if ((added & status::kDriverOk) != 0 && (status_ & status::kNeedsReset) == 0 &&
        lifecycle_ == Lifecycle::Idle) {
        start();
    }
}

// --- Queues ------------------------------------------------------------------------------------------------

MmioTransport::QueueState* MmioTransport::selected() {
    return queue_sel_ < queues_.size() ? &queues_[queue_sel_] : nullptr;
}

const MmioTransport::QueueState* MmioTransport::selected() const {
    return queue_sel_ < queues_.size() ? &queues_[queue_sel_] : nullptr;
}

u32 MmioTransport::queue_num_max() const {
    return selected() != nullptr ? device_.queue_sizes()[queue_sel_] : 0;
}

// The queue that is being set up: not one in use.
MmioTransport::QueueState* MmioTransport::selected_for_setup() {
    QueueState* queue = selected();
    if (queue != nullptr && !queue->ready) return queue;
    GUEST_ERROR("{}: queue {} {}", name(), queue_sel_, queue == nullptr ? "does not exist" : "is in use");
    return nullptr;
}

void MmioTransport::write_queue_num(u32 value) {
    if (QueueState* queue = selected_for_setup(); queue != nullptr) {
        // What does not fit breaks the queue when it is used.
        queue->addresses.size = static_cast<u16>(std::min<u32>(value, 0xffff));
    }
}

template <mem::Gpa QueueAddresses::*Which, unsigned Shift>
void MmioTransport::write_address(u32 value) {
    if (QueueState* queue = selected_for_setup(); queue != nullptr) {
        u64& address = (queue->addresses.*Which).value;
        address = (address & ~(kLegacyBits << Shift)) | u64{value} << Shift;
    }
}
template void MmioTransport::write_address<&QueueAddresses::descriptors, 0>(u32);
template void MmioTransport::write_address<&QueueAddresses::descriptors, 32>(u32);
template void MmioTransport::write_address<&QueueAddresses::driver, 0>(u32);
template void MmioTransport::write_address<&QueueAddresses::driver, 32>(u32);
template void MmioTransport::write_address<&QueueAddresses::device, 0>(u32);
template void MmioTransport::write_address<&QueueAddresses::device, 32>(u32);

u32 MmioTransport::queue_ready() const {
    return selected() != nullptr && selected()->ready ? 1 : 0;
}

// A queue alone cannot be taken back: that is VIRTIO_F_RING_RESET, which is not offered.
void MmioTransport::write_queue_ready(u32 value) {
    QueueState* queue = selected();
    if (queue == nullptr || lifecycle_ == Lifecycle::Running) {
        GUEST_ERROR("{}: QueueReady of queue {} {}", name(), queue_sel_,
                    queue == nullptr ? "which does not exist" : "while the device runs");
        return;
    }
    queue->ready = (value & 1) != 0;
}

void MmioTransport::write_guest_page_size(u32 value) {
    guest_page_size_ = value;
}

void MmioTransport::write_queue_align(u32 value) {
    if (QueueState* queue = selected_for_setup(); queue != nullptr) queue->align = value;
}

u32 MmioTransport::queue_pfn() const {
    return selected() != nullptr ? selected()->pfn : 0;
}

void MmioTransport::write_queue_pfn(u32 value) {
    QueueState* queue = selected();
    if (queue == nullptr || lifecycle_ == Lifecycle::Running) {
        GUEST_ERROR("{}: QueuePFN of queue {} {}", name(), queue_sel_,
                    queue == nullptr ? "which does not exist" : "while the device runs");
        return;
    }
    queue->pfn = value;
    queue->ready = value != 0;
    const u64 align = std::has_single_bit(queue->align) ? queue->align : 4096;
    queue->addresses = legacy_addresses(queue->addresses.size, u64{value} * guest_page_size_, align);
}

// For accelerators that do not ring the doorbell themselves.
void MmioTransport::write_queue_notify(u32 value) {
    if (value >= doorbells_.size()) {
        GUEST_ERROR("{}: notification of queue {}, which does not exist", name(), value);
        return;
    }
    notify_again(static_cast<u16>(value));
}

void MmioTransport::notify_again(u16 queue) {
    const u64 one = 1;
    (void)!::write(doorbells_[queue].get(), &one, sizeof one);
}

// --- Interrupts --------------------------------------------------------------------------------------------

void MmioTransport::interrupt(u32 reason) {
    interrupt_status_ |= reason;
    irq_.set(true);
}

void MmioTransport::write_interrupt_ack(u32 value) {
    interrupt_status_ &= ~value;
    irq_.set(interrupt_status_ != 0);
}

void MmioTransport::queue_used() {
    LockGuard lock(mutex_);
    if (lifecycle_ == Lifecycle::Running) interrupt(kUsedBuffers);
}

void MmioTransport::config_changed() {
    LockGuard lock(mutex_);
    ++config_generation_;
    if (lifecycle_ == Lifecycle::Running) interrupt(kConfigChanged);
}

void MmioTransport::needs_reset(std::string_view what) {
    LockGuard lock(mutex_);
    if (lifecycle_ != Lifecycle::Running || (status_ & status::kNeedsReset) != 0) return;
    GUEST_ERROR("{}: {}; it waits for a reset", name(), what);
    status_ |= status::kNeedsReset;
    interrupt(kConfigChanged);
}

// --- Life --------------------------------------------------------------------------------------------------

void MmioTransport::wait_until_settled() {
    while (lifecycle_ == Lifecycle::Stopping) settled_.wait(mutex_);
}

void MmioTransport::start() {
    lifecycle_ = Lifecycle::Running;
    std::vector<QueueAddresses> addresses;
    for (const QueueState& queue : queues_)
        addresses.push_back(queue.ready ? queue.addresses : QueueAddresses{});
    thread_.loop().post(
        [this, features = driver_features_ & offered_features(), addresses = std::move(addresses)] {
            Session session{.features = features, .queues = {}, .host = this};
            const char* broken = nullptr;
            for (const QueueAddresses& queue : addresses) {
                auto& created = session.queues.emplace_back();
                if (queue.size == 0) continue;
                created = make_queue(memory_, queue, features);
                if (created->broken()) broken = created->reason();
            }
            started_ = true;
            device_.start(std::move(session));
            if (broken != nullptr) needs_reset(broken);
        });
}

// 3.1.2 "Legacy Interface: Device Initialization": there are drivers that use queues before they set DRIVER_OK,
// and kvm-unit-tests never does.
void MmioTransport::start_early() {
    LockGuard lock(mutex_);
    const bool ready = std::ranges::any_of(queues_, &QueueState::ready);
    if (interface_ == Interface::Legacy && lifecycle_ == Lifecycle::Idle && ready) start();
}

void MmioTransport::stop_and_clear() {
    if (lifecycle_ == Lifecycle::Idle) return clear();
    lifecycle_ = Lifecycle::Stopping;
    thread_.loop().post([this] {
        started_ = false;
        device_.stop([this] { stopped(); });
    });
    wait_until_settled();
}

void MmioTransport::stopped() {
    LockGuard lock(mutex_);
    lifecycle_ = Lifecycle::Idle;
    clear();
    settled_.notify_all();
}

void MmioTransport::clear() {
    status_ = interrupt_status_ = 0;
    device_features_sel_ = driver_features_sel_ = queue_sel_ = 0;
    driver_features_ = 0;
    std::ranges::fill(queues_, QueueState{});
    irq_.set(false);
}

void MmioTransport::reset() {
    LockGuard lock(mutex_);
    wait_until_settled();
    stop_and_clear();
    guest_page_size_ = 0;  // drivers write it once, before they reset the device
}

}  // namespace trapeze::virtio
