// Disks by the format of their image: probing, and what a qcow2 image can and cannot do.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "qcow2_builder.h"
#include "test_request.h"
#include "trapeze/storage/disk.h"

namespace trapeze::storage {
namespace {

using bus::DiskOperation;

std::vector<u8> pattern(u64 bytes) {
    std::vector<u8> data(bytes);
    for (u64 i = 0; i < bytes; ++i) data[i] = static_cast<u8>(i / 100 + i / 4096);
    return data;
}

class OpenImage : public testing::Test {
protected:
    void SetUp() override {
        loop_ = *EventLoop::create();
        directory_ =
            std::filesystem::temp_directory_path() / fmt::format("trapeze-open-image-{}", ::getpid());
        std::filesystem::create_directories(directory_);
        path_ = directory_ / "image";
        image_.add_data(1, std::vector<u8>(4096, 5));
        image_.add_compressed(2, std::vector<u8>(4096, 6));
    }
    void TearDown() override {
        disk_.reset();
        std::filesystem::remove_all(directory_);
    }
    FileOptions options(ImageFormat format, bool read_only = true) const {
        return {.path = path_, .format = format, .read_only = read_only};
    }
    std::string error(const FileOptions& options) {
        disk_.reset();
        auto disk = open_image(*loop_, options);
        if (!disk) return disk.error().message();
        disk_ = std::move(*disk);
        return "";
    }
    std::vector<u8> read(u64 offset, u64 bytes) {
        std::vector<u8> data(bytes, 0xee);
        EXPECT_EQ(run(*loop_, *disk_, DiskOperation::Read, offset, bytes, {{data.data(), bytes}}), 0);
        return data;
    }
    int write(u64 offset, std::vector<u8> data) {
        return run(*loop_, *disk_, DiskOperation::Write, offset, data.size(),
                   {{data.data(), 3}, {&data[3], data.size() - 3}});
    }

