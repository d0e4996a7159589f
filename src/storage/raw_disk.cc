// Raw images: every byte of the disk is that byte of a file.
#include <cerrno>

#include "file_io.h"
#include "trapeze/base/log.h"
#include "trapeze/base/worker_pool.h"
#include "trapeze/storage/disk.h"
#include "uring.h"

namespace trapeze::storage {
namespace {

using bus::DiskOperation;
using bus::DiskRequest;

class RawDisk final : public bus::Disk {
public:
    RawDisk(ImageFile file, bool read_only) : file_(std::move(file)), read_only_(read_only) {}

    Result<> create_engines(EventLoop& loop, AsyncIo aio) {
        const auto batch_done = [this] {
            if (batch_done_) batch_done_();
        };
        workers_ = TRY(WorkerPool::create(loop, batch_done));
        if (aio == AsyncIo::Threads) return {};
        auto uring = Uring::create(
            loop, file_, [this](DiskRequest& request, int result) { completed(request, result); },
            batch_done);
        if (!uring && aio == AsyncIo::IoUring) return std::unexpected(std::move(uring).error());
        if (uring) uring_ = std::move(*uring);
        return {};
    }

    Properties properties() const override {
        return {.bytes = file_.bytes,
                .read_only = read_only_,
                .can_discard = file_.discards,
                .preferred_bytes = file_.alignment == 1 ? 4096 : file_.alignment};
    }

    void submit(DiskRequest& request) override {
        if (uring_ == nullptr || !uring_->submit(request)) hand_over(request);
    }
    void commit() override {
        if (uring_ != nullptr) uring_->commit();
    }
    void on_batch_done(std::function<void()> callback) override { batch_done_ = std::move(callback); }

private:
    void hand_over(DiskRequest& request) {
        workers_->submit({.work = [this, &request] { return perform(file_, request); },
                          .finish = [&request](int error) { request.done(error); }});
    }

    // What is only half done, as reads at the end of the file are, is done again from the beginning, with all
    // the care that it needs.
    void completed(DiskRequest& request, int result) {
        const bool transfer = request.operation != DiskOperation::Flush;
        const bool partial = transfer && result >= 0 && static_cast<u64>(result) != request.bytes;
        if (partial || result == -EAGAIN || result == -EINTR) return hand_over(request);
        request.done(result < 0 ? -result : 0);
    }

    const ImageFile file_;
    const bool read_only_;
    std::function<void()> batch_done_;
    std::unique_ptr<WorkerPool> workers_;
    std::unique_ptr<Uring> uring_;  // nullptr: everything is done by workers
};

}  // namespace

Result<std::unique_ptr<bus::Disk>> open_raw(EventLoop& loop, const FileOptions& options) {
    auto file = TRY(open_image_file(options));
    auto disk = std::make_unique<RawDisk>(std::move(file), options.read_only);
    TRY(disk->create_engines(loop, options.aio));
    return disk;
}

}  // namespace trapeze::storage
