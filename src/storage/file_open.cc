// Opening the file of an image: what it is, how long it is, and who else may use it meanwhile.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>

#include "file_io.h"

namespace trapeze::storage {
namespace {

constexpr u64 kSector = 512;

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

Result<ImageFile> open_image_file(const FileOptions& options) {
    const int flags = (options.read_only ? O_RDONLY : O_RDWR) | (options.direct ? O_DIRECT : 0);
    ImageFile file;
    // A FIFO must not make us wait.
    file.fd.reset(::open(options.path.c_str(), flags | O_NONBLOCK | O_CLOEXEC));
    if (!file.fd.valid()) {
        if (errno == EINVAL && options.direct)
            return fail("{}: its file system has no O_DIRECT (cache=none)", options.path);
        return fail_errno(errno, "could not open {}", options.path);
    }
    file.length = TRY(length_of(file.fd, options.path));
    (void)::fcntl(file.fd.get(), F_SETFL, flags);
    if (options.direct) TRY(check_direct(file.fd, options.path));
    if (options.lock) TRY(lock(file.fd, options));
    file.bytes = (file.length + kSector - 1) / kSector * kSector;
    file.alignment = options.direct ? kDirectAlignment : 1;
    file.discards = options.discard && !options.read_only;
    file.ignores_flush = options.ignore_flush;
    file.guards_magic = options.format == ImageFormat::Probe && !options.read_only;
    return file;
}

}  // namespace trapeze::storage
