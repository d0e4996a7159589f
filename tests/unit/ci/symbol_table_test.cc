#include "symbol_table.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

// Looked for in the symbols of this program.
extern "C" __attribute__((noinline, used)) int ci_test_known_function(int n) {
    return n * 3 + 1;
}

namespace trapeze::ci {
namespace {

TEST(SymbolTable, DescribesByOffsetAndSize) {
    const SymbolTable table({{0x2000, 0x20, "second"}, {0x1000, 0x100, "first"}});
    EXPECT_EQ(table.describe(0x1000), "first+0x0/0x100");
    EXPECT_EQ(table.describe(0x10ff), "first+0xff/0x100");
    EXPECT_EQ(table.describe(0x1100), "");
    EXPECT_EQ(table.describe(0xfff), "");
    EXPECT_EQ(table.describe(0x2010), "second+0x10/0x20");
    EXPECT_EQ(table.describe(~u64{0}), "");
    EXPECT_EQ(table.address_of("first"), 0x1000u);
    EXPECT_EQ(table.address_of("third"), std::nullopt);
}

TEST(SymbolTable, AReturnAddressBelongsToTheCaller) {
    const SymbolTable table({{0x1000, 0x10, "caller"}, {0x1010, 0x10, "next"}});
    EXPECT_EQ(table.describe_return(0x1010), "caller+0x10/0x10");
    EXPECT_EQ(table.describe_return(0x1014), "next+0x4/0x10");
    EXPECT_EQ(table.describe_return(0x1000), "");
    EXPECT_EQ(table.describe_return(0), "");
}

TEST(SymbolTable, ALabelReachesToTheNext) {
    const SymbolTable table({{0x1000, 0, "label"}, {0x1800, 0, "last"}});
    EXPECT_EQ(table.describe(0x17ff), "label+0x7ff/0x800");
    EXPECT_EQ(table.describe(0x1800), "last+0x0/0x10000");
    EXPECT_EQ(table.describe(0x11800), "");
}

TEST(SymbolTable, OfSeveralNamesOneWithASizeCounts) {
    const SymbolTable table({{0x1000, 0, "label"}, {0x1000, 8, "function"}, {0x1000, 8, "alias"}});
    EXPECT_EQ(table.describe(0x1004), "function+0x4/0x8");
}

TEST(SymbolTable, AnEmptyOneDescribesNothing) {
    EXPECT_EQ(SymbolTable().describe(0x1000), "");
    EXPECT_TRUE(SymbolTable().empty());
}

TEST(SymbolTable, ReadsAnElfFile) {
    const Result<SymbolTable> table = SymbolTable::load("/proc/self/exe");
    ASSERT_TRUE(table) << table.error().message();
    const std::optional<u64> address = table->address_of("ci_test_known_function");
    ASSERT_TRUE(address);
    EXPECT_TRUE(table->describe(*address + 1).starts_with("ci_test_known_function+0x1/0x"));
    EXPECT_FALSE(table->address_of("stdout"));  // data
    EXPECT_EQ(ci_test_known_function(2), 7);
}

TEST(SymbolTable, RefusesWhatIsNoElfFileWithSymbols) {
    EXPECT_FALSE(SymbolTable::load("/nonexistent"));
    EXPECT_FALSE(SymbolTable::load("/tmp"));
    char name[] = "/tmp/ci-symbols.XXXXXX";
    const int fd = mkstemp(name);
    ASSERT_GE(fd, 0);
    close(fd);
    EXPECT_FALSE(SymbolTable::load(name));
    // The front of an ELF file, cut at places where something is expected.
    std::ifstream self("/proc/self/exe", std::ios::binary);
    std::string front(4096, '\0');
    self.read(front.data(), static_cast<std::streamsize>(front.size()));
    for (const std::size_t length : {4u, 16u, 63u, 64u, 65u, 4096u}) {
        std::ofstream(name, std::ios::binary) << front.substr(0, length);
        EXPECT_FALSE(SymbolTable::load(name)) << length;
    }
    std::remove(name);
}

}  // namespace
}  // namespace trapeze::ci
