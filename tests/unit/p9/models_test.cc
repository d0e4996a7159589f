// Security models, and several file systems of the host. The attributes of the mapped model are those that
// QEMU documents for security_model=mapped-xattr: user.virtfs.{uid,gid,mode,rdev}, little-endian.
#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "client.h"
#include "device_numbers.h"

namespace trapeze::p9 {
namespace {

class MappedTest : public SessionTest {
protected:
    void SetUp() override {
        if (!share_.xattrs()) GTEST_SKIP() << "no extended attributes in the temporary directory";
        open({.model = SecurityModel::Mapped, .file_mode = 0640, .directory_mode = 0750});
        ASSERT_EQ(ask(TVERSION, Fields().w(65536).s("9P2000.L")), 0);
        ASSERT_EQ(attach(kRoot, 1234), 0);
    }
    std::string host_xattr(std::string_view file, const char* name) {
        char value[64];
        const ssize_t bytes = ::getxattr((share_ / file).c_str(), name, value, sizeof value);
        return bytes < 0 ? "none" : std::string(value, static_cast<std::size_t>(bytes));
    }
    static std::string bytes(std::initializer_list<int> list) {
        std::string text;
        for (const int byte : list) text += static_cast<char>(byte);
        return text;
    }
    Reply make(u8 type, const Fields& fields) { return ask(type, Fields().raw(fields.bytes).w(0x01020304)); }
};

TEST_F(MappedTest, FilesHaveTheAttributesOfQemu) {
    ASSERT_EQ(walk(kRoot, 1, {}), 0);
    ASSERT_EQ(make(TLCREATE, Fields().w(1).s("file").w(2).w(04755)), 0);
    EXPECT_EQ(host_xattr("file", "user.virtfs.uid"), bytes({0xd2, 0x04, 0, 0}));
    EXPECT_EQ(host_xattr("file", "user.virtfs.gid"), bytes({4, 3, 2, 1}));
    EXPECT_EQ(host_xattr("file", "user.virtfs.mode"), bytes({0xed, 0x89, 0, 0}));  // 0104755
    EXPECT_EQ(host_xattr("file", "user.virtfs.rdev"), "none");
    const struct stat status = share_.status("file");
    EXPECT_EQ(status.st_mode & ~022u, S_IFREG | 0640u);
    EXPECT_EQ(status.st_uid, ::geteuid());
    const Attributes seen = attributes(1);
    EXPECT_EQ(seen.mode, S_IFREG | 04755u);
    EXPECT_EQ(seen.uid, 1234u);
    EXPECT_EQ(seen.gid, 0x01020304u);
}

TEST_F(MappedTest, DirectoriesNodesAndLinks) {
    ASSERT_EQ(make(TMKDIR, Fields().w(kRoot).s("dir").w(01777)), 0);
    EXPECT_EQ(host_xattr("dir", "user.virtfs.mode"), bytes({0xff, 0x43, 0, 0}));  // 041777
    EXPECT_EQ(share_.status("dir").st_mode & ~022u, S_IFDIR | 0750u);

    ASSERT_EQ(make(TMKNOD, Fields().w(kRoot).s("null").w(S_IFCHR | 0666).w(1).w(3)), 0);
    EXPECT_EQ(host_xattr("null", "user.virtfs.mode"), bytes({0xb6, 0x21, 0, 0}));  // 020666
    EXPECT_EQ(host_xattr("null", "user.virtfs.rdev"), bytes({3, 1, 0, 0, 0, 0, 0, 0}));
    EXPECT_TRUE(S_ISREG(share_.status("null").st_mode));
    ASSERT_EQ(walk(kRoot, 1, {"null"}), 0);
    EXPECT_EQ(attributes(1).mode, S_IFCHR | 0666u);
    EXPECT_EQ(attributes(1).device, makedev(1, 3));

    ASSERT_EQ(make(TMKNOD, Fields().w(kRoot).s("fifo").w(S_IFIFO | 0600).w(0).w(0)), 0);
    EXPECT_TRUE(S_ISREG(share_.status("fifo").st_mode));

    Reply made = make(TSYMLINK, Fields().w(kRoot).s("link").s("/etc/passwd"));
    ASSERT_EQ(made, 0);
    EXPECT_EQ(made.take<u8>(), 2);
    EXPECT_EQ(host_xattr("link", "user.virtfs.mode"), bytes({0xff, 0xa1, 0, 0}));  // 0120777
    EXPECT_TRUE(S_ISREG(share_.status("link").st_mode));
    EXPECT_EQ(share_.read("link"), "/etc/passwd");
    ASSERT_EQ(walk(kRoot, 2, {"link"}), 0);
    EXPECT_EQ(attributes(2).mode, S_IFLNK | 0777u);
    EXPECT_EQ(read_link(2), "/etc/passwd");
    EXPECT_EQ(walk(2, 3, {"x"}), ENOTDIR);

    // A host's own link, which QEMU's shares do not have.
    std::filesystem::create_symlink("target", share_ / "own");
    ASSERT_EQ(walk(kRoot, 4, {"own"}), 0);
    EXPECT_EQ(read_link(4), "target");
}

TEST_F(MappedTest, ChangesAreAttributes) {
    share_.write("file", "");
    ASSERT_EQ(::chmod((share_ / "file").c_str(), 0600), 0);
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    EXPECT_EQ(attributes(1).uid, ::geteuid());  // the host's, as long as there are no others
    EXPECT_EQ(set(1, 0x1, 0777), 0);
    EXPECT_EQ(attributes(1).mode, S_IFREG | 0777u);
    EXPECT_EQ(host_xattr("file", "user.virtfs.mode"), bytes({0xff, 0x81, 0, 0}));
    EXPECT_EQ(set(1, 0x2, 0, 5, 6), 0);
    EXPECT_EQ(attributes(1).uid, 5u);
    EXPECT_EQ(host_xattr("file", "user.virtfs.gid"), "none");
    EXPECT_EQ(set(1, 0x4, 0, 7, 8), 0);
    EXPECT_EQ(attributes(1).uid, 5u);
    EXPECT_EQ(attributes(1).gid, 8u);
    EXPECT_EQ(share_.status("file").st_mode, S_IFREG | 0600u);
}

TEST_F(MappedTest, TheAttributesThemselvesAreHidden) {
    ASSERT_EQ(walk(kRoot, 1, {}), 0);
    ASSERT_EQ(make(TLCREATE, Fields().w(1).s("file").w(2).w(0644)), 0);
    ASSERT_EQ(walk(kRoot, 2, {"file"}), 0);
    ASSERT_EQ(walk(2, 3, {}), 0);
    ASSERT_EQ(set_xattr(3, "user.mine", "x"), 0);
    EXPECT_EQ(xattr_walk(2, 4, "user.virtfs.uid"), ENODATA);
    ASSERT_EQ(walk(2, 3, {}), 0);
    EXPECT_EQ(set_xattr(3, "user.virtfs.uid", "1234"), EACCES);
    ASSERT_EQ(walk(2, 3, {}), 0);
    EXPECT_EQ(set_xattr(3, "user.virtfs.uid", "", 2), EACCES);
    ASSERT_EQ(xattr_walk(2, 4, ""), 0);
    EXPECT_EQ(read(4, 0, 1000), std::string("user.mine\0", 10));
    EXPECT_EQ(clunk(4), 0);
    // Access control lists are attributes of the host's as well.
    ASSERT_EQ(walk(2, 3, {}), 0);
    EXPECT_EQ(set_xattr(3, "system.posix_acl_access", "list"), 0);
    EXPECT_EQ(host_xattr("file", "user.virtfs.system.posix_acl_access"), "list");
    ASSERT_EQ(xattr_walk(2, 4, "system.posix_acl_access"), 0);
    EXPECT_EQ(read(4, 0, 1000), "list");
    EXPECT_EQ(clunk(4), 0);
    ASSERT_EQ(xattr_walk(2, 4, ""), 0);
    EXPECT_THAT(read(4, 0, 1000), testing::HasSubstr("system.posix_acl_access"));
}

TEST_F(MappedTest, ReadDirectoryDoesNotGuessKinds) {
    ASSERT_EQ(make(TSYMLINK, Fields().w(kRoot).s("link").s("x")), 0);
    ASSERT_EQ(walk(kRoot, 1, {}), 0);
    ASSERT_EQ(lopen(1, 0), 0);
    Reply reply = ask(TREADDIR, Fields().w(1).q(0).w(8192));
    reply.at = 4;
    while (reply.at < reply.bytes.size()) {
        reply.at += 21;
        const u8 type = reply.take<u8>();
        EXPECT_EQ(type, reply.text() == "link" ? DT_UNKNOWN : DT_DIR);
    }
}

// Files are who attached's, if that is possible.
TEST_F(SessionTest, PassthroughGivesFilesAway) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs privileges";
    open({.model = SecurityModel::Passthrough});
    ASSERT_EQ(ask(TVERSION, Fields().w(65536).s("9P2000.L")), 0);
    ASSERT_EQ(attach(kRoot, 1234), 0);
    ASSERT_EQ(ask(TMKDIR, Fields().w(kRoot).s("dir").w(02755).w(5678)), 0);
    EXPECT_EQ(share_.status("dir").st_uid, 1234u);
    EXPECT_EQ(share_.status("dir").st_gid, 5678u);
    EXPECT_EQ(share_.status("dir").st_mode, S_IFDIR | 02755u);
    ASSERT_EQ(ask(TSYMLINK, Fields().w(kRoot).s("link").s("/etc/passwd").w(5678)), 0);
    EXPECT_EQ(share_.status("link").st_uid, 1234u);
    ASSERT_EQ(walk(kRoot, 1, {"dir"}), 0);
    EXPECT_EQ(set(1, 0x2, 0, 99), 0);
    EXPECT_EQ(share_.status("dir").st_uid, 99u);
}

TEST(DeviceNumbers, ByPolicy) {
    DeviceNumbers warn(MultiDevices::Warn, 1), remap(MultiDevices::Remap, 1), forbid(MultiDevices::Forbid, 1);
    EXPECT_EQ(warn.path_of(1, 42), 42u);
    EXPECT_EQ(remap.path_of(1, 42), 42u);
    EXPECT_EQ(forbid.path_of(1, 42), 42u);
    EXPECT_EQ(warn.path_of(2, 42), 42u);
    EXPECT_EQ(forbid.path_of(2, 42).error(), ENODEV);
    const u64 second = *remap.path_of(2, 42), third = *remap.path_of(3, 42);
    EXPECT_NE(second, 42u);
    EXPECT_NE(third, 42u);
    EXPECT_NE(second, third);
    EXPECT_EQ(remap.path_of(2, 42), second);
}

}  // namespace
}  // namespace trapeze::p9
