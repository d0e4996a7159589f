#include "line_splitter.h"

#include <gtest/gtest.h>

#include <vector>

namespace trapeze::ci {
namespace {

class LineSplitterTest : public testing::Test {
protected:
    void feed(std::string_view text) {
        splitter.feed({reinterpret_cast<const u8*>(text.data()), text.size()});
    }
    using Lines = std::vector<std::string>;
    Lines lines;
    LineSplitter splitter{[this](std::string_view line) { lines.emplace_back(line); }};
};

TEST_F(LineSplitterTest, LinesEndAtLineFeeds) {
    feed("one\r\ntwo\n\nthr");
    EXPECT_EQ(lines, (Lines{"one", "two", ""}));
    EXPECT_EQ(splitter.rest(), "thr");
    feed("ee\n");
    EXPECT_EQ(lines.back(), "three");
    EXPECT_EQ(splitter.rest(), "");
}

TEST_F(LineSplitterTest, FinishEndsWhatIsThere) {
    feed("last");
    splitter.finish();
    splitter.finish();
    EXPECT_EQ(lines, Lines{"last"});
}

TEST_F(LineSplitterTest, ControlSequencesAreLeftOut) {
    feed("\x1b[1;31mred\x1b[0m \x1b[?25l\x1b[2K\x1b(Bplain\n");
    feed("\x1b]0;title\x07text\x1b]2;title\x1b\\ more\n");
    feed("\x1bPdevice\x1b\\\x1b_app\x1b\\end\n");
    feed("\x1bM\x1b=up\n");
    EXPECT_EQ(lines, (Lines{"red plain", "text more", "end", "up"}));
}

TEST_F(LineSplitterTest, SequencesMayComeInPieces) {
    for (const char c : std::string_view("a\x1b[38;5;196mb\x1b]0;x\x1b\\c\n")) feed({&c, 1});
    EXPECT_EQ(lines, Lines{"abc"});
}

TEST_F(LineSplitterTest, ABrokenSequenceDoesNotSwallowLines) {
    feed("a\x1b[12\nb\x1b]title without end\nc\x1b\nd\n");
    EXPECT_EQ(lines, (Lines{"a", "b", "c", "d"}));
}

TEST_F(LineSplitterTest, ControlCharactersAreLeftOutExceptTabs) {
    feed(std::string_view("a\0b\x07\x08\tc\x7f\n", 9));
    EXPECT_EQ(lines, Lines{"ab\tc"});
}

TEST_F(LineSplitterTest, LongLinesComeInPieces) {
    feed(std::string(2 * LineSplitter::kMaxLine + 10, 'x') + "\n");
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0].size(), LineSplitter::kMaxLine);
    EXPECT_EQ(lines[2].size(), 10u);
}

TEST_F(LineSplitterTest, AnyBytesAreBounded) {
    u64 state = 1;
    std::size_t longest = 0;
    for (int i = 0; i < 200'000; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const auto byte = static_cast<u8>(state >> 56);
        splitter.feed({&byte, 1});
        longest = std::max(longest, splitter.rest().size());
    }
    EXPECT_LT(longest, LineSplitter::kMaxLine);
    for (const std::string& line : lines) {
        for (const char c : line) EXPECT_TRUE(static_cast<u8>(c) >= 0x20 || c == '\t');
    }
}

}  // namespace
}  // namespace trapeze::ci
