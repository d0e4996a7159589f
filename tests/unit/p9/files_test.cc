// Files: what is read, written, made, renamed and removed.
#include <gmock/gmock.h>

#include "client.h"

namespace trapeze::p9 {
namespace {

TEST_F(SessionTest, CreateWriteReadSync) {
    start();
    ASSERT_EQ(walk(kRoot, 1, {}), 0);
    Reply created = lcreate(1, "file", 02 | 0200, 0640);
    ASSERT_EQ(created, 0);
    EXPECT_EQ(created.take<u8>(), 0);  // the fid is the file now
    created.at = 13;
    EXPECT_EQ(created.take<u32>(), 61440u);  // whole pages, with room for the header
    EXPECT_EQ(write(1, 0, "hello").take<u32>(), 5u);
    EXPECT_EQ(write(1, 5, " world").take<u32>(), 6u);
    EXPECT_EQ(read(1, 0, 100), "hello world");
    EXPECT_EQ(read(1, 6, 3), "wor");
    EXPECT_EQ(read(1, 100, 10), "");
    EXPECT_EQ(ask(TFSYNC, Fields().w(1).w(0)), 0);
    EXPECT_EQ(ask(TFSYNC, Fields().w(1).w(1)), 0);
    EXPECT_EQ(ask(TREAD, Fields().w(1).q(~u64{0}).w(10)), EINVAL);
    EXPECT_EQ(write(1, ~u64{0}, "x"), EFBIG);
    EXPECT_EQ(ask(TREADDIR, Fields().w(1).q(0).w(100)), ENOTDIR);
    EXPECT_EQ(share_.read("file"), "hello world");
    EXPECT_EQ(share_.status("file").st_mode, S_IFREG | 0640u);
    EXPECT_EQ(ask(TFSYNC, Fields().w(kRoot).w(0)), EBADF);  // not open
    EXPECT_EQ(ask(TREAD, Fields().w(kRoot).q(0).w(1)), EBADF);

    ASSERT_EQ(walk(kRoot, 2, {}), 0);
    EXPECT_EQ(lcreate(2, "file", 02 | 0200), EEXIST);
    EXPECT_EQ(lcreate(2, "file", 02 | 01000), 0);  // not exclusively: it is opened
    EXPECT_EQ(share_.read("file"), "");
}

TEST_F(SessionTest, ReadsAsMuchAsThereIsRoomFor) {
    share_.write("file", std::string(20000, 'x'));
    start({}, 8192);
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    ASSERT_EQ(lopen(1, 0), 0);
    EXPECT_EQ(read(1, 0, ~0u).size(), 8192u - 11);
    EXPECT_EQ(ask(TREAD, Fields().w(1).q(0).w(~0u), 100).bytes.size(), 100u - 7);
}

TEST_F(SessionTest, FlagsOfOpen) {
    share_.write("file", "content");
    start();
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    ASSERT_EQ(lopen(1, 0), 0);
    EXPECT_EQ(write(1, 0, "x"), EBADF);
    ASSERT_EQ(walk(kRoot, 2, {"file"}), 0);
    ASSERT_EQ(lopen(2, 1 | 02000), 0);  // appends
    EXPECT_EQ(write(2, 0, "!"), 0);
    EXPECT_EQ(ask(TREAD, Fields().w(2).q(0).w(1)), EBADF);
    EXPECT_EQ(share_.read("file"), "content!");
    ASSERT_EQ(walk(kRoot, 3, {"file"}), 0);
    EXPECT_EQ(lopen(3, 0200000), ENOTDIR);
    EXPECT_EQ(lopen(3, 2 | 01000 | 040000 | 0100000 | 0400000 | 02000000), 0);
    EXPECT_EQ(share_.read("file"), "");
    ASSERT_EQ(walk(kRoot, 4, {}), 0);
    EXPECT_EQ(lopen(4, 2), EISDIR);
    EXPECT_EQ(lopen(4, 0), 0);
    EXPECT_EQ(ask(TREAD, Fields().w(4).q(0).w(1)), EISDIR);
}

TEST_F(SessionTest, DirectoriesLinksAndNodes) {
    start();
    Reply made = mkdir(kRoot, "dir", 01775);
    ASSERT_EQ(made, 0);
    EXPECT_EQ(made.take<u8>(), 0x80);
    EXPECT_EQ(share_.status("dir").st_mode, S_IFDIR | 01775u);
    EXPECT_EQ(mkdir(kRoot, "dir"), EEXIST);

    made = symlink(kRoot, "link", "/no/where");
    ASSERT_EQ(made, 0);
    EXPECT_EQ(made.take<u8>(), 0x02);
    ASSERT_EQ(walk(kRoot, 1, {"link"}), 0);
    EXPECT_EQ(read_link(1), "/no/where");
    EXPECT_EQ(attributes(1).mode & S_IFMT, S_IFLNK);
    EXPECT_EQ(lopen(1, 0), ELOOP);

    EXPECT_EQ(mknod(kRoot, "fifo", S_IFIFO | 0644), 0);
    EXPECT_TRUE(S_ISFIFO(share_.status("fifo").st_mode));
    EXPECT_EQ(mknod(kRoot, "plain", 0604), 0);
    EXPECT_EQ(share_.status("plain").st_mode, S_IFREG | 0604u);
    EXPECT_EQ(mknod(kRoot, "bad", S_IFDIR | 0755), EINVAL);
    EXPECT_EQ(mknod(kRoot, "bad", S_IFLNK | 0755), EINVAL);

    ASSERT_EQ(walk(kRoot, 2, {"plain"}), 0);
    EXPECT_EQ(read_link(2), "error 22");
    EXPECT_EQ(ask(TLINK, Fields().w(kRoot).w(2).s("hard")), 0);
    EXPECT_EQ(share_.status("hard").st_ino, share_.status("plain").st_ino);
    EXPECT_EQ(attributes(2).links, 2u);
    EXPECT_EQ(ask(TLINK, Fields().w(kRoot).w(1).s("hardlink")), 0);  // of the link, not of its target
    EXPECT_TRUE(S_ISLNK(share_.status("hardlink").st_mode));
}

TEST_F(SessionTest, RenameAndRemove) {
    std::filesystem::create_directory(share_ / "dir");
    share_.write("a", "a");
    start();
    ASSERT_EQ(walk(kRoot, 1, {"dir"}), 0);
    ASSERT_EQ(walk(kRoot, 2, {"a"}), 0);
    EXPECT_EQ(ask(TRENAMEAT, Fields().w(kRoot).s("a").w(1).s("b")), 0);
    EXPECT_EQ(share_.read("dir/b"), "a");
    EXPECT_EQ(ask(TRENAMEAT, Fields().w(kRoot).s("a").w(1).s("b")), ENOENT);
    // The fid is at the new place.
    EXPECT_EQ(ask(TRENAME, Fields().w(2).w(1).s("c")), 0);
    EXPECT_EQ(share_.read("dir/c"), "a");
    EXPECT_EQ(ask(TRENAME, Fields().w(2).w(1).s("d")), 0);
    EXPECT_EQ(unlink(kRoot, "dir", 0), EISDIR);
    EXPECT_EQ(unlink(kRoot, "dir", 0x200), ENOTEMPTY);
    EXPECT_EQ(unlink(kRoot, "dir", 1), EINVAL);
    EXPECT_EQ(ask(TREMOVE, Fields().w(2)), 0);
    EXPECT_EQ(clunk(2), EBADF);
    EXPECT_FALSE(share_.has("dir/d"));
    EXPECT_EQ(ask(TREMOVE, Fields().w(1)), 0);
    EXPECT_FALSE(share_.has("dir"));
    ASSERT_EQ(walk(kRoot, 3, {}), 0);
    EXPECT_EQ(ask(TREMOVE, Fields().w(3)), EBUSY);
    EXPECT_EQ(clunk(3), EBADF);  // gone all the same
}

// What has taken a file's place is not removed for it.
TEST_F(SessionTest, RemovesOnlyWhatWasFound) {
    share_.write("file", "old");
    start();
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    share_.write("other", "new");
    std::filesystem::rename(share_ / "other", share_ / "file");
    EXPECT_EQ(ask(TRENAME, Fields().w(1).w(kRoot).s("x")), ENOENT);
    EXPECT_EQ(ask(TREMOVE, Fields().w(1)), ENOENT);
    EXPECT_EQ(share_.read("file"), "new");
}

TEST_F(SessionTest, Attributes) {
    share_.write("file", "content");
    start();
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    const Attributes before = attributes(1);
    EXPECT_EQ(before.valid, 0x7ffu);
    EXPECT_EQ(before.size, 7u);
    EXPECT_EQ(before.uid, ::getuid());
    EXPECT_EQ(set(1, 0x1, S_IFREG | 0600), 0);
    EXPECT_EQ(set(1, 0x8, 0, 0, 0, 3), 0);
    EXPECT_EQ(set(1, 0x10 | 0x20 | 0x80 | 0x100, 0, 0, 0, 0, 1'000'000), 0);
    const struct stat status = share_.status("file");
    EXPECT_EQ(status.st_mode, S_IFREG | 0600u);
    EXPECT_EQ(status.st_size, 3);
    EXPECT_EQ(status.st_atim.tv_sec, 1'000'000);
    EXPECT_EQ(status.st_atim.tv_nsec, 5);
    EXPECT_EQ(status.st_mtim.tv_nsec, 6);
    EXPECT_EQ(set(1, 0x20, 0), 0);
    EXPECT_GT(share_.status("file").st_mtim.tv_sec, 1'000'000);
    EXPECT_EQ(set(1, 0x40, 0), 0);
    EXPECT_EQ(set(1, 0x2 | 0x4, 0, ::getuid(), ::getgid()), 0);
    EXPECT_EQ(set(kRoot, 0x8, 0, 0, 0, 3), EISDIR);
    // Times of a symbolic link are its own.
    ASSERT_EQ(symlink(kRoot, "link", "file"), 0);
    ASSERT_EQ(walk(kRoot, 2, {"link"}), 0);
    EXPECT_EQ(set(2, 0x20 | 0x100, 0, 0, 0, 0, 77), 0);
    EXPECT_EQ(share_.status("link").st_mtim.tv_sec, 77);
    EXPECT_GT(share_.status("file").st_mtim.tv_sec, 1'000'000);
    EXPECT_EQ(set(2, 0x8, 0, 0, 0, 3), EINVAL);
    EXPECT_NE(set(2, 0x1, 0777), 0);
    EXPECT_EQ(share_.status("file").st_mode, S_IFREG | 0600u);
}

TEST_F(SessionTest, WhatWasRemovedIsStillThereForItsFid) {
    share_.write("file", "content");
    start();
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    EXPECT_EQ(unlink(kRoot, "file"), 0);
    EXPECT_EQ(attributes(1).links, 0u);
    EXPECT_EQ(lopen(1, 0), 0);
    EXPECT_EQ(read(1, 0, 100), "content");
}

TEST_F(SessionTest, ExtendedAttributes) {
    if (!share_.xattrs()) GTEST_SKIP() << "no extended attributes in the temporary directory";
    share_.write("file", "");
    start();
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    const auto with_clone = [&](std::string_view name, std::string_view value, u32 flags = 0) {
        EXPECT_EQ(walk(1, 2, {}), 0);
        return set_xattr(2, name, value, flags);
    };
    EXPECT_EQ(with_clone("user.a", "value"), 0);
    EXPECT_EQ(clunk(2), EBADF);
    EXPECT_EQ(with_clone("user.a", "other", 1), EEXIST);  // XATTR_CREATE
    EXPECT_EQ(with_clone("user.empty", ""), 0);
    EXPECT_EQ(with_clone("security.x", "value"), EOPNOTSUPP);
    EXPECT_EQ(with_clone("trusted.x", "value"), EOPNOTSUPP);
    EXPECT_EQ(with_clone(std::string_view("user.\0x", 7), "value"), EINVAL);

    Reply size = xattr_walk(1, 3, "user.a");
    ASSERT_EQ(size, 0);
    EXPECT_EQ(size.take<u64>(), 5u);
    EXPECT_EQ(read(3, 0, 100), "value");
    EXPECT_EQ(read(3, 3, 100), "ue");
    EXPECT_EQ(read(3, 100, 100), "");
    EXPECT_EQ(write(3, 0, "x"), EINVAL);
    EXPECT_EQ(walk(3, 9, {}), EINVAL);
    EXPECT_EQ(clunk(3), 0);
    ASSERT_EQ(xattr_walk(1, 3, ""), 0);
    EXPECT_THAT(read(3, 0, 1000), testing::HasSubstr(std::string("user.a\0", 7)));
    EXPECT_EQ(clunk(3), 0);

    EXPECT_EQ(with_clone("user.a", "", 2), 0);  // XATTR_REPLACE of nothing: it goes
    EXPECT_EQ(xattr_walk(1, 3, "user.a"), ENODATA);
    EXPECT_EQ(xattr_walk(1, 3, "user.empty"), 0);

    // Sizes that lie.
    ASSERT_EQ(walk(1, 4, {}), 0);
    EXPECT_EQ(ask(TXATTRCREATE, Fields().w(4).s("user.b").q(65537).w(0)), E2BIG);
    EXPECT_EQ(ask(TXATTRCREATE, Fields().w(4).s("user.b").q(~u64{0}).w(0)), E2BIG);
    EXPECT_EQ(ask(TXATTRCREATE, Fields().w(4).s("user.b").q(4).w(8)), EINVAL);
    EXPECT_EQ(ask(TXATTRCREATE, Fields().w(4).s("user.b").q(4).w(0)), 0);
    EXPECT_EQ(write(4, 0, "12345"), ENOSPC);
    EXPECT_EQ(write(4, 5, ""), ENOSPC);
    EXPECT_EQ(write(4, ~u64{0} >> 1, "1"), ENOSPC);
    EXPECT_EQ(write(4, 0, "12"), 0);
    EXPECT_EQ(ask(TREAD, Fields().w(4).q(0).w(1)), EINVAL);
    EXPECT_EQ(clunk(4), EINVAL);  // not all of it
    EXPECT_EQ(xattr_walk(1, 5, "user.b"), ENODATA);
}

TEST_F(SessionTest, Locks) {
    share_.write("file", "content");
    start();
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    const auto lock = [&](u32 fid, u8 type, u64 start, u64 length, u32 process) {
        return ask(TLOCK, Fields().w(fid).b(type).w(1).q(start).q(length).w(process).s("guest"));
    };
    const auto status = [](Reply reply) { return reply.error() == 0 ? int{reply.take<u8>()} : -1; };
    EXPECT_EQ(lock(1, 1, 0, 0, 1), EBADF);  // not open
    ASSERT_EQ(lopen(1, 2), 0);
    EXPECT_EQ(status(lock(1, 1, 0, 10, 1)), 0);
    EXPECT_EQ(status(lock(1, 1, 5, 10, 2)), 1);   // Blocked, although waiting was allowed
    EXPECT_EQ(status(lock(1, 1, 10, 10, 2)), 0);  // beside it
    // The same owner's other fid.
    ASSERT_EQ(walk(kRoot, 2, {"file"}), 0);
    ASSERT_EQ(lopen(2, 0), 0);
    EXPECT_EQ(status(lock(2, 1, 0, 10, 1)), 0);

    Reply found = ask(TGETLOCK, Fields().w(2).b(1).q(0).q(0).w(3).s("guest"));
    EXPECT_EQ(found.take<u8>(), 1);
    EXPECT_EQ(found.take<u64>(), 0u);
    EXPECT_EQ(found.take<u64>(), 10u);
    EXPECT_EQ(found.take<u32>(), 0u);
    EXPECT_EQ(found.text(), "guest");
    found = ask(TGETLOCK, Fields().w(2).b(1).q(100).q(0).w(3).s("guest"));
    EXPECT_EQ(found.take<u8>(), 2);

    // Others of the host heed them.
    const Fd file(::open((share_ / "file").c_str(), O_RDWR | O_CLOEXEC));
    struct flock range {};
    range.l_type = F_WRLCK;
    EXPECT_NE(::fcntl(file.get(), F_OFD_SETLK, &range), 0);
    EXPECT_EQ(status(lock(1, 2, 0, 0, 1)), 0);
    EXPECT_EQ(status(lock(1, 2, 0, 0, 2)), 0);
    EXPECT_EQ(status(lock(1, 2, 0, 0, 3)), 0);  // has none
    EXPECT_EQ(::fcntl(file.get(), F_OFD_SETLK, &range), 0);
    EXPECT_EQ(status(lock(1, 0, 0, 0, 1)), 1);
    range.l_type = F_UNLCK;
    EXPECT_EQ(::fcntl(file.get(), F_OFD_SETLK, &range), 0);

    // They end with the last fid by which they were made.
    EXPECT_EQ(status(lock(1, 1, 0, 10, 4)), 0);
    EXPECT_EQ(status(lock(2, 1, 20, 10, 4)), 0);
    EXPECT_EQ(clunk(2), 0);
    EXPECT_EQ(status(lock(1, 1, 0, 10, 5)), 1);
    EXPECT_EQ(lock(2, 1, 0, 10, 5), EBADF);
    ASSERT_EQ(walk(kRoot, 2, {"file"}), 0);
    ASSERT_EQ(lopen(2, 2), 0);
    EXPECT_EQ(clunk(1), 0);
    EXPECT_EQ(status(lock(2, 1, 0, 10, 5)), 0);
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    ASSERT_EQ(lopen(1, 2), 0);
    for (u32 process = 100; process < 400; ++process) {
        EXPECT_EQ(status(lock(1, 0, 100, 1, process)), 0);
        EXPECT_EQ(status(lock(1, 2, 0, 0, process)), 0);
    }

    EXPECT_EQ(lock(1, 3, 0, 0, 1), EINVAL);
    EXPECT_EQ(lock(1, 0, ~u64{0}, 0, 1), EINVAL);
    EXPECT_EQ(lock(1, 0, 1, ~u64{0} >> 1, 1), EINVAL);
    EXPECT_EQ(ask(TLOCK, Fields().w(1).b(0).w(1).q(0).q(0).w(1).s(std::string(1000, 'x'))), EINVAL);
}

TEST_F(SessionTest, ReadOnly) {
    std::filesystem::create_directory(share_ / "dir");
    share_.write("file", "content");
    start({.read_only = true});
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    EXPECT_EQ(lcreate(kRoot, "new", 2), EROFS);
    EXPECT_EQ(mkdir(kRoot, "new"), EROFS);
    EXPECT_EQ(symlink(kRoot, "new", "x"), EROFS);
    EXPECT_EQ(mknod(kRoot, "new", 0644), EROFS);
    EXPECT_EQ(ask(TLINK, Fields().w(kRoot).w(1).s("new")), EROFS);
    EXPECT_EQ(ask(TRENAMEAT, Fields().w(kRoot).s("file").w(kRoot).s("new")), EROFS);
    EXPECT_EQ(ask(TRENAME, Fields().w(1).w(kRoot).s("new")), EROFS);
    EXPECT_EQ(unlink(kRoot, "file"), EROFS);
    EXPECT_EQ(set(1, 0x1, 0777), EROFS);
    EXPECT_EQ(ask(TXATTRCREATE, Fields().w(1).s("user.x").q(1).w(0)), EROFS);
    for (const u32 flags : {1u, 2u, 01000u}) EXPECT_EQ(lopen(1, flags), EROFS);
    EXPECT_EQ(lopen(1, 0), 0);
    EXPECT_EQ(write(1, 0, "x"), EROFS);
    EXPECT_EQ(read(1, 0, 100), "content");
    EXPECT_EQ(ask(TREMOVE, Fields().w(1)), EROFS);
    EXPECT_EQ(clunk(1), EBADF);
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    ASSERT_EQ(lopen(1, 0), 0);
    EXPECT_EQ(ask(TLOCK, Fields().w(1).b(1).w(1).q(0).q(0).w(1).s("guest")).take<u8>(), 0);
    EXPECT_EQ(share_.read("file"), "content");
}

}  // namespace
}  // namespace trapeze::p9
