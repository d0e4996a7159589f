#include "file_io.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "qcow2_header.h"
#include "trapeze/base/bits.h"
#include "trapeze/base/log.h"

namespace trapeze::storage {
namespace {

using bus::DiskOperation;
using bus::DiskRequest;

struct Free {
    void operator()(u8* memory) const { std::free(memory); }
};
using AlignedBuffer = std::unique_ptr<u8[], Free>;

AlignedBuffer allocate(std::size_t alignment, std::size_t bytes) {
    return AlignedBuffer(
        static_cast<u8*>(std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment)));
}

// Takes `done` bytes off the front of a list of buffers.
void advance(std::vector<iovec>& buffers, std::size_t& first, std::size_t done) {
    while (done > 0 && done >= buffers[first].iov_len) done -= buffers[first++].iov_len;
    if (done == 0) return;
    buffers[first].iov_base = static_cast<u8*>(buffers[first].iov_base) + done;
    buffers[first].iov_len -= done;
}

void zero_from(std::vector<iovec>& buffers, std::size_t first) {
    for (; first < buffers.size(); ++first) std::memset(buffers[first].iov_base, 0, buffers[first].iov_len);
}

int transfer(const ImageFile& file, bool write, u64 offset, std::vector<iovec> buffers) {
    std::size_t first = 0;
    while (first < buffers.size()) {
        const int count = static_cast<int>(std::min(buffers.size() - first, kMostVectors));
        const ssize_t done =
            write ? ::pwritev(file.fd.get(), &buffers[first], count, static_cast<off_t>(offset))
                  : ::preadv(file.fd.get(), &buffers[first], count, static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return errno;
        if (done == 0 && write) return ENOSPC;
        if (done == 0) break;  // the end of the file
        offset += static_cast<u64>(done);
        advance(buffers, first, static_cast<std::size_t>(done));
    }
    zero_from(buffers, first);
    return 0;
}

// By way of memory of our own: O_DIRECT wants it aligned, which a guest's need not be.
int bounce(const ImageFile& file, bool write, u64 offset, u64 bytes, const std::vector<iovec>& buffers) {
    const AlignedBuffer memory = allocate(std::max<std::size_t>(file.alignment, 16), bytes);
    if (memory == nullptr) return ENOMEM;
    const auto copy = [&] {
        u8* at = memory.get();
        for (const iovec& buffer : buffers) {
            if (write) {
                std::memcpy(at, buffer.iov_base, buffer.iov_len);
            } else {
                std::memcpy(buffer.iov_base, at, buffer.iov_len);
            }
            at += buffer.iov_len;
        }
    };
    if (write) copy();
    if (write && file.guards_magic && offset == 0 && is_qcow2({memory.get(), bytes})) {
        GUEST_ERROR(
            "a write that makes a disk of no given format look like qcow2 fails: with format=raw it is done");
        return EPERM;
    }
    const int error = transfer(file, write, offset, {{memory.get(), bytes}});
    if (!write && error == 0) copy();
    return error;
}

int allocate_range(const ImageFile& file, int mode, const DiskRequest& request) {
    int result;
    do {
        result = ::fallocate(file.fd.get(), mode, static_cast<off_t>(request.offset),
                             static_cast<off_t>(request.bytes));
    } while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

bool unsupported(int error) {
    return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL || error == ENODEV || error == ENOTTY;
}

int punch(const ImageFile& file, const DiskRequest& request) {
    return allocate_range(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, request);
}

int write_zeroes(const ImageFile& file, const DiskRequest& request) {
    if (request.may_unmap && file.discards) {
        if (const int error = punch(file, request); !unsupported(error)) return error;
    }
    if (const int error = allocate_range(file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, request);
        !unsupported(error)) {
        return error;
    }
    // Nothing but writing them.
    constexpr u64 kChunk = 1 << 20;
    const u64 chunk = std::min(request.bytes, kChunk);
    const AlignedBuffer zeroes = allocate(std::max<std::size_t>(file.alignment, 16), chunk);
    if (zeroes == nullptr) return ENOMEM;
    std::memset(zeroes.get(), 0, chunk);
    for (u64 done = 0; done < request.bytes; done += chunk) {
        const u64 length = std::min(chunk, request.bytes - done);
        if (const int error = transfer(file, true, request.offset + done, {{zeroes.get(), length}});
            error != 0)
            return error;
    }
    return 0;
}

int flush(const ImageFile& file) {
    if (file.ignores_flush) return 0;
    int result;
    do {
        result = ::fdatasync(file.fd.get());
    } while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

}  // namespace

bool ImageFile::aligned(const std::vector<iovec>& buffers) const {
    return std::ranges::all_of(buffers, [this](const iovec& buffer) {
        return (reinterpret_cast<std::uintptr_t>(buffer.iov_base) | buffer.iov_len) % alignment == 0;
    });
}

int perform(const ImageFile& file, const DiskRequest& request) {
    switch (request.operation) {
        case DiskOperation::Read:
        case DiskOperation::Write: {
            const bool write = request.operation == DiskOperation::Write;
            if (!file.aligned(request.buffers) || file.guarded(request))
                return bounce(file, write, request.offset, request.bytes, request.buffers);
            return transfer(file, write, request.offset, request.buffers);
        }
        case DiskOperation::Flush: return flush(file);
        case DiskOperation::Discard: {
            if (!file.discards) return 0;
            const int error = punch(file, request);
            return unsupported(error) ? 0 : error;  // it is a hint
        }
        case DiskOperation::WriteZeroes: return write_zeroes(file, request);
    }
    return EINVAL;
}

int read_blocks(const ImageFile& file, u64 offset, u64 bytes, std::vector<iovec> buffers) {
    if (!file.aligned(buffers)) return bounce(file, false, offset, bytes, buffers);
    return transfer(file, false, offset, std::move(buffers));
}

ssize_t read_bytes(const ImageFile& file, u64 offset, std::span<u8> to) {
    if (offset >= file.length || to.empty()) return 0;
    to = to.first(std::min<u64>(to.size(), file.length - offset));
    if (file.alignment == 1) {
        const int error = transfer(file, false, offset, {{to.data(), to.size()}});
        return error == 0 ? static_cast<ssize_t>(to.size()) : -error;
    }
    const u64 begin = align_down(offset, file.alignment);
    const u64 bytes = align_up(offset + to.size(), file.alignment) - begin;
    const AlignedBuffer memory = allocate(file.alignment, bytes);
    if (memory == nullptr) return -ENOMEM;
    if (const int error = transfer(file, false, begin, {{memory.get(), bytes}}); error != 0) return -error;
    std::memcpy(to.data(), memory.get() + (offset - begin), to.size());
    return static_cast<ssize_t>(to.size());
}

}  // namespace trapeze::storage
