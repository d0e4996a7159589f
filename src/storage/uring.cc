#include "uring.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>

namespace trapeze::storage {
namespace {

using bus::DiskOperation;

}  // namespace

Uring::Uring(EventLoop& loop, const ImageFile& file, Completion completed, std::function<void()> batch_done)
    : loop_(loop), file_(file), completed_(std::move(completed)), batch_done_(std::move(batch_done)) {}

Result<std::unique_ptr<Uring>> Uring::create(EventLoop& loop, const ImageFile& file, Completion completed,
                                             std::function<void()> batch_done) {
    std::unique_ptr<Uring> self(new Uring(loop, file, std::move(completed), std::move(batch_done)));
    self->event_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!self->event_.valid()) return fail_errno(errno, "could not create an eventfd");
    if (const int error = io_uring_queue_init(kEntries, &self->ring_, 0); error != 0)
        return fail_errno(-error, "could not set up io_uring");
    self->ready_ = true;
    if (const int error = io_uring_register_eventfd(&self->ring_, self->event_.get()); error != 0)
        return fail_errno(-error, "could not set up io_uring");
    TRY(loop.watch(self->event_.get(), EPOLLIN, [ring = self.get()](u32) { ring->reap(); }));
    return self;
}

Uring::~Uring() {
    if (!ready_) return;
    loop_.unwatch(event_.get());
    io_uring_queue_exit(&ring_);
}

bool Uring::submit(bus::DiskRequest& request) {
    const bool transfer =
        request.operation == DiskOperation::Read || request.operation == DiskOperation::Write;
    if (!transfer && (request.operation != DiskOperation::Flush || file_.ignores_flush)) return false;
    if (transfer && (request.buffers.size() > kMostVectors || !file_.aligned(request.buffers))) return false;
    if (file_.guarded(request) || in_flight_ == kEntries) return false;
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
        commit();
        entry = io_uring_get_sqe(&ring_);
        if (entry == nullptr) return false;
    }
    const auto vectors = static_cast<unsigned>(request.buffers.size());
    switch (request.operation) {
        case DiskOperation::Read:
            io_uring_prep_readv(entry, file_.fd.get(), request.buffers.data(), vectors, request.offset);
            break;
        case DiskOperation::Write:
            io_uring_prep_writev(entry, file_.fd.get(), request.buffers.data(), vectors, request.offset);
            break;
        default: io_uring_prep_fsync(entry, file_.fd.get(), IORING_FSYNC_DATASYNC);
    }
    io_uring_sqe_set_data(entry, &request);
    ++in_flight_;
    return true;
}

void Uring::commit() {
    while (io_uring_sq_ready(&ring_) > 0) {
        const int submitted = io_uring_submit(&ring_);
        // EAGAIN, EBUSY: the kernel is short of memory for the moment; the next batch takes them along.
        if (submitted < 0 && submitted != -EINTR) return;
    }
}

void Uring::reap() {
    u64 count = 0;
    (void)!::read(event_.get(), &count, sizeof count);
    io_uring_cqe* completion = nullptr;
    while (io_uring_peek_cqe(&ring_, &completion) == 0) {
        auto& request = *static_cast<bus::DiskRequest*>(io_uring_cqe_get_data(completion));
        const int result = completion->res;
        io_uring_cqe_seen(&ring_, completion);
        --in_flight_;
        completed_(request, result);
    }
    commit();
    batch_done_();
}

}  // namespace trapeze::storage
