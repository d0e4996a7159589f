// Raw images: every byte of the disk is that byte of a file.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

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

constexpr u64 kSector = 512;

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

// Locks of open file descriptions, which QEMU's image locking heeds, too. A file system that has none is left
// alone.
Result<> lock(const Fd& fd, const FileOptions& options) {
    struct flock whole {};
    whole.l_type = options.read_only ? F_RDLCK : F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(fd.get(), F_OFD_SETLK, &whole) == 0) return {};
    if (errno != EAGAIN && errno != EACCES) return {};
    return fail("{} is in use by another process (file.locking=off ignores that)", options.path);
}

Result<u64> length_of(const Fd& fd, const std::string& path) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "could not look at {}", path);
    if (S_ISREG(status.st_mode)) return static_cast<u64>(status.st_size);
    u64 bytes = 0;
    if (!S_ISBLK(status.st_mode)) return fail("{} is neither a file nor a block device", path);
    if (::ioctl(fd.get(), BLKGETSIZE64, &bytes) != 0)
        return fail_errno(errno, "could not ask {} for its size", path);
    return bytes;
}

// What O_DIRECT asks of memory; a page is enough for all that exists.
constexpr u32 kDirectAlignment = 4096;

Result<> check_direct(const Fd& fd, const std::string& path) {
    struct statx status {};
    if (::statx(fd.get(), "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) != 0) return {};
    if ((status.stx_mask & STATX_DIOALIGN) == 0) return {};
    if (status.stx_dio_offset_align == 0)
        return fail("{}: its file system has no O_DIRECT (cache=none)", path);
    if (status.stx_dio_offset_align <= kSector) return {};
    return fail("{}: with O_DIRECT (cache=none) its host takes blocks of {} bytes only", path,
                status.stx_dio_offset_align);
}

}  // namespace

Result<std::unique_ptr<bus::Disk>> open_raw(EventLoop& loop, const FileOptions& options) {
    const int flags = (options.read_only ? O_RDONLY : O_RDWR) | (options.direct ? O_DIRECT : 0);
    ImageFile file;
    // A FIFO must not make us wait.
    file.fd.reset(::open(options.path.c_str(), flags | O_NONBLOCK | O_CLOEXEC));
    if (!file.fd.valid()) {
        if (errno == EINVAL && options.direct)
            return fail("{}: its file system has no O_DIRECT (cache=none)", options.path);
        return fail_errno(errno, "could not open {}", options.path);
    }
    const u64 length = TRY(length_of(file.fd, options.path));
    (void)::fcntl(file.fd.get(), F_SETFL, flags);
    if (options.direct) TRY(check_direct(file.fd, options.path));
    if (options.lock) TRY(lock(file.fd, options));
    file.bytes = (length + kSector - 1) / kSector * kSector;
    file.alignment = options.direct ? kDirectAlignment : 1;
    file.discards = options.discard && !options.read_only;
    file.ignores_flush = options.ignore_flush;
    auto disk = std::make_unique<RawDisk>(std::move(file), options.read_only);
    TRY(disk->create_engines(loop, options.aio));
    return disk;
}

}  // namespace trapeze::storage
