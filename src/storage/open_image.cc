// Images by their format; and the disk that qcow2 makes.
#include <cerrno>

#include "image_layer.h"
#include "qcow2_header.h"
#include "trapeze/base/worker_pool.h"
#include "trapeze/storage/disk.h"

namespace trapeze::storage {
namespace {

using bus::DiskOperation;
using bus::DiskRequest;

// A chain of images, read by workers: finding out where something is takes reads, too, and decompressing it
// takes time.
class LayeredDisk final : public bus::Disk {
public:
    explicit LayeredDisk(std::unique_ptr<ImageLayer> layer) : layer_(std::move(layer)) {}

    Result<> create_workers(EventLoop& loop) {
        workers_ = TRY(WorkerPool::create(loop, [this] {
            if (batch_done_) batch_done_();
        }));
        return {};
    }

    Properties properties() const override {
        return {.bytes = layer_->bytes(), .read_only = true, .can_discard = false, .preferred_bytes = 4096};
    }
    void submit(DiskRequest& request) override {
        workers_->submit({.work = [this, &request] { return perform(request); },
                          .finish = [&request](int error) { request.done(error); }});
    }
    void commit() override {}
    void on_batch_done(std::function<void()> callback) override { batch_done_ = std::move(callback); }

private:
    int perform(const DiskRequest& request) const {
        switch (request.operation) {
            case DiskOperation::Read: return layer_->read(request.offset, request.bytes, request.buffers);
            case DiskOperation::Flush: return 0;
            default: return EROFS;
        }
    }

    const std::unique_ptr<ImageLayer> layer_;
    std::function<void()> batch_done_;
    std::unique_ptr<WorkerPool> workers_;  // last: they use the rest
};

Result<std::unique_ptr<bus::Disk>> open_qcow2(EventLoop& loop, const FileOptions& options) {
    if (!options.read_only) {
        return fail(
            "{}: qcow2 images are read only in this version: readonly=on shows the guest a disk that it "
            "cannot "
            "write to, snapshot=on one whose changes are dropped at the end",
            options.path);
    }
    auto layer = TRY(open_qcow2_chain(options, std::make_shared<ImageCaches>()));
    auto disk = std::make_unique<LayeredDisk>(std::move(layer));
    TRY(disk->create_workers(loop));
    return disk;
}

// A file that cannot be read is opened as a raw one, which says why.
bool looks_like_qcow2(const FileOptions& options) {
    FileOptions reading = options;
    reading.read_only = true;
    reading.lock = false;
    const auto file = open_image_file(reading);
    if (!file) return false;
    u8 magic[4];
    return read_bytes(*file, 0, magic) == sizeof magic && is_qcow2(magic);
}

}  // namespace

Result<std::unique_ptr<bus::Disk>> open_image(EventLoop& loop, const FileOptions& options) {
    const bool qcow2 = options.format == ImageFormat::Qcow2 ||
                       (options.format == ImageFormat::Probe && looks_like_qcow2(options));
    return qcow2 ? open_qcow2(loop, options) : open_raw(loop, options);
}

}  // namespace trapeze::storage
