// A client of a session, and directories for it to share. Numbers are those of the protocol, not those of the
// implementation.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "session.h"
#include "trapeze/base/fd.h"

namespace trapeze::p9 {

enum : u8 {
    RLERROR = 7,
    TSTATFS = 8,
    TLOPEN = 12,
    TLCREATE = 14,
    TSYMLINK = 16,
    TMKNOD = 18,
    TRENAME = 20,
    TREADLINK = 22,
    TGETATTR = 24,
    TSETATTR = 26,
    TXATTRWALK = 30,
    TXATTRCREATE = 32,
    TREADDIR = 40,
    TFSYNC = 50,
    TLOCK = 52,
    TGETLOCK = 54,
    TLINK = 70,
    TMKDIR = 72,
    TRENAMEAT = 74,
    TUNLINKAT = 76,
    TVERSION = 100,
    TAUTH = 102,
    TATTACH = 104,
    TFLUSH = 108,
    TWALK = 110,
    TREAD = 116,
    TWRITE = 118,
    TCLUNK = 120,
    TREMOVE = 122,
};
constexpr u32 NOFID = ~u32{0};

// The fields of a message.
class Fields {
public:
    template <typename T>
    Fields& put(T value) {
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
        return *this;
    }
    Fields& b(u8 v) { return put(v); }
    Fields& h(u16 v) { return put(v); }
    Fields& w(u32 v) { return put(v); }
    Fields& q(u64 v) { return put(v); }
    Fields& s(std::string_view text) {
        h(static_cast<u16>(text.size()));
        bytes += text;
        return *this;
    }
    Fields& raw(std::string_view text) {
        bytes += text;
        return *this;
    }
    std::string bytes;
};

// A reply; fields are read in order, those that are missing as zero.
struct Reply {
    u8 type = 0;
    u16 tag = 0;
    std::string bytes = {};
    std::size_t at = 0;

