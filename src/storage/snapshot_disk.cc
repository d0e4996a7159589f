// -snapshot: what is written goes to a temporary file, at the same place, and is read from there again.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_map>

#include "file_io.h"
#include "iovec_slice.h"
#include "sector_map.h"
#include "trapeze/base/worker_pool.h"
#include "trapeze/storage/disk.h"

namespace trapeze::storage {
namespace {

using bus::Disk;
using bus::DiskOperation;
using bus::DiskRequest;

constexpr u64 kSector = 512;

class SnapshotDisk final : public Disk {
public:
    SnapshotDisk(std::unique_ptr<Disk> base, std::unique_ptr<Disk> changes)
        : base_(std::move(base)),
          changes_(std::move(changes)),
          changed_(base_->properties().bytes / kSector) {
        base_->on_batch_done([this] { batch_done(); });
        changes_->on_batch_done([this] { batch_done(); });
    }

    Properties properties() const override {
        Properties properties = base_->properties();
        properties.read_only = false;
        properties.can_discard = false;
        return properties;
    }

    void submit(DiskRequest& request) override {
        const u64 first = request.offset / kSector;
        const u64 count = request.bytes / kSector;
        switch (request.operation) {
            case DiskOperation::Read: return read(request);
            case DiskOperation::Write:
            case DiskOperation::WriteZeroes:
                // Reads that are made before this is done may see either content.
                changed_.add(first, count);
                return changes_->submit(request);
            // Discard, too, is done there, where it changes nothing: it must not bring back what the base
            // has.
            case DiskOperation::Flush:
            case DiskOperation::Discard: return changes_->submit(request);
        }
    }

    void commit() override {
        base_->commit();
        changes_->commit();
    }
    void on_batch_done(std::function<void()> callback) override { batch_done_ = std::move(callback); }

private:
    // A piece of a read from one of the two.
    struct Part final : DiskRequest {
        Part(SnapshotDisk& of_disk, DiskRequest& of_whole) : disk(of_disk), whole(of_whole) {}
        void done(int result) override { disk.part_done(*this, result); }
        SnapshotDisk& disk;
        DiskRequest& whole;
    };
    struct Read {
        std::vector<std::unique_ptr<Part>> parts;
        std::size_t open = 0;
        int error = 0;
    };

    Disk& holder_of(u64 sector) { return changed_.contains(sector) ? *changes_ : *base_; }

    void read(DiskRequest& request) {
        const u64 first = request.offset / kSector;
        const u64 count = request.bytes / kSector;
        if (changed_.run(first, count) == count) return holder_of(first).submit(request);
        Read& whole = reads_[&request];
        for (u64 at = 0; at < count;) {
            const u64 length = changed_.run(first + at, count - at);
            Part& part = *whole.parts.emplace_back(std::make_unique<Part>(*this, request));
            part.operation = DiskOperation::Read;
            part.offset = request.offset + at * kSector;
            part.bytes = length * kSector;
            part.buffers = slice(request.buffers, at * kSector, length * kSector);
            at += length;
        }
        whole.open = whole.parts.size();
        for (const auto& part : whole.parts) holder_of(part->offset / kSector).submit(*part);
    }

    void part_done(Part& part, int result) {
        const auto found = reads_.find(&part.whole);
        Read& whole = found->second;
        if (result != 0) whole.error = result;
        if (--whole.open > 0) return;
        DiskRequest& request = part.whole;
        const int error = whole.error;
        reads_.erase(found);  // with `part`
        request.done(error);
    }

    void batch_done() {
        if (batch_done_) batch_done_();
    }

    const std::unique_ptr<Disk> base_;
    const std::unique_ptr<Disk> changes_;
    SectorMap changed_;
    std::unordered_map<DiskRequest*, Read> reads_;  // those of which both have a part
    std::function<void()> batch_done_;
};

}  // namespace

Result<std::unique_ptr<Disk>> open_snapshot(EventLoop& loop, std::unique_ptr<Disk> base,
                                            const std::string& directory) {
    Fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));
    if (!file.valid()) {
        std::string name = directory + "/trapeze-snapshot-XXXXXX";
        file.reset(::mkostemp(name.data(), O_CLOEXEC));
        if (!file.valid()) return fail_errno(errno, "could not create a temporary file in {}", directory);
        (void)::unlink(name.c_str());
    }
    const u64 bytes = base->properties().bytes;
    if (::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0)
        return fail_errno(errno, "could not make a temporary file of {} bytes in {}", bytes, directory);
    // Nothing of it has to survive anything.
    const FileOptions options{
        .path = fmt::format("/proc/self/fd/{}", file.get()), .ignore_flush = true, .lock = false};
    auto changes = TRY(open_raw(loop, options));
    return std::make_unique<SnapshotDisk>(std::move(base), std::move(changes));
}

}  // namespace trapeze::storage