    std::unique_ptr<EventLoop> loop_;
    std::filesystem::path directory_;
    std::string path_;
    Qcow2Builder image_{{}};
    std::unique_ptr<bus::Disk> disk_;
};

TEST_F(OpenImage, Qcow2IsReadOnly) {
    image_.write(path_);
    for (const ImageFormat format : {ImageFormat::Qcow2, ImageFormat::Probe}) {
        EXPECT_EQ(error(options(format, false)),
                  path_ +
                      ": qcow2 images are read only in this version: readonly=on shows the guest a disk that "
                      "it cannot write to, snapshot=on one whose changes are dropped at the end");
        ASSERT_EQ(error(options(format)), "");
        EXPECT_TRUE(disk_->properties().read_only);
        EXPECT_EQ(disk_->properties().bytes, 64u << 10);
        EXPECT_EQ(read(4096, 4096), std::vector<u8>(4096, 5));
        EXPECT_EQ(read(8192, 512), std::vector<u8>(512, 6));
        EXPECT_EQ(run(*loop_, *disk_, DiskOperation::Flush, 0, 0), 0);
        EXPECT_EQ(write(0, std::vector<u8>(512)), EROFS);
    }
}

// Workers share the caches: most of these find the tables and the cluster missing at the same time.
TEST_F(OpenImage, Qcow2ManyAtATime) {
    const std::vector<u8> below = pattern(16 * 4096);
    Qcow2Builder base({});
    for (u64 at = 0; at < 16; ++at) base.add_compressed(at, std::span(below).subspan(at * 4096, 4096));
    base.write(directory_ / "base");
    Qcow2Builder({.backing = "base", .backing_format = "qcow2"}).write(path_);
    ASSERT_EQ(error(options(ImageFormat::Qcow2)), "");
    constexpr u64 kCount = 128;  // sectors
    std::vector<u8> data(kCount * 512, 0xee);
    std::vector<std::unique_ptr<TestRequest>> requests;
    disk_->on_batch_done([&] {
        if (std::ranges::all_of(requests, [](const auto& request) { return request->finished; }))
            loop_->stop();
    });
    for (u64 i = 0; i < kCount; ++i) {
        auto& request = *requests.emplace_back(std::make_unique<TestRequest>(*loop_));
        request.last = false;
        request.offset = i * 512;
        request.bytes = 512;
        request.buffers = {{&data[i * 512], 512}};
    }
    for (const auto& request : requests) disk_->submit(*request);
    disk_->commit();
    loop_->run();
    for (const auto& request : requests) EXPECT_EQ(request->error, 0);
    EXPECT_EQ(data, below);
}

TEST_F(OpenImage, ASnapshotOfQcow2CanBeWritten) {
    image_.write(path_);
    ASSERT_EQ(error(options(ImageFormat::Probe)), "");
    auto snapshot = open_snapshot(*loop_, std::move(disk_), directory_);
    ASSERT_TRUE(snapshot) << snapshot.error().message();
    disk_ = std::move(*snapshot);
    EXPECT_FALSE(disk_->properties().read_only);
    EXPECT_EQ(write(4096 + 512, std::vector<u8>(512, 1)), 0);
    std::vector<u8> expected(12288);
    std::fill_n(expected.begin() + 4096, 4096, 5);
    std::fill_n(expected.begin() + 4096 + 512, 512, 1);
    std::fill_n(expected.begin() + 8192, 4096, 6);
    EXPECT_EQ(read(0, 12288), expected);
    std::ifstream file(path_, std::ios::binary);
    EXPECT_EQ(std::vector<u8>(std::istreambuf_iterator<char>(file), {}), image_.file);
}

TEST_F(OpenImage, TheFormatThatIsGivenCounts) {
    image_.write(path_);
    ASSERT_EQ(error(options(ImageFormat::Raw, false)), "");
    EXPECT_EQ(read(0, 512), std::vector<u8>(image_.file.begin(), image_.file.begin() + 512));
    Qcow2Builder({}).write(path_);
    std::filesystem::resize_file(path_, 3);
    EXPECT_EQ(error(options(ImageFormat::Qcow2)), path_ + ": it is not a qcow2 image");
    EXPECT_EQ(error(options(ImageFormat::Probe)), "");
    std::filesystem::remove(path_);
    EXPECT_EQ(error(options(ImageFormat::Probe)),
              fmt::format("could not open {}: No such file or directory", path_));
}

TEST_F(OpenImage, ReadersKeepWritersAway) {
    image_.write(path_);
    ASSERT_EQ(error(options(ImageFormat::Qcow2)), "");
    EXPECT_TRUE(open_image(*loop_, options(ImageFormat::Qcow2)));
    const auto writer = open_raw(*loop_, options(ImageFormat::Raw, false));
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().message(),
              path_ + " is in use by another process (file.locking=off ignores that)");
}

// QEMU, "raw" driver: what was probed as raw stays raw.
TEST_F(OpenImage, AGuestCannotMakeItsRawDiskAnother) {
    std::vector<u8> header(image_.file.begin(), image_.file.begin() + 1024);
    for (const AsyncIo aio : {AsyncIo::Auto, AsyncIo::Threads}) {
        std::ofstream(path_) << std::string(8192, 'x');
        FileOptions probed = options(ImageFormat::Probe, false);
        probed.aio = aio;
        ASSERT_EQ(error(probed), "");
        EXPECT_EQ(write(0, header), EPERM);
        EXPECT_EQ(read(0, 512), std::vector<u8>(512, 'x'));
        EXPECT_EQ(write(512, header), 0);
        header[0] = 'q';
        EXPECT_EQ(write(0, header), 0);
        EXPECT_EQ(read(0, 1024), header);
        header[0] = 'Q';
        ASSERT_EQ(error(options(ImageFormat::Raw, false)), "");
        EXPECT_EQ(write(0, header), 0);
    }
}

}  // namespace
}  // namespace trapeze::storage