    template <typename T>
    T take() {
        T value{};
        if (at + sizeof value <= bytes.size()) std::memcpy(&value, &bytes[at], sizeof value);
        at += sizeof value;
        return value;
    }
    std::string text() {
        const auto length = take<u16>();
        const std::string result = at <= bytes.size() ? bytes.substr(at, length) : std::string();
        at += length;
        return result;
    }
    // errno of an Rlerror, else 0.
    int error() const {
        u32 number = 0;
        if (type != RLERROR) return 0;
        std::memcpy(&number, bytes.data(), sizeof number);
        return static_cast<int>(number);
    }
    bool operator==(int number) const { return error() == number; }
};
inline void PrintTo(const Reply& reply, std::ostream* out) {
    *out << "reply " << int{reply.type} << ", error " << reply.error();
}

// A directory that is gone after the test.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string name = std::filesystem::temp_directory_path() / "trapeze-p9-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path = name;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::filesystem::path operator/(std::string_view name) const { return path / name; }
    void write(std::string_view name, std::string_view content) const {
        std::ofstream(path / name, std::ios::binary) << content;
    }
    std::string read(std::string_view name) const {
        std::ifstream file(path / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    struct stat status(std::string_view name) const {
        struct stat status {};
        EXPECT_EQ(::lstat((path / name).c_str(), &status), 0) << name;
        return status;
    }
    bool has(std::string_view name) const {
        struct stat status {};
        return ::lstat((path / name).c_str(), &status) == 0;
    }
    bool xattrs() const {
        return ::setxattr(path.c_str(), "user.probe", "", 0, 0) == 0 &&
               ::removexattr(path.c_str(), "user.probe") == 0;
    }

    std::filesystem::path path;
};

class SessionTest : public testing::Test {
protected:
    static constexpr u32 kRoot = 0;  // the fid of the root, after start()

    void open(ShareConfig config = {}) {
        config.path = share_.path;
        const Fd directory(::open(share_.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        auto tree = Tree::create(config, directory.get());
        ASSERT_TRUE(tree.has_value());
        session_ = std::make_unique<Session>(std::move(*tree));
    }
    void start(ShareConfig config = {}, u32 msize = 65536) {
        open(config);
        ASSERT_EQ(ask(TVERSION, Fields().w(msize).s("9P2000.L")), 0);
        ASSERT_EQ(attach(kRoot), 0);
    }

    // Whatever bytes; nullopt: the server takes them for no message.
    std::optional<Reply> send(std::string_view message, std::size_t room = 1 << 20) {
        std::vector<u8> reply(room, 0xee);
        const auto bytes =
            session_->answer({reinterpret_cast<const u8*>(message.data()), message.size()}, reply);
        if (!bytes) return std::nullopt;
        EXPECT_GE(*bytes, 7u);
        u32 size = 0;
        std::memcpy(&size, reply.data(), sizeof size);
        EXPECT_EQ(size, *bytes);
        Reply result{.type = reply[4]};
        std::memcpy(&result.tag, &reply[5], sizeof result.tag);
        result.bytes.assign(reply.begin() + 7, reply.begin() + static_cast<std::ptrdiff_t>(*bytes));
        return result;
    }
    static std::string message(u8 type, const Fields& fields, u16 tag = 77) {
        return Fields().w(static_cast<u32>(7 + fields.bytes.size())).b(type).h(tag).raw(fields.bytes).bytes;
    }
    Reply ask(u8 type, const Fields& fields, std::size_t room = 1 << 20) {
        const auto reply = send(message(type, fields), room);
        if (!reply) {
            ADD_FAILURE() << "no reply to " << int{type};
            return {};
        }
        EXPECT_EQ(reply->tag, 77);
        EXPECT_TRUE(reply->type == type + 1 || reply->type == RLERROR);
        return *reply;
    }

    Reply attach(u32 fid, u32 uid = ::getuid()) {
        return ask(TATTACH, Fields().w(fid).w(NOFID).s("user").s("/").w(uid));
    }
    Reply walk(u32 fid, u32 to, const std::vector<std::string>& names) {
        Fields fields;
        fields.w(fid).w(to).h(static_cast<u16>(names.size()));
        for (const std::string& name : names) fields.s(name);
        return ask(TWALK, fields);
    }
    Reply clunk(u32 fid) { return ask(TCLUNK, Fields().w(fid)); }
    Reply lopen(u32 fid, u32 flags) { return ask(TLOPEN, Fields().w(fid).w(flags)); }
    Reply lcreate(u32 fid, std::string_view name, u32 flags, u32 mode = 0644) {
        return ask(TLCREATE, Fields().w(fid).s(name).w(flags).w(mode).w(::getgid()));
    }
    Reply mkdir(u32 fid, std::string_view name, u32 mode = 0755) {
        return ask(TMKDIR, Fields().w(fid).s(name).w(mode).w(::getgid()));
    }
    Reply symlink(u32 fid, std::string_view name, std::string_view target) {
        return ask(TSYMLINK, Fields().w(fid).s(name).s(target).w(::getgid()));
    }
    Reply mknod(u32 fid, std::string_view name, u32 mode, u32 major = 0, u32 minor = 0) {
        return ask(TMKNOD, Fields().w(fid).s(name).w(mode).w(major).w(minor).w(::getgid()));
    }
    Reply write(u32 fid, u64 offset, std::string_view data) {
        return ask(TWRITE, Fields().w(fid).q(offset).w(static_cast<u32>(data.size())).raw(data));
    }
    std::string read(u32 fid, u64 offset, u32 count) {
        Reply reply = ask(TREAD, Fields().w(fid).q(offset).w(count));
        EXPECT_EQ(reply, 0);
        const auto bytes = reply.take<u32>();
        EXPECT_EQ(reply.bytes.size(), bytes + 4);
        return reply.bytes.substr(4);
    }
    Reply unlink(u32 fid, std::string_view name, u32 flags = 0) {
        return ask(TUNLINKAT, Fields().w(fid).s(name).w(flags));
    }
    Reply set(u32 fid, u32 valid, u32 mode, u32 uid = 0, u32 gid = 0, u64 size = 0, u64 time = 0) {
        return ask(TSETATTR,
                   Fields().w(fid).w(valid).w(mode).w(uid).w(gid).q(size).q(time).q(5).q(time).q(6));
    }

    struct Attributes {
        u64 valid;
        u8 type;
        u64 path;
        u32 mode, uid, gid;
        u64 links, device, size;
    };
    Attributes attributes(u32 fid) {
        Reply reply = ask(TGETATTR, Fields().w(fid).q(0x7ff));
        EXPECT_EQ(reply, 0);
        EXPECT_EQ(reply.bytes.size(), 153u);
        Attributes a{};
        a.valid = reply.take<u64>();
        a.type = reply.take<u8>();
        (void)reply.take<u32>();
        a.path = reply.take<u64>();
        a.mode = reply.take<u32>();
        a.uid = reply.take<u32>();
        a.gid = reply.take<u32>();
        a.links = reply.take<u64>();
        a.device = reply.take<u64>();
        a.size = reply.take<u64>();
        return a;
    }
    // Those of all entries, each request for up to `count` bytes.
    std::vector<std::string> names(u32 fid, u32 count = 8192) {
        std::vector<std::string> names;
        for (u64 offset = 0;;) {
            Reply reply = ask(TREADDIR, Fields().w(fid).q(offset).w(count));
            EXPECT_EQ(reply, 0);
            const auto bytes = reply.take<u32>();
            EXPECT_LE(bytes, count);
            if (bytes == 0 || reply.error() != 0) break;
            while (reply.at < reply.bytes.size()) {
                reply.at += 13;
                offset = reply.take<u64>();
                (void)reply.take<u8>();
                names.push_back(reply.text());
            }
        }
        return names;
    }
    std::string read_link(u32 fid) {
        Reply reply = ask(TREADLINK, Fields().w(fid));
        return reply.error() == 0 ? reply.text() : "error " + std::to_string(reply.error());
    }
    Reply xattr_walk(u32 fid, u32 to, std::string_view name) {
        return ask(TXATTRWALK, Fields().w(fid).w(to).s(name));
    }
    // On a fid that it uses up.
    Reply set_xattr(u32 fid, std::string_view name, std::string_view value, u32 flags = 0) {
        const Reply created = ask(TXATTRCREATE, Fields().w(fid).s(name).q(value.size()).w(flags));
        if (created.error() != 0) return created;
        if (!value.empty()) {
            EXPECT_EQ(write(fid, 0, value), 0);
        }
        return clunk(fid);
    }

    TemporaryDirectory share_;
    std::unique_ptr<Session> session_;
};

}  // namespace trapeze::p9
