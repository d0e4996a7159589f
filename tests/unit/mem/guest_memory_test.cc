// Where the guest's RAM comes from.
#include "trapeze/mem/guest_memory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace trapeze::mem {
namespace {

using Kind = RamConfig::Kind;

constexpr Gpa kBase{0x4000'0000};
constexpr u64 kBytes = 4 << 20;

class GuestRam : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "ram.XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        dir_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(dir_); }

    static u8 first_byte(const GuestMemory& memory) {
        u8 byte = 0xff;
        EXPECT_TRUE(memory.read(kBase, {&byte, 1}));
        return byte;
    }
    static void put(GuestMemory& memory, u8 byte) { ASSERT_TRUE(memory.write(kBase, {&byte, 1})); }
    // Pages of the first region that have memory.
    static u64 resident(const GuestMemory& memory) {
        std::vector<unsigned char> pages(kBytes / static_cast<u64>(sysconf(_SC_PAGESIZE)));
        EXPECT_EQ(mincore(memory.regions()[0].host, kBytes, pages.data()), 0);
        return static_cast<u64>(
            std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; }));
    }
    static char byte_of(const std::string& path, std::streamoff offset) {
        std::ifstream file(path);
        file.seekg(offset);
        return static_cast<char>(file.get());
    }

    std::string dir_;
};

TEST_F(GuestRam, IsZeroAndLazy) {
    for (const Kind kind : {Kind::Anonymous, Kind::Memfd, Kind::File}) {
        for (const bool shared : {false, true}) {
            GuestMemory memory;
            ASSERT_TRUE(memory.add_ram({kBase, kBytes}, {.kind = kind, .path = dir_, .shared = shared}));
            EXPECT_EQ(resident(memory), 0u);
            EXPECT_EQ(first_byte(memory), 0);
            put(memory, 7);
            EXPECT_EQ(first_byte(memory), 7);
        }
    }
    EXPECT_TRUE(std::filesystem::is_empty(dir_)) << "a directory's file has no name";
}

TEST_F(GuestRam, AllOfItInAdvance) {
    for (const Kind kind : {Kind::Anonymous, Kind::Memfd, Kind::File}) {
        GuestMemory memory;
        ASSERT_TRUE(memory.add_ram({kBase, kBytes}, {.kind = kind, .path = dir_, .prealloc = true}));
        EXPECT_EQ(resident(memory), kBytes / static_cast<u64>(sysconf(_SC_PAGESIZE)));
    }
}

TEST_F(GuestRam, AFileKeepsWhatIsShared) {
    const std::string path = dir_ + "/file";
    for (const bool shared : {true, false}) {
        GuestMemory memory;
        ASSERT_TRUE(memory.add_ram(
            {kBase, kBytes}, {.kind = Kind::File, .path = path, .file_offset = 8192, .shared = shared}));
        EXPECT_EQ(std::filesystem::file_size(path), kBytes + 8192);
        EXPECT_EQ(first_byte(memory), shared ? 0 : 7);
        put(memory, shared ? 7 : 9);
    }
    EXPECT_EQ(byte_of(path, 8192), 7);
}

TEST_F(GuestRam, GivesPagesBackThatReadAsZero) {
    for (const Kind kind : {Kind::Anonymous, Kind::Memfd, Kind::File}) {
        for (const bool shared : {false, true}) {
            GuestMemory memory;
            ASSERT_TRUE(memory.add_ram({kBase, kBytes}, {.kind = kind, .path = dir_, .shared = shared}));
            const u64 page = static_cast<u64>(sysconf(_SC_PAGESIZE));
            for (u64 n = 0; n < 4; ++n) {
                const u8 byte = 7;
                ASSERT_TRUE(memory.write(kBase + n * page, {&byte, 1}));
            }
            // Two whole pages, and a part of each neighbour.
            memory.discard(GpaRange{kBase + page / 2, 3 * page});
            memory.discard(memory.view(kBase + 3 * page, page - 1));
            memory.discard(GpaRange{Gpa{0}, kBase.value});
            memory.discard(GpaRange{kBase + kBytes, u64{1} << 40});
            u8 found[4] = {};
            for (u64 n = 0; n < 4; ++n) ASSERT_TRUE(memory.read(kBase + n * page, {&found[n], 1}));
            // A private file's would read as the file does.
            const u8 inner = kind == Kind::File && !shared ? 7 : 0;
            EXPECT_THAT(found, testing::ElementsAre(7, inner, inner, 7));
            memory.discard(memory.view(kBase + 3 * page, page));
            EXPECT_TRUE(memory.read(kBase + 3 * page, {&found[3], 1}));
            EXPECT_EQ(found[3], inner);
        }
    }
}

TEST_F(GuestRam, RefusesFilesThatAreTooSmall) {
    const std::string path = dir_ + "/file";
    std::ofstream(path) << "not this one";
    GuestMemory memory;
    const auto added = memory.add_ram({kBase, kBytes}, {.kind = Kind::File, .path = path});
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().message(),
              path + " is too small for guest memory: it has 12 bytes and needs 4194304");
    EXPECT_EQ(std::filesystem::file_size(path), 12u);
    EXPECT_TRUE(memory.regions().empty());
}

TEST_F(GuestRam, ErrorsNameTheFile) {
    GuestMemory memory;
    const auto added = memory.add_ram({kBase, kBytes}, {.kind = Kind::File, .path = dir_ + "/no/file"});
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().message(), testing::HasSubstr(dir_ + "/no/file"));
}

// Otherwise the guest would find out, and the program with it.
TEST_F(GuestRam, HugePagesAreThereOrRefused) {
    GuestMemory memory;
    const auto added = memory.add_ram({kBase, u64{1} << 40}, {.kind = Kind::Memfd, .huge_pages = true});
    EXPECT_FALSE(added) << "no host has a tebibyte of them";
}

}  // namespace
}  // namespace trapeze::mem
