// A guest that wants out of the share, or to harm the program, and others who help it.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <thread>

#include "client.h"

namespace trapeze::p9 {
namespace {

class EscapeTest : public SessionTest {
protected:
    EscapeTest() { outside_.write("secret", "secret"); }
    TemporaryDirectory outside_;
};

TEST_F(EscapeTest, NamesAreSingleComponents) {
    std::filesystem::create_directories(share_ / "a/b");
    share_.write("a/file", "content");
    start();
    const std::string zero("a\0b", 3);
    for (const std::string& name : {std::string("a/file"), std::string("/"), std::string("/etc/passwd"),
                                    std::string("a/"), std::string("../x"), std::string(), zero}) {
        EXPECT_EQ(walk(kRoot, 1, {name}), ENOENT) << name;
        EXPECT_EQ(lcreate(kRoot, name, 2), EINVAL) << name;
        EXPECT_EQ(mkdir(kRoot, name), EINVAL) << name;
        EXPECT_EQ(symlink(kRoot, name, "x"), EINVAL) << name;
        EXPECT_EQ(mknod(kRoot, name, 0644), EINVAL) << name;
        EXPECT_EQ(ask(TRENAMEAT, Fields().w(kRoot).s("a").w(kRoot).s(name)), EINVAL) << name;
        EXPECT_EQ(ask(TRENAMEAT, Fields().w(kRoot).s(name).w(kRoot).s("c")), EINVAL) << name;
        EXPECT_EQ(unlink(kRoot, name), EINVAL) << name;
    }
    for (const std::string_view name : {".", ".."}) {
        EXPECT_EQ(lcreate(kRoot, name, 2), EEXIST);
        EXPECT_EQ(mkdir(kRoot, name), EEXIST);
        EXPECT_NE(unlink(kRoot, name, 0x200), 0);
        EXPECT_NE(ask(TRENAMEAT, Fields().w(kRoot).s(name).w(kRoot).s("c")), 0);
    }
    EXPECT_EQ(walk(kRoot, 1, {std::string(300, 'x')}), ENAMETOOLONG);
}

TEST_F(EscapeTest, TheParentOfTheRootIsTheRoot) {
    std::filesystem::create_directories(share_ / "a/b");
    start();
    const u64 root = share_.status("").st_ino;
    ASSERT_EQ(walk(kRoot, 1, {"..", "..", ".."}), 0);
    EXPECT_EQ(attributes(1).path, root);
    ASSERT_EQ(walk(kRoot, 2, {"a", "b", "..", "..", "..", ".."}), 0);
    EXPECT_EQ(attributes(2).path, root);
}

// A directory that was moved out of the share still leads back into it.
TEST_F(EscapeTest, TheParentOfWhatWasMovedOut) {
    std::filesystem::create_directories(share_ / "a/b");
    start();
    ASSERT_EQ(walk(kRoot, 1, {"a", "b"}), 0);
    std::filesystem::rename(share_ / "a/b", outside_ / "b");
    ASSERT_EQ(walk(1, 2, {".."}), 0);
    EXPECT_EQ(attributes(2).path, share_.status("a").st_ino);
    EXPECT_EQ(walk(1, 3, {"..", "secret"}).bytes.size(), 2 + 13u);  // not found there
}

TEST_F(EscapeTest, SymbolicLinksAreNotFollowed) {
    const std::string outside = outside_.path;
    start();
    ASSERT_EQ(symlink(kRoot, "dir", outside), 0);
    ASSERT_EQ(symlink(kRoot, "file", outside + "/secret"), 0);
    ASSERT_EQ(symlink(kRoot, "up", ".."), 0);
    ASSERT_EQ(symlink(kRoot, "proc", "/proc/self/root"), 0);
    for (const std::string name : {"dir", "up", "proc"}) {
        Reply reply = walk(kRoot, 1, {name, "secret"});
        EXPECT_EQ(reply.take<u16>(), 1) << name;  // only the link
        ASSERT_EQ(walk(kRoot, 2, {name}), 0);
        EXPECT_EQ(walk(2, 3, {"secret"}), ENOTDIR);
        EXPECT_EQ(walk(2, 3, {".."}), ENOTDIR);
        EXPECT_EQ(lopen(2, 0), ELOOP);
        EXPECT_EQ(lcreate(2, "new", 2), ENOTDIR);
        EXPECT_EQ(mkdir(2, "new"), ENOTDIR);
        EXPECT_EQ(symlink(2, "new", "x"), ENOTDIR);
        EXPECT_EQ(mknod(2, "new", 0644), ENOTDIR);
        EXPECT_EQ(unlink(2, "secret"), ENOTDIR);
        EXPECT_EQ(ask(TRENAMEAT, Fields().w(2).s("secret").w(kRoot).s("mine")), ENOTDIR);
        EXPECT_EQ(clunk(2), 0);
    }
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    EXPECT_EQ(lopen(1, 0), ELOOP);
    EXPECT_EQ(lopen(1, 01002), ELOOP);
    EXPECT_EQ(set(1, 0x8, 0, 0, 0, 0), EINVAL);
    (void)set(1, 0x1, 0777);
    (void)xattr_walk(1, 9, "user.x");
    EXPECT_EQ(lcreate(kRoot, "file", 02 | 01000), ELOOP);
    EXPECT_EQ(attributes(1).size, outside.size() + 7);
    EXPECT_EQ(outside_.read("secret"), "secret");
    EXPECT_NE(outside_.status("secret").st_mode & 0777, 0777u);
    EXPECT_FALSE(outside_.has("new"));
}

TEST_F(EscapeTest, SpecialFilesAreNotOpened) {
    ASSERT_EQ(::mkfifo((share_ / "fifo").c_str(), 0600), 0);
    const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const std::string path = share_ / "socket";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const bool device = ::mknod((share_ / "device").c_str(), S_IFCHR | 0600, makedev(1, 5)) == 0;
    start();
    for (const std::string name : {"fifo", "socket", "device"}) {
        if (name == "device" && !device) continue;  // needs privileges
        ASSERT_EQ(walk(kRoot, 1, {name}), 0);
        for (const u32 flags : {0u, 1u, 2u, 01002u, 04000u}) EXPECT_EQ(lopen(1, flags), ENXIO);
        EXPECT_EQ(set(1, 0x8, 0, 0, 0, 0), EINVAL);
        EXPECT_EQ(clunk(1), 0);
        ASSERT_EQ(walk(kRoot, 1, {}), 0);
        EXPECT_EQ(lcreate(1, name, 2), ENXIO);
        EXPECT_EQ(lcreate(1, name, 0), ENXIO);
        EXPECT_EQ(clunk(1), 0);
    }
}

// While somebody else puts a link to the outside in the place of a directory and takes it away again.
TEST_F(EscapeTest, SwappedForASymbolicLink) {
    std::filesystem::create_directories(share_ / "dir");
    share_.write("dir/file", "inside");
    outside_.write("file", "outside");
    std::filesystem::create_directory_symlink(outside_.path, share_ / "link");
    start();
    std::atomic<bool> end = false;
    std::thread swapper([&] {
        const std::string dir = share_ / "dir", link = share_ / "link";
        while (!end) {
            ::renameat2(AT_FDCWD, dir.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
            std::this_thread::yield();  // the directory has one lock
        }
    });
    unsigned seen = 0;
    for (int i = 0; i < 400; ++i) {
        Reply reply = walk(kRoot, 1, {"dir", "file"});
        if (reply.error() == 0 && reply.take<u16>() == 2) {
            ++seen;
            EXPECT_EQ(lopen(1, 0), 0);
            EXPECT_EQ(read(1, 0, 100), "inside");
            EXPECT_EQ(clunk(1), 0);
        }
        if (walk(kRoot, 2, {"dir"}).error() == 0) {
            if (lcreate(2, "new", 02).error() == 0) {
                (void)write(2, 0, "new");
            }
            EXPECT_EQ(clunk(2), 0);
        }
        (void)mkdir(kRoot, "dir");
        if (walk(kRoot, 3, {"dir"}).error() == 0) {
            (void)unlink(3, "new");
            EXPECT_EQ(clunk(3), 0);
        }
    }
    end = true;
    swapper.join();
    EXPECT_GT(seen, 0u);
    EXPECT_FALSE(outside_.has("new"));
    EXPECT_EQ(outside_.read("file"), "outside");
    EXPECT_EQ(outside_.read("secret"), "secret");
}

// While what is created is swapped: what gets owner and mode is never outside.
TEST_F(EscapeTest, CreatedAndSwapped) {
    std::filesystem::create_symlink(outside_ / "secret", share_ / "link");
    start();
    std::atomic<bool> end = false;
    std::thread swapper([&] {
        const std::string made = share_ / "made", link = share_ / "link";
        while (!end) {
            ::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
            std::this_thread::yield();  // the directory has one lock
        }
    });
    for (int i = 0; i < 200; ++i) {
        (void)mknod(kRoot, "made", S_IFREG | 0777);
        (void)unlink(kRoot, "made");
        (void)mkdir(kRoot, "made", 0777);
        (void)unlink(kRoot, "made", 0x200);
    }
    end = true;
    swapper.join();
    EXPECT_NE(outside_.status("secret").st_mode & 0777, 0777u);
    EXPECT_EQ(outside_.read("secret"), "secret");
}

// As deep as descriptors go: nothing here may be recursive.
TEST_F(EscapeTest, DeepDirectories) {
    constexpr u32 kDepth = 400;
    start();
    for (u32 i = 0; i < kDepth; ++i) {
        ASSERT_EQ(mkdir(i, "d"), 0) << i;
        ASSERT_EQ(walk(i, i + 1, {"d"}), 0);
    }
    for (u32 i = 0; i < kDepth; ++i) ASSERT_EQ(clunk(i), 0);
    EXPECT_EQ(walk(kDepth, 1, std::vector<std::string>(16, "..")), 0);
    session_->reset();
}

TEST_F(EscapeTest, DescriptorsAreKeptForOthers) {
    rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
    const rlimit few{.rlim_cur = 100, .rlim_max = old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    raise_descriptor_limit();
    rlimit raised{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &raised), 0);
    EXPECT_EQ(raised.rlim_cur, old.rlim_max);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    limit_descriptors(100);

    share_.write("file", "");
    start();
    u32 fid = 1;
    while (fid < 200 && walk(kRoot, fid, {"file"}).error() == 0) ++fid;
    EXPECT_EQ(walk(kRoot, fid, {"file"}), EMFILE);
    EXPECT_EQ(fid, 75u);  // three quarters, with the root
    EXPECT_EQ(lopen(1, 0), EMFILE);
    EXPECT_EQ(lcreate(kRoot, "new", 2), EMFILE);
    EXPECT_FALSE(share_.has("new"));
    EXPECT_EQ(mkdir(kRoot, "new"), EMFILE);
    EXPECT_FALSE(share_.has("new"));
    EXPECT_EQ(clunk(1), 0);
    EXPECT_EQ(walk(kRoot, 1, {"file"}), 0);
    EXPECT_EQ(walk(kRoot, 999, {}), 0);  // needs none
    session_->reset();
    session_.reset();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
    raise_descriptor_limit();
}

TEST_F(EscapeTest, ExtendedAttributesInTheMakingAreFew) {
    start();
    share_.write("file", "");
    ASSERT_EQ(walk(kRoot, 1, {"file"}), 0);
    u32 fid = 2;
    for (; fid < 3000; ++fid) {
        ASSERT_EQ(walk(1, fid, {}), 0);
        if (ask(TXATTRCREATE, Fields().w(fid).s("user.x").q(65536).w(0)).error() != 0) break;
    }
    EXPECT_EQ(fid, 2 + 1024u);
    session_->reset();
}

// Requests at the same time, on the same fids.
TEST_F(EscapeTest, ManyThreads) {
    share_.write("file", std::string(1000, 'x'));
    start();
    std::vector<std::thread> threads;
    std::atomic<unsigned> answered = 0;
    for (u32 seed = 1; seed <= 4; ++seed) {
        threads.emplace_back([&, seed] {
            u32 state = seed;
            for (int i = 0; i < 1500; ++i) {
                state = state * 1664525 + 1013904223;
                const u32 fid = 1 + (state >> 28), number = state >> 24 & 15;
                switch (number) {
                    case 0: (void)walk(kRoot, fid, {"file"}); break;
                    case 1: (void)walk(kRoot, fid, {}); break;
                    case 2: (void)lopen(fid, 2); break;
                    case 3: (void)lcreate(fid, "new", 2); break;
                    case 4: (void)clunk(fid); break;
                    case 5: (void)ask(TREAD, Fields().w(fid).q(0).w(100)); break;
                    case 6: (void)write(fid, 0, "data"); break;
                    case 7: (void)ask(TREADDIR, Fields().w(fid).q(0).w(1000)); break;
                    case 8: (void)ask(TRENAMEAT, Fields().w(kRoot).s("file").w(kRoot).s("new")); break;
                    case 9: (void)ask(TRENAMEAT, Fields().w(kRoot).s("new").w(kRoot).s("file")); break;
                    case 10: (void)ask(TXATTRCREATE, Fields().w(fid).s("user.x").q(4).w(0)); break;
                    case 11: (void)xattr_walk(fid, fid + 1, ""); break;
                    case 12: (void)ask(TLOCK, Fields().w(fid).b(1).w(0).q(0).q(0).w(seed).s("g")); break;
                    case 13: (void)ask(TLOCK, Fields().w(fid).b(2).w(0).q(0).q(0).w(seed).s("g")); break;
                    case 14: (void)ask(TREMOVE, Fields().w(fid)); break;
                    default: (void)ask(TGETATTR, Fields().w(fid).q(0));
                }
                ++answered;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(answered, 6000u);
}

}  // namespace
}  // namespace trapeze::p9
