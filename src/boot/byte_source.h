// Random-access bytes of a file given on the command line. Files are read with pread() at the moment their
// bytes are needed, straight to where they belong: nothing of a kernel or initrd stays in our own memory, and
// a file that is truncated behind our back is an error message rather than the SIGBUS a mapping would raise.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze::boot {

class ByteSource {
public:
    virtual ~ByteSource() = default;

    virtual u64 size() const = 0;
    // Reads exactly to.size() bytes at `offset`; offset + to.size() <= size() is the caller's to ensure.
    virtual Result<> read(u64 offset, std::span<u8> to) const = 0;
    // Fails when the bytes may no longer be those seen when the source was opened.
    virtual Result<> check_unchanged() const { return {}; }

    // The first `bytes` bytes, or all when there are fewer.
    Result<std::vector<u8>> head(u64 bytes) const;
};

// Bytes in memory: those of a pipe, or decompressed ones.
class MemorySource final : public ByteSource {
public:
    explicit MemorySource(std::vector<u8> bytes) : bytes_(std::move(bytes)) {}

    u64 size() const override { return bytes_.size(); }
    Result<> read(u64 offset, std::span<u8> to) const override;

private:
    std::vector<u8> bytes_;
};

// Opens `path`. What cannot be read at random offsets (a pipe, a terminal) is read to its end now, and
// refused when it has more than `limit` bytes. Empty files are refused.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path, u64 limit);

}  // namespace trapeze::boot
