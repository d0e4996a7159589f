// Sessions, fids and messages that are none.
#include <gmock/gmock.h>

#include "client.h"

namespace trapeze::p9 {
namespace {

using testing::UnorderedElementsAre;

TEST_F(SessionTest, VersionsAreNegotiated) {
    open();
    struct Case {
        u32 msize;
        std::string_view version;
        u32 agreed;
        std::string_view answer;
    };
    for (const Case& c : {Case{8192, "9P2000.L", 8192, "9P2000.L"}, Case{4096, "9P2000.L", 4096, "9P2000.L"},
                          Case{~0u, "9P2000.L", 8 << 20, "9P2000.L"}, Case{8192, "9P2000.u", 8192, "unknown"},
                          Case{8192, "9P2000", 8192, "unknown"}, Case{8192, "", 8192, "unknown"}}) {
        Reply reply = ask(TVERSION, Fields().w(c.msize).s(c.version));
        EXPECT_EQ(reply, 0);
        EXPECT_EQ(reply.take<u32>(), c.agreed);
        EXPECT_EQ(reply.text(), c.answer);
    }
    EXPECT_EQ(ask(TVERSION, Fields().w(4095).s("9P2000.L")), EMSGSIZE);
}

TEST_F(SessionTest, NothingBeforeTheVersion) {
    open();
    EXPECT_EQ(attach(1), EPROTO);
    EXPECT_EQ(ask(TVERSION, Fields().w(8192).s("9P2000.u")), 0);
    EXPECT_EQ(attach(1), EPROTO);
}

TEST_F(SessionTest, AVersionEndsTheSessionBefore) {
    start();
    EXPECT_EQ(walk(kRoot, 1, {}), 0);
    EXPECT_EQ(ask(TVERSION, Fields().w(8192).s("9P2000.L")), 0);
    EXPECT_EQ(clunk(1), EBADF);
    EXPECT_EQ(clunk(kRoot), EBADF);
}

TEST_F(SessionTest, Attach) {
    start();
    EXPECT_EQ(attach(kRoot), EINVAL);  // is there
    EXPECT_EQ(attach(NOFID), EINVAL);
    EXPECT_EQ(ask(TATTACH, Fields().w(5).w(6).s("").s("").w(0)), EINVAL);  // nothing was authenticated
    EXPECT_EQ(ask(TAUTH, Fields().w(5).s("").s("").w(0)), EOPNOTSUPP);
    Reply reply = attach(5);
    EXPECT_EQ(reply.take<u8>(), 0x80);
    reply.at = 5;
    EXPECT_EQ(reply.take<u64>(), share_.status("").st_ino);
}

TEST_F(SessionTest, WalksAsFarAsItGoes) {
    std::filesystem::create_directories(share_ / "a/b/c");
    share_.write("a/file", "");
    start();
    Reply reply = walk(kRoot, 1, {"a", "b", "c"});
    EXPECT_EQ(reply.take<u16>(), 3);
    EXPECT_EQ(reply.bytes.size(), 2 + 3 * 13u);
    EXPECT_EQ(attributes(1).path, share_.status("a/b/c").st_ino);

    reply = walk(kRoot, 2, {"a", "b", "x", "c"});
    EXPECT_EQ(reply.take<u16>(), 2);
    EXPECT_EQ(reply.bytes.size(), 2 + 2 * 13u);
    EXPECT_EQ(clunk(2), EBADF);
    EXPECT_EQ(walk(kRoot, 2, {"x"}), ENOENT);
    reply = walk(kRoot, 2, {"a", "file", "c"});
    EXPECT_EQ(reply.take<u16>(), 2);
    EXPECT_EQ(walk(99, 2, {}), EBADF);
    EXPECT_EQ(walk(kRoot, 1, {"a"}), EINVAL);  // is there
    EXPECT_EQ(walk(1, 1, {".."}), 0);          // in place
    EXPECT_EQ(attributes(1).path, share_.status("a/b").st_ino);
    EXPECT_EQ(walk(kRoot, 3, std::vector<std::string>(16, ".")), 0);
    EXPECT_EQ(walk(kRoot, 4, std::vector<std::string>(17, ".")), EINVAL);
}

TEST_F(SessionTest, FidsAreUsedAgain) {
    share_.write("file", "content");
    start();
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
        ASSERT_EQ(lopen(1, 0), 0);
        ASSERT_EQ(lopen(1, 0), EINVAL);  // once
        ASSERT_EQ(walk(1, 1, {}), EINVAL);
        ASSERT_EQ(clunk(1), 0);
        ASSERT_EQ(clunk(1), EBADF);
    }
}

TEST_F(SessionTest, FlushesAreAnswered) {
    start();
    EXPECT_EQ(ask(TFLUSH, Fields().h(5)), 0);
}

TEST_F(SessionTest, UnknownRequests) {
    start();
    for (const u8 type : std::initializer_list<u8>{0, 6, 7, 10, 98, 112, 114, 124, 126, 254}) {
        const auto reply = send(message(type, Fields().w(kRoot)));
        ASSERT_TRUE(reply.has_value());
        EXPECT_EQ(*reply, EOPNOTSUPP) << int{type};
    }
}

TEST_F(SessionTest, WhatIsNoMessage) {
    start();
    EXPECT_FALSE(send(""));
    EXPECT_FALSE(send(std::string(6, 'x')));
    EXPECT_FALSE(send(Fields().w(6).b(TCLUNK).h(1).bytes));
    EXPECT_FALSE(send(Fields().w(12).b(TCLUNK).h(1).w(0).bytes));  // longer than there is
    EXPECT_FALSE(send(message(TCLUNK, Fields().w(99)), 10));       // no room for an error
    EXPECT_FALSE(send(message(TGETATTR, Fields().w(0).q(0)), 159));
    EXPECT_TRUE(send(message(TGETATTR, Fields().w(0).q(0)), 160));
    EXPECT_EQ(ask(TCLUNK, Fields().w(99)), EBADF);
}

TEST_F(SessionTest, TooLongForTheSession) {
    start({}, 4096);
    EXPECT_EQ(ask(TWRITE, Fields().w(kRoot).q(0).w(4090).raw(std::string(4090, 'x'))), EMSGSIZE);
}

// Cut off anywhere, a request does nothing.
TEST_F(SessionTest, TruncatedMessages) {
    share_.write("file", "content");
    start();
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    const std::pair<u8, Fields> requests[] = {
        {TWALK, Fields().w(kRoot).w(9).h(1).s("file")},
        {TLCREATE, Fields().w(kRoot).s("new").w(0102).w(0644).w(0)},
        {TMKDIR, Fields().w(kRoot).s("new").w(0755).w(0)},
        {TSYMLINK, Fields().w(kRoot).s("new").s("target").w(0)},
        {TMKNOD, Fields().w(kRoot).s("new").w(0100644).w(0).w(0).w(0)},
        {TLINK, Fields().w(kRoot).w(1).s("new")},
        {TRENAMEAT, Fields().w(kRoot).s("file").w(kRoot).s("new")},
        {TRENAME, Fields().w(1).w(kRoot).s("new")},
        {TUNLINKAT, Fields().w(kRoot).s("file").w(0)},
        {TSETATTR, Fields().w(1).w(8).w(0).w(0).w(0).q(0).q(0).q(0).q(0).q(0)},
        {TWRITE, Fields().w(1).q(0).w(5).raw("12345")},
        {TXATTRCREATE, Fields().w(1).s("user.x").q(1).w(0)},
        {TXATTRWALK, Fields().w(1).w(9).s("")},
        {TLOCK, Fields().w(1).b(0).w(0).q(0).q(0).w(1).s("client")},
        {TGETLOCK, Fields().w(1).b(0).q(0).q(0).w(1).s("client")},
        {TREADDIR, Fields().w(kRoot).q(0).w(100)},
        {TFSYNC, Fields().w(kRoot).w(0)},
        {TATTACH, Fields().w(9).w(NOFID).s("").s("").w(0)},
    };
    for (const auto& [type, fields] : requests) {
        for (std::size_t bytes = 0; bytes < fields.bytes.size(); ++bytes) {
            const auto reply = send(message(type, Fields().raw(fields.bytes.substr(0, bytes))));
            ASSERT_TRUE(reply.has_value());
            EXPECT_TRUE(reply->error() == EINVAL || reply->error() == EBADF) << int{type} << " " << bytes;
        }
    }
    EXPECT_FALSE(share_.has("new"));
    EXPECT_EQ(share_.read("file"), "content");
    EXPECT_EQ(clunk(9), EBADF);
}

// Linux before 5.11 counts only the fields of a Twrite.
TEST_F(SessionTest, DataBeyondTheSizeOfTheMessage) {
    start();
    ASSERT_EQ(walk(kRoot, 1, {}), 0);
    ASSERT_EQ(lcreate(1, "file", 2), 0);
    const std::string written = Fields().w(23).b(TWRITE).h(1).w(1).q(0).w(4).raw("data").bytes;
    EXPECT_TRUE(send(written));
    EXPECT_EQ(share_.read("file"), "data");
}

TEST_F(SessionTest, ReadDirectory) {
    for (int i = 0; i < 1000; ++i) share_.write("file" + std::to_string(i), "");
    start();
    ASSERT_EQ(walk(kRoot, 1, {}), 0);
    EXPECT_EQ(ask(TREADDIR, Fields().w(1).q(0).w(8192)), EBADF);  // not open
    ASSERT_EQ(lopen(1, 0200000), 0);
    for (const u32 count : {64u, 1000u, 65536u}) {
        std::vector<std::string> found = names(1, count);
        std::ranges::sort(found);
        EXPECT_EQ(std::ranges::unique(found).size(), 0u);
        EXPECT_EQ(found.size(), 1002u);
    }
    EXPECT_EQ(ask(TREADDIR, Fields().w(1).q(0).w(10)), EINVAL);  // room for none
    // Hostile offsets may give anything but harm.
    (void)ask(TREADDIR, Fields().w(1).q(~u64{0}).w(1000));
    (void)ask(TREADDIR, Fields().w(1).q(12345).w(1000));
    EXPECT_EQ(names(1).size(), 1002u);
}

TEST_F(SessionTest, TheRootsParentIsNotShown) {
    start();
    ASSERT_EQ(walk(kRoot, 1, {}), 0);
    ASSERT_EQ(lopen(1, 0), 0);
    Reply reply = ask(TREADDIR, Fields().w(1).q(0).w(8192));
    reply.at = 4;
    while (reply.at < reply.bytes.size()) {
        reply.at += 5;
        EXPECT_EQ(reply.take<u64>(), share_.status("").st_ino);
        reply.at += 9;
        EXPECT_THAT(reply.text(), testing::AnyOf(".", ".."));
    }
}

TEST_F(SessionTest, StatFs) {
    start();
    Reply reply = ask(TSTATFS, Fields().w(kRoot));
    EXPECT_EQ(reply, 0);
    EXPECT_EQ(reply.bytes.size(), 60u);
    reply.at = 56;
    EXPECT_EQ(reply.take<u32>(), 255u);
}

}  // namespace
}  // namespace trapeze::p9
