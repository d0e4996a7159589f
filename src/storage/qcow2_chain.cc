// Backing files: an image may name another that has what was never written to it.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "image_layer.h"
#include "qcow2_header.h"
#include "qcow2_image.h"
#include "trapeze/base/log.h"

namespace trapeze::storage {
namespace {

constexpr std::size_t kMostLayers = 64;

class RawLayer final : public ImageLayer {
public:
    explicit RawLayer(ImageFile file) : file_(std::move(file)) {}
    u64 bytes() const override { return file_.bytes; }
    int read(u64 offset, u64 bytes, const std::vector<iovec>& buffers) const override {
        return read_blocks(file_, offset, bytes, buffers);
    }

private:
    const ImageFile file_;
};

// A file of the chain, from the top.
struct Opened {
    std::string path;
    ImageFile file;
    dev_t device;
    ino_t inode;
    std::optional<Qcow2Header> header;  // none: a raw image
};

Result<std::vector<u8>> first_bytes(const ImageFile& file, const std::string& path) {
    std::vector<u8> first(std::min<u64>(file.length, u64{1} << kMostClusterBits));
    const ssize_t length = read_bytes(file, 0, first);
    if (length < 0) return fail_errno(static_cast<int>(-length), "could not read {}", path);
    first.resize(static_cast<std::size_t>(length));
    return first;
}

Result<Opened> open_one(const FileOptions& options, ImageFormat format) {
    auto file = TRY(open_image_file(options));
    struct stat status {};
    if (::fstat(file.fd.get(), &status) != 0) return fail_errno(errno, "could not look at {}", options.path);
    Opened opened{.path = options.path,
                  .file = std::move(file),
                  .device = status.st_dev,
                  .inode = status.st_ino,
                  .header = std::nullopt};
    if (format == ImageFormat::Raw) return opened;
    const auto first = TRY(first_bytes(opened.file, options.path));
    if (format == ImageFormat::Probe && !is_qcow2(first)) return opened;
    opened.header = TRY(with_context(parse_qcow2_header(first, opened.file.length), options.path));
    if (opened.header->corrupt)
        print_warning(fmt::format("{}: the image is marked as corrupt; it is read as it is", options.path));
    return opened;
}

// Where a backing file is: relative names start at the directory of the image that has them.
Result<std::string> resolve(const std::string& image, std::string_view name) {
    if (name.starts_with("file:")) {
        name.remove_prefix(5);
    } else if (const auto colon = name.find(':'); colon < name.find('/')) {
        return fail("{}: its backing file '{}:...' is not a file, and only files are supported", image,
                    name.substr(0, std::min<std::size_t>(colon, 16)));
    }
    const auto slash = image.rfind('/');
    if (name.starts_with('/') || slash == std::string::npos) return std::string(name);
    return fmt::format("{}/{}", image.substr(0, slash), name);
}

Result<Opened> open_backing(const std::vector<Opened>& chain, const FileOptions& top) {
    const Opened& image = chain.back();
    const Qcow2Backing& backing = *image.header->backing;
    FileOptions options = top;
    options.path = TRY(resolve(image.path, backing.name));
    const std::string context = fmt::format("the backing file of {}", image.path);
    const ImageFormat format = backing.format.value_or(ImageFormat::Probe);
    auto opened = TRY(with_context(open_one(options, format), context));
    for (const Opened& other : chain) {
        if (other.device == opened.device && other.inode == opened.inode)
            return fail("{}: its backing files form a loop, by way of {}", top.path, image.path);
    }
    // What only looks like an image, because a guest has written that into its raw disk, must not lead to
    // other files of the host.
    if (!backing.format && opened.header && opened.header->backing) {
        return fail(
            "{} does not say that its backing file {} is qcow2, and that names a backing file itself: "
            "'qemu-img rebase -u -F qcow2 -b' says so",
            image.path, opened.path);
    }
    return opened;
}

}  // namespace

Result<std::unique_ptr<ImageLayer>> open_qcow2_chain(const FileOptions& options,
                                                     std::shared_ptr<ImageCaches> caches) {
    FileOptions reading = options;
    reading.read_only = true;
    std::vector<Opened> chain;
    auto top = TRY(open_one(reading, ImageFormat::Qcow2));
    chain.push_back(std::move(top));
    while (chain.back().header && chain.back().header->backing) {
        if (chain.size() == kMostLayers)
            return fail("{}: more than {} images are behind each other", options.path, kMostLayers);
        auto next = TRY(open_backing(chain, reading));
        chain.push_back(std::move(next));
    }
    std::unique_ptr<ImageLayer> below;
    for (auto image = chain.rbegin(); image != chain.rend(); ++image) {
        if (!image->header) {
            below = std::make_unique<RawLayer>(std::move(image->file));
            continue;
        }
        const auto number = static_cast<u32>(chain.rend() - image);
        below = std::make_unique<Qcow2Image>(image->path, std::move(image->file), std::move(*image->header),
                                             std::move(below), caches, number);
    }
    return below;
}

}  // namespace trapeze::storage
