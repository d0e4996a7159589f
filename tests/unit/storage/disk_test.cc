// Disks against a model: an array of bytes. Each disk runs on an event loop of this thread.
#include "trapeze/storage/disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "test_request.h"

namespace trapeze::storage {
namespace {

using bus::DiskOperation;

class DiskTest : public testing::TestWithParam<AsyncIo> {
protected:
    void SetUp() override {
        loop_ = *EventLoop::create();
        directory_ = std::filesystem::temp_directory_path() / fmt::format("trapeze-disk-{}", ::getpid());
        std::filesystem::create_directories(directory_);
        path_ = directory_ / "image";
    }
    void TearDown() override {
        disk_.reset();
        std::filesystem::remove_all(directory_);
    }

    void make_image(u64 bytes, u8 seed = 1) {
        model_.resize(bytes);
        std::mt19937 random(seed);
        for (u8& byte : model_) byte = static_cast<u8>(random());
        std::ofstream(path_, std::ios::binary)
            .write(reinterpret_cast<const char*>(model_.data()), static_cast<std::streamsize>(bytes));
    }
    FileOptions options() const { return {.path = path_, .aio = GetParam()}; }
    void open(const FileOptions& options) {
        auto disk = open_raw(*loop_, options);
        ASSERT_TRUE(disk) << disk.error().message();
        disk_ = std::move(*disk);
    }
    std::vector<u8> image() const {
        std::ifstream file(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    int run(DiskOperation operation, u64 offset, u64 bytes, std::vector<iovec> buffers = {},
            bool may_unmap = false) {
        return storage::run(*loop_, *disk_, operation, offset, bytes, std::move(buffers), may_unmap);
    }
    std::vector<u8> read(u64 offset, u64 bytes) {
        std::vector<u8> data(bytes, 0xee);
        EXPECT_EQ(run(DiskOperation::Read, offset, bytes, {{data.data(), bytes}}), 0);
        return data;
    }
    std::vector<u8> expected(u64 offset, u64 bytes) const {
        std::vector<u8> data(bytes);
        if (offset < model_.size())
            std::memcpy(data.data(), &model_[offset], std::min<u64>(bytes, model_.size() - offset));
        return data;
    }
    void write(u64 offset, u8 value, u64 bytes) {
        std::vector<u8> data(bytes, value);
        EXPECT_EQ(run(DiskOperation::Write, offset, bytes, {{data.data(), bytes}}), 0);
        std::memset(&model_[offset], value, bytes);
    }

    // Random operations, checked against the model.
    void exercise(unsigned rounds) {
        std::mt19937 random(3);
        const u64 sectors = model_.size() / 512;
        for (unsigned i = 0; i < rounds; ++i) {
            const u64 first = random() % sectors;
            const u64 count = 1 + random() % std::min<u64>(sectors - first, 40);
            const u64 offset = first * 512, bytes = count * 512;
            switch (random() % 4) {
                case 0:
                case 1: ASSERT_EQ(read(offset, bytes), expected(offset, bytes)) << "round " << i; break;
                case 2: write(offset, static_cast<u8>(random()), bytes); break;
                default:
                    ASSERT_EQ(run(DiskOperation::WriteZeroes, offset, bytes, {}, random() % 2 == 0), 0);
                    std::memset(&model_[offset], 0, bytes);
            }
        }
    }

    std::unique_ptr<EventLoop> loop_;
    std::filesystem::path directory_;
    std::string path_;
    std::vector<u8> model_;
    std::unique_ptr<bus::Disk> disk_;
};

TEST_P(DiskTest, ReadsWritesAndZeroesAsTheModel) {
    make_image(256 << 10);
    open(options());
    EXPECT_EQ(disk_->properties().bytes, 256u << 10);
    EXPECT_FALSE(disk_->properties().read_only);
    exercise(300);
    EXPECT_EQ(run(DiskOperation::Flush, 0, 0), 0);
    EXPECT_EQ(image(), model_);
}

TEST_P(DiskTest, BuffersMayBeScattered) {
    make_image(8192);
    open(options());
    std::vector<u8> a(100), b(412), c(512);
    ASSERT_EQ(run(DiskOperation::Read, 1024, 1024, {{a.data(), 100}, {b.data(), 412}, {c.data(), 512}}), 0);
    a.insert(a.end(), b.begin(), b.end());
    a.insert(a.end(), c.begin(), c.end());
    EXPECT_EQ(a, expected(1024, 1024));
}

TEST_P(DiskTest, MoreBuffersThanTheKernelTakesAtOnce) {
    make_image(1 << 20);
    open(options());
    std::vector<u8> data(600'000 / 512 * 512);
    std::vector<iovec> buffers;
    for (std::size_t at = 0; at < data.size(); at += 256)
        buffers.push_back({&data[at], std::min<std::size_t>(256, data.size() - at)});
    ASSERT_GT(buffers.size(), 1024u);
    ASSERT_EQ(run(DiskOperation::Read, 512, data.size(), buffers), 0);
    EXPECT_EQ(data, expected(512, data.size()));
}

TEST_P(DiskTest, ManyAtATime) {
    make_image(1 << 20);
    open(options());
    constexpr u64 kCount = 600;  // more than the ring has entries
    std::vector<std::vector<u8>> data(kCount, std::vector<u8>(512));
    std::vector<std::unique_ptr<TestRequest>> requests;
    unsigned batches = 0;
    u64 finished = 0;
    disk_->on_batch_done([&] {
        ++batches;
        finished = 0;
        for (const auto& request : requests) finished += request->finished ? 1 : 0;
        if (finished == kCount) loop_->stop();
    });
    for (u64 i = 0; i < kCount; ++i) {
        auto& request = *requests.emplace_back(std::make_unique<TestRequest>(*loop_));
        request.last = false;
        request.operation = DiskOperation::Read;
        request.offset = i * 512;
        request.bytes = 512;
        request.buffers = {{data[i].data(), 512}};
        disk_->submit(request);
    }
    disk_->commit();
    loop_->run();
    EXPECT_EQ(finished, kCount);
    EXPECT_GE(batches, 1u);
    for (u64 i = 0; i < kCount; ++i) {
        EXPECT_EQ(requests[i]->error, 0);
        EXPECT_EQ(data[i], expected(i * 512, 512));
    }
}

// The last sector of a file whose length is odd reads as zero behind its end, and can be written.
TEST_P(DiskTest, LengthIsRoundedUp) {
    make_image(1000);
    open(options());
    EXPECT_EQ(disk_->properties().bytes, 1024u);
    EXPECT_EQ(read(0, 1024), expected(0, 1024));
    model_.resize(1024);
    write(512, 7, 512);
    EXPECT_EQ(image(), model_);
}

TEST_P(DiskTest, ReadOnlyFilesAreOpenedSo) {
    make_image(4096);
    FileOptions read_only = options();
    read_only.read_only = true;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_read);
    open(read_only);
    EXPECT_TRUE(disk_->properties().read_only);
    EXPECT_EQ(read(0, 4096), model_);
}

TEST_P(DiskTest, DiscardGivesSpaceBackOnlyIfAsked) {
    make_image(1 << 20);
    open(options());
    EXPECT_EQ(run(DiskOperation::Discard, 0, 1 << 20), 0);
    EXPECT_EQ(image(), model_);
    FileOptions unmap = options();
    unmap.discard = true;
    disk_.reset();
    open(unmap);
    EXPECT_TRUE(disk_->properties().can_discard);
    EXPECT_EQ(run(DiskOperation::Discard, 64 << 10, 64 << 10), 0);
    std::memset(&model_[64 << 10], 0, 64 << 10);
    EXPECT_EQ(image(), model_);
}

TEST_P(DiskTest, DirectIoTakesAnyMemory) {
    make_image(64 << 10);
    FileOptions direct = options();
    direct.direct = true;
    auto disk = open_raw(*loop_, direct);
    if (!disk) GTEST_SKIP() << disk.error().message();
    disk_ = std::move(*disk);
    std::vector<u8> data(8193);
    ASSERT_EQ(run(DiskOperation::Read, 512, 8192, {{data.data() + 1, 8192}}), 0);
    EXPECT_TRUE(std::equal(data.begin() + 1, data.end(), model_.begin() + 512));
    exercise(50);
    disk_.reset();
    EXPECT_EQ(image(), model_);
}

TEST_P(DiskTest, ErrorsOfTheHostArrive) {
    make_image(4096);
    open(options());
    std::vector<u8> data(512);
    struct rlimit limit {};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const struct rlimit small { 512, limit.rlim_max };  // nothing behind the first sector can be written
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
    const int error = run(DiskOperation::Write, 1024, 512, {{data.data(), 512}});
    ::setrlimit(RLIMIT_FSIZE, &limit);
    EXPECT_EQ(error, EFBIG);
}

TEST_P(DiskTest, OneWriterOrManyReaders) {
    make_image(4096);
    open(options());
    // Locks are of open file descriptions: a second one of this process conflicts as another process's does.
    const auto second = open_raw(*loop_, options());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message(),
              path_ + " is in use by another process (file.locking=off ignores that)");
    FileOptions unlocked = options();
    unlocked.lock = false;
    EXPECT_TRUE(open_raw(*loop_, unlocked));
    disk_.reset();
    FileOptions reader = options();
    reader.read_only = true;
    open(reader);
    EXPECT_TRUE(open_raw(*loop_, reader));
    EXPECT_FALSE(open_raw(*loop_, options()));
}

TEST_P(DiskTest, BadFilesAreRefusedInOneSentence) {
    const auto message = [&](const std::string& path) {
        FileOptions bad = options();
        bad.path = path;
        const auto disk = open_raw(*loop_, bad);
        return disk ? "opened" : disk.error().message();
    };
    EXPECT_EQ(message(directory_ / "none"),
              fmt::format("could not open {}/none: No such file or directory", directory_.string()));
    EXPECT_EQ(message(directory_), fmt::format("could not open {}: Is a directory", directory_.string()));
    EXPECT_EQ(message("/dev/null"), "/dev/null is neither a file nor a block device");
    const std::string fifo = directory_ / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_EQ(message(fifo), fifo + " is neither a file nor a block device");
}

TEST_P(DiskTest, ASnapshotLeavesTheImageAlone) {
    make_image(256 << 10);
    const std::vector<u8> before = model_;
    FileOptions base = options();
    base.read_only = true;
    open(base);
    auto snapshot = open_snapshot(*loop_, std::move(disk_), directory_);
    ASSERT_TRUE(snapshot) << snapshot.error().message();
    disk_ = std::move(*snapshot);
    EXPECT_FALSE(disk_->properties().read_only);
    exercise(400);
    EXPECT_EQ(run(DiskOperation::Discard, 0, 4096), 0);
    EXPECT_EQ(read(0, 256 << 10), model_);
    EXPECT_EQ(image(), before);
}

INSTANTIATE_TEST_SUITE_P(Engines, DiskTest, testing::Values(AsyncIo::Auto, AsyncIo::Threads),
                         [](const testing::TestParamInfo<AsyncIo>& engine) {
                             return engine.param == AsyncIo::Threads ? "Threads" : "Auto";
                         });

// Auto would hide it.
TEST(Uring, WorksWhereTheKernelHasIt) {
    const auto loop = *EventLoop::create();
    const std::string path =
        std::filesystem::temp_directory_path() / fmt::format("trapeze-uring-{}", ::getpid());
    std::ofstream(path) << std::string(4096, 'x');
    const auto disk = open_raw(*loop, {.path = path, .aio = AsyncIo::IoUring});
    std::filesystem::remove(path);
    if (!disk) GTEST_SKIP() << disk.error().message();
    EXPECT_EQ((*disk)->properties().bytes, 4096u);
}

}  // namespace
}  // namespace trapeze::storage
