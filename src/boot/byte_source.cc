#include "byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "format_bytes.h"
#include "trapeze/base/check.h"
#include "trapeze/base/fd.h"

namespace trapeze::boot {
namespace {

class FileSource final : public ByteSource {
public:
    FileSource(Fd fd, const struct stat& status)
        : fd_(std::move(fd)), size_(static_cast<u64>(status.st_size)), modified_(status.st_mtim) {}

    u64 size() const override { return size_; }
    Result<> read(u64 offset, std::span<u8> to) const override;
    Result<> check_unchanged() const override;

private:
    const Fd fd_;
    const u64 size_;
    const struct timespec modified_;
};

Result<> FileSource::read(u64 offset, std::span<u8> to) const {
    CHECK(offset <= size_ && to.size() <= size_ - offset);
    while (!to.empty()) {
        const ssize_t got = pread(fd_.get(), to.data(), to.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(errno, "could not read the file");
        if (got == 0) return fail("the file became shorter while it was being read");
        offset += static_cast<u64>(got);
        to = to.subspan(static_cast<size_t>(got));
    }
    return {};
}

Result<> FileSource::check_unchanged() const {
    struct stat now {};
    if (fstat(fd_.get(), &now) != 0) return fail_errno(errno, "could not examine the file");
    if (static_cast<u64>(now.st_size) != size_ || now.st_mtim.tv_sec != modified_.tv_sec ||
        now.st_mtim.tv_nsec != modified_.tv_nsec) {
        return fail("the file has changed since the machine was started");
    }
    return {};
}

Result<std::vector<u8>> read_to_end(const Fd& fd, u64 limit) {
    constexpr size_t kChunk = 64 << 10;
    std::vector<u8> bytes;
    size_t used = 0;
    for (;;) {
        if (bytes.size() - used < kChunk) bytes.resize(std::max(bytes.size() * 2, kChunk));
        const ssize_t got = ::read(fd.get(), bytes.data() + used, bytes.size() - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(errno, "could not read the file");
        if (got == 0) break;
        used += static_cast<size_t>(got);
        if (used > limit) return fail("it has more than {}", format_bytes(limit));
    }
    bytes.resize(used);
    bytes.shrink_to_fit();
    return bytes;
}

}  // namespace

Result<std::vector<u8>> ByteSource::head(u64 bytes) const {
    std::vector<u8> head(static_cast<size_t>(std::min(bytes, size())));
    TRY(read(0, head));
    return head;
}

Result<> MemorySource::read(u64 offset, std::span<u8> to) const {
    CHECK(offset <= bytes_.size() && to.size() <= bytes_.size() - offset);
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());
    return {};
}

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path, u64 limit) {
    Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "could not open the file");
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) return fail_errno(errno, "could not examine the file");
    if (S_ISDIR(status.st_mode)) return fail("it is a directory");
    std::unique_ptr<ByteSource> source;
    if (S_ISREG(status.st_mode)) {
        source = std::make_unique<FileSource>(std::move(fd), status);
    } else {
        source = std::make_unique<MemorySource>(TRY(read_to_end(fd, limit)));
    }
    if (source->size() == 0) return fail("the file is empty");
    return source;
}

}  // namespace trapeze::boot
