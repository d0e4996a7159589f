#include "host_ram.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>

#include "trapeze/base/fd.h"

namespace trapeze::mem {
namespace {

// The descriptor stays with the mapping. Nobody can take the memory away from under it.
Result<Fd> open_memfd(u64 bytes, const RamConfig& config) {
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    if (config.huge_pages) flags |= MFD_HUGETLB;
    if (config.huge_page_bytes != 0) {
        flags |= static_cast<unsigned>(std::countr_zero(config.huge_page_bytes)) << MFD_HUGE_SHIFT;
    }
    Fd fd{memfd_create("guest-ram", flags)};
    if (!fd.valid()) return fail_errno(errno, "could not make a memfd for guest memory");
    if (ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) {
        return fail_errno(errno, "could not make a memfd of {} MiB for guest memory", bytes >> 20);
    }
    (void)fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    return fd;
}

Result<Fd> open_file(u64 bytes, const RamConfig& config) {
    const std::string& path = config.path;
    struct stat status = {};
    const bool directory = stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    Fd fd{open(path.c_str(), O_RDWR | O_CLOEXEC | (directory ? O_TMPFILE : O_CREAT), 0644)};
    if (!fd.valid()) return fail_errno(errno, "could not open {} for guest memory", path);
    if (fstat(fd.get(), &status) != 0) return fail_errno(errno, "could not inspect {}", path);
    // A device has a size of its own, which mmap knows.
    if (!S_ISREG(status.st_mode)) return fd;
    const u64 needed = config.file_offset + bytes;
    if (status.st_size == 0) {
        if (ftruncate(fd.get(), static_cast<off_t>(needed)) != 0) {
            return fail_errno(errno, "could not give {} the {} bytes of guest memory", path, needed);
        }
    } else if (static_cast<u64>(status.st_size) < needed) {
        return fail("{} is too small for guest memory: it has {} bytes and needs {}", path, status.st_size,
                    needed);
    }
    return fd;
}

Result<Fd> open_backing(u64 bytes, const RamConfig& config) {
    switch (config.kind) {
        case RamConfig::Kind::Memfd: return open_memfd(bytes, config);
        case RamConfig::Kind::File: return open_file(bytes, config);
        case RamConfig::Kind::Anonymous: break;
    }
    return Fd{};
}

}  // namespace

Result<u8*> map_host_ram(u64 bytes, const RamConfig& config) {
    const Fd fd = TRY(open_backing(bytes, config));
    // Huge pages that are not reserved may be missing when the guest touches them, and that is a SIGBUS here.
    const int flags =
        (config.shared ? MAP_SHARED : MAP_PRIVATE) | (fd.valid() ? 0 : MAP_ANONYMOUS | MAP_NORESERVE);
    void* host =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd.get(), static_cast<off_t>(config.file_offset));
    if (host == MAP_FAILED)
        return fail_errno(errno, "could not allocate {} MiB of guest memory", bytes >> 20);
    // Huge pages cut stage-2 faults; failing to get them is not an error.
    (void)madvise(host, bytes, MADV_HUGEPAGE);
    if (config.prealloc && madvise(host, bytes, MADV_POPULATE_WRITE) != 0) {
        const int error = errno;
        munmap(host, bytes);
        return fail_errno(error, "could not allocate all {} MiB of guest memory in advance", bytes >> 20);
    }
    return static_cast<u8*>(host);
}

}  // namespace trapeze::mem
