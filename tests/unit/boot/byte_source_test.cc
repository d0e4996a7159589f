#include "byte_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "format_bytes.h"
#include "images.h"

namespace trapeze::boot {
namespace {

using namespace test;

TEST(FormatBytes, UsesTheLargestUsefulUnit) {
    EXPECT_EQ(format_bytes(0), "0 bytes");
    EXPECT_EQ(format_bytes(1), "1 byte");
    EXPECT_EQ(format_bytes(4096), "4 KiB");
    EXPECT_EQ(format_bytes(9000), "9000 bytes");
    EXPECT_EQ(format_bytes(10241), "11 KiB");
    EXPECT_EQ(format_bytes(1536 * kMiB), "1536 MiB");
    EXPECT_EQ(format_bytes(2 * kGiB), "2 GiB");
    EXPECT_EQ(format_bytes(~u64{0}), "16384 PiB");
}

TEST(OpenSource, ReadsAnyPartOfAFile) {
    const Bytes bytes = noise(100'000);
    const TestFile file(bytes);
    const auto source = open_source(file.path(), 0);
    ASSERT_TRUE(source) << error_of(source);
    EXPECT_EQ((*source)->size(), bytes.size());
    Bytes part(5000);
    ASSERT_TRUE((*source)->read(95'000, part));
    EXPECT_EQ(part, Bytes(bytes.end() - 5000, bytes.end()));
    EXPECT_EQ((*source)->head(10).value(), Bytes(bytes.begin(), bytes.begin() + 10));
    EXPECT_EQ((*source)->head(1'000'000).value(), bytes);
}

TEST(OpenSource, SaysWhyItCannotOpen) {
    EXPECT_EQ(error_of(open_source("/nonexistent/Image", kMiB)),
              "could not open the file: No such file or directory");
    EXPECT_EQ(error_of(open_source("/", kMiB)), "it is a directory");
    const TestFile empty({});
    EXPECT_EQ(error_of(open_source(empty.path(), kMiB)), "the file is empty");
}

TEST(OpenSource, ReadsAPipeToItsEndWithinTheLimit) {
    const Bytes bytes = noise(3000);
    for (const u64 limit : {u64{3000}, u64{2999}}) {
        int fds[2];
        ASSERT_EQ(pipe(fds), 0);
        ASSERT_EQ(write(fds[1], bytes.data(), bytes.size()), 3000);
        close(fds[1]);
        const auto source = open_source("/proc/self/fd/" + std::to_string(fds[0]), limit);
        close(fds[0]);
        if (limit == 3000) {
            ASSERT_TRUE(source) << error_of(source);
            EXPECT_EQ((*source)->head(5000).value(), bytes);
        } else {
            EXPECT_EQ(error_of(source), "it has more than 2999 bytes");
        }
    }
}

TEST(OpenSource, NoticesThatAFileChanged) {
    const TestFile file(noise(5000));
    const auto source = open_source(file.path(), kMiB);
    ASSERT_TRUE(source);
    EXPECT_TRUE((*source)->check_unchanged());
    file.write(noise(4000));
    EXPECT_EQ(error_of((*source)->check_unchanged()), "the file has changed since the machine was started");
    Bytes all(5000);
    EXPECT_EQ(error_of((*source)->read(0, all)), "the file became shorter while it was being read");
}

TEST(OpenSource, KeepsAFileThatWasReplaced) {
    const Bytes old = noise(5000);
    const TestFile file(old);
    const auto source = open_source(file.path(), kMiB);
    ASSERT_TRUE(source);
    const TestFile successor(noise(100, 7));
    ASSERT_EQ(rename(successor.path().c_str(), file.path().c_str()), 0);
    EXPECT_TRUE((*source)->check_unchanged());
    EXPECT_EQ((*source)->head(5000).value(), old);
}

}  // namespace
}  // namespace trapeze::boot
