// qcow2 images that the tests write themselves: what is in them, and what is wrong with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <random>

#include "image_layer.h"
#include "qcow2_builder.h"
#include "qcow2_header.h"

namespace trapeze::storage {
namespace {

constexpr u64 kCompressed = u64{1} << 62;

std::vector<u8> noise(u64 bytes, u32 seed = 1) {
    std::mt19937 random(seed);
    std::vector<u8> data(bytes);
    for (u8& byte : data) byte = static_cast<u8>(random());
    return data;
}
std::vector<u8> pattern(u64 bytes, u8 first) {
    std::vector<u8> data(bytes);
    for (u64 i = 0; i < bytes; ++i) data[i] = static_cast<u8>(first + i / 100);
    return data;
}

class Qcow2 : public testing::Test {
protected:
    void SetUp() override {
        directory_ = std::filesystem::temp_directory_path() / fmt::format("trapeze-qcow2-{}", ::getpid());
        std::filesystem::create_directories(directory_ / "below");
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::string path(std::string_view name) const { return directory_ / name; }
    std::string add(std::string_view name, const Qcow2Builder::Options& options) const {
        Qcow2Builder(options).write(path(name));
        return path(name);
    }
    void write(std::string_view name, std::span<const u8> bytes) const {
        std::ofstream(path(name), std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    void open(const std::string& image, bool direct = false) {
        layer_.reset();
        auto layer = open_qcow2_chain({.path = image, .direct = direct}, std::make_shared<ImageCaches>());
        ASSERT_TRUE(layer) << layer.error().message();
        layer_ = std::move(*layer);
    }
    void open(const Qcow2Builder& image) {
        image.write(path("image"));
        open(path("image"));
    }
    std::string refusal(const std::string& image) const {
        const auto layer = open_qcow2_chain({.path = image}, std::make_shared<ImageCaches>());
        return layer ? "opened" : layer.error().message();
    }
    std::vector<u8> read(u64 offset, u64 bytes) const {
        std::vector<u8> data(bytes, 0xee);
        EXPECT_EQ(layer_->read(offset, bytes, {{data.data(), bytes}}), 0) << "at " << offset;
        return data;
    }
    int error_at(u64 offset) const {
        std::vector<u8> data(512);
        return layer_->read(offset, 512, {{data.data(), 512}});
    }

    std::filesystem::path directory_;
    std::unique_ptr<ImageLayer> layer_;
};

// Each kind of cluster, read whole, in sectors, and across all of them into odd buffers.
void expect_content(const ImageLayer& layer, const std::vector<u8>& expected) {
    ASSERT_EQ(layer.bytes(), expected.size());
    for (const u64 piece : {u64{512}, u64{1536}, u64{4096}, u64{expected.size()}}) {
        std::vector<u8> data(expected.size(), 0xee);
        for (u64 at = 0; at < data.size(); at += piece) {
            const u64 length = std::min<u64>(piece, data.size() - at);
            const std::vector<iovec> buffers{
                {&data[at], 1}, {&data[at + 1], 98}, {&data[at + 99], length - 99}};
            ASSERT_EQ(layer.read(at, length, buffers), 0);
        }
        EXPECT_EQ(data, expected) << "in pieces of " << piece;
    }
}

struct Kind {
    u32 version, cluster_bits;
    u64 incompatible;
    u8 compression;
};
class Qcow2Kinds : public Qcow2, public testing::WithParamInterface<Kind> {};

TEST_P(Qcow2Kinds, EveryKindOfClusterIsRead) {
    const Kind kind = GetParam();
    const u64 cluster = u64{1} << kind.cluster_bits;
    Qcow2Builder image({.version = kind.version,
                        .cluster_bits = kind.cluster_bits,
                        .bytes = 8 * cluster,
                        .incompatible = kind.incompatible,
                        .compression = kind.compression});
    std::vector<u8> expected(8 * cluster);
    const auto expect = [&](u64 at, const std::vector<u8>& data) {
        std::ranges::copy(data, expected.begin() + static_cast<std::ptrdiff_t>(at * cluster));
        return data;
    };
    image.add_data(0, expect(0, noise(cluster, 1)));
    image.add_data(1, expect(1, noise(cluster, 2)));  // next to the first
    image.add_compressed(2, expect(2, pattern(cluster, 3)));
    image.add_compressed(3, expect(3, pattern(cluster, 4)));  // where that ends
    image.add_data(5, expect(5, pattern(cluster, 5)));
    if (kind.version == 3) image.set_l2(6, 3 * cluster | 1);  // zero, with a cluster allocated for it
    image.add_data(7, expect(7, noise(cluster, 6)));
    if ((kind.incompatible & 16) != 0) {
        for (const u64 at : {0, 1, 5, 7}) image.set_bitmap(at, 0xffffffff);
        image.set_l2(6, 3 * cluster);
        image.set_bitmap(6, 0xffffffff00000000);
    }
    open(image);
    expect_content(*layer_, expected);
}
INSTANTIATE_TEST_SUITE_P(All, Qcow2Kinds,
                         testing::Values(Kind{2, 9, 0, 0}, Kind{2, 16, 0, 0}, Kind{3, 9, 0, 0},
                                         Kind{3, 12, 0, 0}, Kind{3, 16, 8, 1}, Kind{3, 21, 0, 0},
                                         Kind{3, 14, 16, 0}, Kind{3, 16, 16 | 8, 1}, Kind{3, 12, 1, 0}),
                         [](const testing::TestParamInfo<Kind>& kind) {
                             return fmt::format("V{}Bits{}Features{}", kind.param.version,
                                                kind.param.cluster_bits, kind.param.incompatible);
                         });

TEST_F(Qcow2, AroundThePageCacheAsWell) {
    Qcow2Builder image({.bytes = 16384});
    const auto data = noise(4096), text = pattern(4096, 1);
    image.add_data(1, data);
    image.add_compressed(2, text);
    image.write(path("image"));
    auto layer = open_qcow2_chain({.path = path("image"), .direct = true}, std::make_shared<ImageCaches>());
    if (!layer) GTEST_SKIP() << layer.error().message();
    layer_ = std::move(*layer);
    EXPECT_EQ(read(4096, 4096), data);
    EXPECT_EQ(read(8192, 4096), text);
    EXPECT_EQ(read(512 * 9, 512), std::vector<u8>(data.begin() + 512, data.begin() + 1024));
}

TEST_F(Qcow2, SubclustersAreOnTheirOwn) {
    constexpr u64 kSubcluster = 512;
    write("raw", std::vector<u8>(16384, 9));
    Qcow2Builder image({.cluster_bits = 14,
                        .bytes = 32768,
                        .incompatible = 16,
                        .backing = path("raw"),
                        .backing_format = "raw"});
    image.add_data(0, std::vector<u8>(16384, 7));
    image.set_bitmap(0, 0b0110 | u64{0b1000} << 32);
    image.set_l2(1, 0);
    image.set_bitmap(1, 0);
    open(image);
    const auto at = [&](u64 subcluster) { return read(subcluster * kSubcluster, kSubcluster)[100]; };
    EXPECT_EQ(at(0), 9);
    EXPECT_EQ(at(1), 7);
    EXPECT_EQ(at(2), 7);
    EXPECT_EQ(at(3), 0);
    EXPECT_EQ(at(4), 9);
    EXPECT_EQ(at(31), 9);
    EXPECT_EQ(at(32), 0);  // behind the end of the backing file
}

TEST_F(Qcow2, ASizeThatIsNotOfSectorsIsRoundedUp) {
    open(Qcow2Builder({.bytes = 1000}));
    EXPECT_EQ(layer_->bytes(), 1024u);
    EXPECT_EQ(read(512, 512), std::vector<u8>(512));
}

TEST_F(Qcow2, ACorruptImageIsReadWithAWarning) {
    Qcow2Builder image({.incompatible = 2});
    image.add_data(0, std::vector<u8>(4096, 5));
    testing::internal::CaptureStderr();
    open(image);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              fmt::format("trapeze: warning: {}: the image is marked as corrupt; it is read as it is\n",
                          path("image")));
    EXPECT_EQ(read(0, 4096), std::vector<u8>(4096, 5));
}

TEST_F(Qcow2, TheLastClusterMayBeIncomplete) {
    Qcow2Builder image({});
    image.add_data(3, std::vector<u8>(700, 5));
    open(image);
    std::vector<u8> expected(4096);
    std::fill_n(expected.begin(), 700, 5);
    EXPECT_EQ(read(3 * 4096, 4096), expected);
}

TEST_F(Qcow2, BackingFilesAreRelativeToTheImage) {
    write("below/raw", std::vector<u8>(5000, 1));
    Qcow2Builder middle({.bytes = 16384, .backing = "raw", .backing_format = "raw"});
    middle.add_data(2, std::vector<u8>(4096, 2));
    middle.set_l2(0, 1);  // zero, whatever is behind it
    middle.write(path("below/middle"));
    Qcow2Builder top({.version = 2, .backing = "file:below/middle", .backing_format = "qcow2"});
    top.add_compressed(3, std::vector<u8>(4096, 3));
    open(top);
    EXPECT_EQ(layer_->bytes(), 64u << 10);
    EXPECT_EQ(read(0, 4096), std::vector<u8>(4096));
    std::vector<u8> expected(4096);
    std::fill_n(expected.begin(), 5000 - 4096, 1);
    EXPECT_EQ(read(4096, 4096), expected);
    EXPECT_EQ(read(8192, 4096), std::vector<u8>(4096, 2));
    EXPECT_EQ(read(12288, 4096), std::vector<u8>(4096, 3));
    EXPECT_EQ(read(16384, 4096), std::vector<u8>(4096));
    // Across the end of the middle one, and through all kinds.
    EXPECT_EQ(read(512, (64 << 10) - 512).size(), (64u << 10) - 512);
}

TEST_F(Qcow2, BackingFilesAreRefusedInOneSentence) {
    const auto with = [&](std::string_view name, const std::string& backing, const std::string& format) {
        return add(name, {.backing = backing, .backing_format = format});
    };
    EXPECT_EQ(refusal(with("a", "none", "raw")),
              fmt::format("the backing file of {}: could not open {}: No such file or directory", path("a"),
                          path("none")));
    EXPECT_EQ(refusal(with("a", "nbd://host/x", "raw")),
              path("a") + ": its backing file 'nbd:...' is not a file, and only files are supported");
    EXPECT_EQ(refusal(with("a", "json:{}", "raw")),
              path("a") + ": its backing file 'json:...' is not a file, and only files are supported");
    EXPECT_EQ(refusal(with("a", "b", "vmdk")),
              path("a") + ": the format of its backing file is neither raw nor qcow2");
    EXPECT_EQ(refusal(with("a", std::string("b\0c", 3), "raw")),
              path("a") + ": the name of its backing file has a zero byte");
    EXPECT_EQ(refusal(with("a", "a", "qcow2")),
              fmt::format("{}: its backing files form a loop, by way of {}", path("a"), path("a")));
    with("b", "./../" + directory_.filename().string() + "/a", "qcow2");
    EXPECT_EQ(refusal(with("a", "b", "qcow2")),
              fmt::format("{}: its backing files form a loop, by way of {}", path("a"), path("b")));
    write("raw", std::vector<u8>(512));
    EXPECT_EQ(refusal(with("a", "raw", "qcow2")),
              fmt::format("the backing file of {}: {}: it is not a qcow2 image", path("a"), path("raw")));
    EXPECT_EQ(refusal(with("a", "below", "raw")),
              fmt::format("the backing file of {}: {} is neither a file nor a block device", path("a"),
                          path("below")));
    for (unsigned i = 0; i < 64; ++i) with(fmt::format("chain{}", i), fmt::format("chain{}", i + 1), "qcow2");
    add("chain64", {});
    EXPECT_EQ(refusal(path("chain1")), "opened");
    EXPECT_EQ(refusal(path("chain0")), path("chain0") + ": more than 64 images are behind each other");
}

// A guest that has written a header into its raw disk gets no other files of the host that way.
TEST_F(Qcow2, AnUnknownBackingFormatIsProbedOnce) {
    write("raw", std::vector<u8>(4096, 1));
    open(add("a", {.backing = "raw"}));
    EXPECT_EQ(read(0, 512), std::vector<u8>(512, 1));
    Qcow2Builder below({});
    below.add_data(0, std::vector<u8>(4096, 2));
    below.write(path("below/b"));
    open(add("a", {.backing = "below/b"}));
    EXPECT_EQ(read(0, 512), std::vector<u8>(512, 2));
    add("b", {.backing = "/etc/passwd", .backing_format = "raw"});
    EXPECT_EQ(refusal(add("a", {.backing = "b"})),
              fmt::format("{} does not say that its backing file {} is qcow2, and that names a backing file "
                          "itself: 'qemu-img rebase -u -F qcow2 -b' says so",
                          path("a"), path("b")));
}

TEST_F(Qcow2, BadHeadersAreRefusedInOneSentence) {
    struct {
        std::function<void(Qcow2Builder&)> change;
        std::string_view error;
    } const cases[] = {
        {[](auto& image) { image.file[0] = 'q'; }, "it is not a qcow2 image"},
        {[](auto& image) { image.file.resize(3); }, "it is not a qcow2 image"},
        {[](auto& image) { image.file.clear(); }, "it is not a qcow2 image"},
        {[](auto& image) { image.file.resize(71); }, "it is cut off within the header"},
        {[](auto& image) { image.file.resize(103); }, "it is cut off within the header"},
        {[](auto& image) { image.put32(4, 1); }, "its version of the format is 1 (2 and 3 are supported)"},
        {[](auto& image) { image.put32(4, 4); }, "its version of the format is 4 (2 and 3 are supported)"},
        {[](auto& image) { image.put32(20, 8); }, "the size of its clusters is not 512 bytes to 2 MiB"},
        {[](auto& image) { image.put32(20, 22); }, "the size of its clusters is not 512 bytes to 2 MiB"},
        {[](auto& image) { image.put32(20, 0xffffffff); },
         "the size of its clusters is not 512 bytes to 2 MiB"},
        {[](auto& image) { image.put32(32, 1); }, "it is encrypted, which is not supported"},
        {[](auto& image) { image.put32(32, 2); }, "it is encrypted, which is not supported"},
        {[](auto& image) { image.put64(24, (u64{1} << 46) + 1); }, "its disk is larger than 64 TiB"},
        {[](auto& image) { image.put64(24, ~u64{0}); }, "its disk is larger than 64 TiB"},
        {[](auto& image) { image.put64(24, u64{1} << 46); }, "its L1 table is too small for the disk"},
        {[](auto& image) { image.put64(24, (4096 * 512) + 1); }, "its L1 table is too small for the disk"},
        {[](auto& image) { image.put32(36, 0); }, "its L1 table is too small for the disk"},
        {[](auto& image) { image.put32(36, 0xffffffff); }, "its L1 table is larger than 32 MiB"},
        {[](auto& image) { image.put32(36, 1 << 20); },
         "its L1 table is not within the file, which may be cut off"},
        {[](auto& image) { image.put64(40, 512); }, "its L1 table is not at a cluster"},
        {[](auto& image) { image.put64(40, ~u64{0xfff}); },
         "its L1 table is not within the file, which may be cut off"},
        {[](auto& image) { image.put64(72, 4); },
         "its data is in another file (qcow2 feature 'external data file'), which is not supported"},
        {[](auto& image) { image.put64(72, 0x60); },
         "it has qcow2 features that are not known here (bits 0x60)"},
        {[](auto& image) { image.put64(72, 16); }, "its clusters are too small for extended L2 entries"},
        {[](auto& image) { image.put64(72, 8); }, "its compression type 0 is not known (zlib and zstd are)"},
        {[](auto& image) {
             image.put64(72, 8);
             image.file[104] = 2;
         },
         "its compression type 2 is not known (zlib and zstd are)"},
        {[](auto& image) { image.put32(100, 96); }, "its header has an impossible length"},
        {[](auto& image) { image.put32(100, 0x80000000); }, "its header has an impossible length"},
        {[](auto& image) { image.put64(8, 5000); },
         "the name of its backing file is not within the header's cluster"},
        {[](auto& image) {
             image.put64(8, 200);
             image.put32(16, 0xffffffff);
         },
         "the name of its backing file is not within the header's cluster"},
        {[](auto& image) {
             image.put64(8, 200);
             image.put32(16, 1024);
         },
         "the name of its backing file is not within the header's cluster"},
        {[](auto& image) {
             image.put64(8, 200);
             image.put32(16, 1);
             image.file[200] = 'x';
             image.put32(112, 1);
             image.put32(116, 0xfffffff0);
         },
         "a header extension is longer than the header's cluster"},
    };
    for (const auto& bad : cases) {
        Qcow2Builder image({});
        bad.change(image);
        image.write(path("image"));
        EXPECT_EQ(refusal(path("image")), fmt::format("{}: {}", path("image"), bad.error));
    }
}

// What is wrong with one cluster is an I/O error there, and nothing elsewhere.
TEST_F(Qcow2, BadTablesAreErrorsOfTheirClusters) {
    constexpr u64 kFar = u64{1} << 40;
    struct {
        std::string_view what;
        std::function<void(Qcow2Builder&)> change;
    } const cases[] = {
        {"L2 table not at a cluster", [](auto& image) { image.put64(4096, 8192 + 512); }},
        {"L2 table behind the end", [](auto& image) { image.put64(4096, kFar); }},
        {"L2 table at the end", [](auto& image) { image.put64(4096, image.file.size()); }},
        {"data not at a cluster", [](auto& image) { image.set_l2(0, 8192 + 512); }},
        {"data behind the end", [](auto& image) { image.set_l2(0, kFar); }},
        {"compressed data behind the end", [](auto& image) { image.set_l2(0, kCompressed | kFar); }},
        {"compressed data that is none", [](auto& image) { image.add_stored(0, noise(3000)); }},
        {"compressed data that is too short", [](auto& image) { image.add_compressed(0, pattern(4095, 1)); }},
        {"compressed data that is cut off",
         [](auto& image) {
             image.add_compressed(0, noise(4096));
             image.file.resize(image.file.size() - 600);
         }},
        {"a zero cluster of version 2",
         [](auto& image) {
             image.put32(4, 2);
             image.set_l2(0, 1);
         }},
    };
    for (const auto& bad : cases) {
        Qcow2Builder image({});
        bad.change(image);
        testing::internal::CaptureStderr();
        open(image);
        EXPECT_EQ(error_at(0), EIO) << bad.what;
        EXPECT_EQ(error_at(512), EIO) << bad.what;
        const std::string said = testing::internal::GetCapturedStderr();
        EXPECT_THAT(said, testing::HasSubstr("/image: ")) << bad.what;
        EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
    }
}

TEST_F(Qcow2, TablesThatReferToThemselvesAreOnlyNumbers) {
    Qcow2Builder image({});
    image.put64(4096, 4096 | u64{1} << 63);  // the L1 table is its own L2 table
    open(image);
    EXPECT_EQ(read(0, 4096), std::vector<u8>(image.file.begin() + 4096, image.file.begin() + 8192));
    image.set_l2(0, 8192);  // and the data of a cluster is the table that describes it
    image.put64(4096, 8192);
    open(image);
    EXPECT_EQ(read(0, 4096), std::vector<u8>(image.file.begin() + 8192, image.file.begin() + 12288));
}

TEST_F(Qcow2, ZstdThatIsDamaged) {
    Qcow2Builder image({.incompatible = 8, .compression = 1});
    image.add_compressed(1, pattern(4096, 1));
    image.add_stored(0, noise(100));
    image.add_compressed(2, pattern(8192, 1));  // more than a cluster
    open(image);
    EXPECT_EQ(read(4096, 4096), pattern(4096, 1));
    EXPECT_EQ(error_at(0), EIO);
    EXPECT_EQ(error_at(8192), EIO);
}

}  // namespace
}  // namespace trapeze::storage
