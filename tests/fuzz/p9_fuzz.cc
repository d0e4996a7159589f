// libFuzzer entry: a client that sends whatever it likes to a server of 9P on a real directory, beside which
// there is something that it must not reach. Messages are made of the input field by field, with few numbers
// and names, so that they meet; or are nothing but bytes of it.
#include <fcntl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "fuzz_input.h"
#include "session.h"
#include "trapeze/base/fd.h"

namespace trapeze::p9 {
namespace {

namespace fs = std::filesystem;

// <base>/share is shared, <base>/outside is not.
const fs::path& base() {
    static const fs::path path = [] {
        std::string name = "/dev/shm/trapeze-p9-fuzz-XXXXXX";
        require(::mkdtemp(name.data()) != nullptr);
        std::atexit([] { fs::remove_all(base()); });
        return fs::path(name);
    }();
    return path;
}

void prepare() {
    fs::remove_all(base() / "share");
    fs::remove_all(base() / "outside");
    fs::create_directories(base() / "share/a/b");
    fs::create_directories(base() / "outside");
    std::ofstream(base() / "share/f") << "content";
    std::ofstream(base() / "outside/f") << "secret";
    fs::create_symlink("../outside", base() / "share/l");
    fs::create_symlink(base() / "outside/f", base() / "share/a/l");
    require(::mkfifo((base() / "share/p").c_str(), 0600) == 0);
    require(::chmod((base() / "outside/f").c_str(), 0604) == 0);
}

void check() {
    unsigned entries = 0;
    for (const auto& entry : fs::directory_iterator(base())) {
        ++entries;
        require(entry.is_directory());
    }
    require(entries == 2);
    std::ifstream file(base() / "outside/f");
    require(std::string(std::istreambuf_iterator<char>(file), {}) == "secret");
    struct stat status {};
    require(::lstat((base() / "outside/f").c_str(), &status) == 0);
    require(status.st_mode == (S_IFREG | 0604) && status.st_nlink == 1 && status.st_uid == ::getuid());
    require(std::distance(fs::directory_iterator(base() / "outside"), fs::directory_iterator()) == 1);
}

constexpr u8 kTypes[] = {8,  12, 14, 16, 18, 20,  22,  24,  26,  30,  32,  40,  50,  52,
                         54, 70, 72, 74, 76, 102, 104, 108, 110, 116, 118, 120, 122, 100};
constexpr std::string_view kNames[] = {"a",     "b", "f", "l", "p", "n", "..", ".", "", "a/b", "../outside/f",
                                       "user.x"};

void put(std::string& message, u64 value, std::size_t bytes) {
    message.append(reinterpret_cast<const char*>(&value), bytes);
}

// What each request's fields are: f(id), n(ame), w(ord), q(uad), b(yte), d(ata), N(ames).
std::string_view shape(u8 type) {
    switch (type) {
        case 8: return "f";
        case 12: return "fw";
        case 14: return "fnwww";
        case 16: return "fnnw";
        case 18: return "fnwwww";
        case 20: return "ffn";
        case 22: return "f";
        case 24: return "fq";
        case 26: return "fwwwwqqqqq";
        case 30: return "ffn";
        case 32: return "fnqw";
        case 40: return "fqw";
        case 50: return "fw";
        case 52: return "fbwqqwn";
        case 54: return "fbqqwn";
        case 70: return "ffn";
        case 72: return "fnww";
        case 74: return "fnfn";
        case 76: return "fnw";
        case 104: return "fwnnw";
        case 110: return "ffN";
        case 116: return "fqw";
        case 118: return "fqd";
        default: return "f";
    }
}

u64 number(FuzzInput& input) {
    const u8 choice = input.take<u8>();
    if (choice < 200) return choice;
    constexpr u64 kEdges[] = {~u64{0}, 0x7fff'ffff'ffff'ffff, 0x200, 0x8000, 0xffff'ffff, 01002, 0100644,
                              0140755};
    return kEdges[choice % std::size(kEdges)];
}

void put_name(std::string& message, FuzzInput& input) {
    const std::string_view name = kNames[input.take<u8>() % std::size(kNames)];
    put(message, name.size(), 2);
    message += name;
}

std::string fields(u8 type, FuzzInput& input) {
    std::string message;
    for (const char field : shape(type)) {
        switch (field) {
            case 'f': put(message, input.take<u8>() % 6, 4); break;
            case 'n': put_name(message, input); break;
            case 'w': put(message, number(input), 4); break;
            case 'q': put(message, number(input), 8); break;
            case 'b': put(message, input.take<u8>(), 1); break;
            case 'd': {
                const auto data = input.take(input.take<u8>() % 32);
                put(message, data.size(), 4);
                message.append(data.begin(), data.end());
                break;
            }
            default: {
                const u8 names = input.take<u8>() % 5;
                put(message, names, 2);
                for (u8 i = 0; i < names; ++i) put_name(message, input);
            }
        }
    }
    return message;
}

void send(Session& session, u8 type, std::string_view body, std::size_t room) {
    std::string message;
    put(message, 7 + body.size(), 4);
    put(message, type, 1);
    put(message, 1, 2);
    message += body;
    std::vector<u8> reply(room);
    const auto bytes = session.answer({reinterpret_cast<const u8*>(message.data()), message.size()}, reply);
    if (!bytes) return;
    u32 size = 0;
    std::memcpy(&size, reply.data(), sizeof size);
    require(*bytes >= 7 && *bytes <= room && size == *bytes);
}

void fuzz(std::span<const u8> bytes) {
    prepare();
    FuzzInput input(bytes);
    const u8 choice = input.take<u8>();
    ShareConfig config;
    config.model = (choice & 1) != 0 ? SecurityModel::Mapped : SecurityModel::None;
    config.read_only = choice % 16 == 15;
    {
        const Fd directory(::open((base() / "share").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        auto tree = Tree::create(config, directory.get());
        require(tree.has_value());
        Session session(std::move(*tree));
        send(session, 100,
             std::string("\0\x20\0\0\x08\0"
                         "9P2000.L",
                         14),
             4096);
        std::string attach("\0\0\0\0\xff\xff\xff\xff\0\0\0\0", 12);
        put(attach, ::getuid(), 4);
        send(session, 104, attach, 4096);
        for (unsigned steps = 0; !input.empty() && steps < 64; ++steps) {
            const u8 step = input.take<u8>();
            if (step >= 250) {
                const auto raw = input.take(input.take<u8>());
                std::vector<u8> reply(64);
                (void)session.answer(raw, reply);
            } else {
                const u8 type = kTypes[step % (std::size(kTypes) - (step < 240 ? 1 : 0))];
                std::string body = fields(type, input);
                if (step >= 200)
                    body.resize(body.size() - std::min<std::size_t>(body.size(), input.take<u8>() % 8));
                send(session, type, body, step % 3 == 0 ? 160 : 4096);
            }
        }
    }
    check();
}

}  // namespace
}  // namespace trapeze::p9

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, std::size_t size) {
    trapeze::p9::fuzz({data, size});
    return 0;
}
