// The line editor under random keys, against a model of the line and the screen, and under random bytes.
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "editor_user.h"

namespace trapeze::debug {
namespace {

using testing::ElementsAre;

// The line as it should be after the keys of the test below.
struct Model {
    std::string line;
    std::size_t cursor = 0;
    Lines history;
    std::size_t recalled = 0;  // lines back
    std::string typed;

    void recall(bool older) {
        if (older ? recalled == history.size() : recalled == 0) {
            if (older && recalled == 0) typed = line;
        } else {
            if (recalled == 0) typed = line;
            recalled += older ? 1 : std::size_t(-1);
        }
        line = recalled == 0 ? typed : history[history.size() - recalled];
        cursor = line.size();
    }
    void erase(std::size_t from, std::size_t to) {
        line.erase(from, to - from);
        cursor = from;
    }
    void press(std::string_view key) {
        if (key == "\x1b[A") return recall(true);
        if (key == "\x1b[B") return recall(false);
        if (key == "\x1b[C") cursor = std::min(cursor + 1, line.size());
        if (key == "\x1b[D") cursor -= cursor == 0 ? 0 : 1;
        if (key == "\x01") cursor = 0;
        if (key == "\x05") cursor = line.size();
        if (key == "\x0b") erase(cursor, line.size());
        if (key == "\x15") erase(0, cursor);
        if (key == "\x7f" && cursor != 0) erase(cursor - 1, cursor);
        if (key == "\x04") erase(cursor, std::min(cursor + 1, line.size()));
        if (key.size() == 1 && key[0] >= ' ' && key[0] <= '~' && line.size() < LineEditor::kMaxLine) {
            line.insert(cursor++, key);
        }
    }
    void enter() {
        if (!line.empty() && (history.empty() || history.back() != line)) history.push_back(line);
        line.clear();
        cursor = recalled = 0;
    }
    Lines rows() const {
        const std::string all = std::string(kPrompt) + line;
        Lines rows;
        for (std::size_t n = 0; n < all.size(); n += 80) rows.push_back(all.substr(n, 80));
        if (line.empty()) rows.back().pop_back();  // the screen's have no blanks at their end
        return rows;
    }
};

// Now and then one that takes away much.
std::string random_key(std::mt19937& random, unsigned letters) {
    static constexpr std::string_view kMoves[] = {"\x1b[C", "\x1b[D", "\x1b[D", "\x01",
                                                  "\x05",   "\x7f",   "\x7f",   "\x04"};
    static constexpr std::string_view kRare[] = {"\x1b[A", "\x1b[B", "\x0b", "\x15"};
    if (random() % 200 == 0) return std::string(kRare[random() % std::size(kRare)]);
    if (random() % 4 == 0) return std::string(kMoves[random() % std::size(kMoves)]);
    return std::string(1, static_cast<char>('a' + random() % letters));
}

class RandomKeys : public testing::TestWithParam<std::size_t> {};

// Whatever is pressed, line and screen are those of the model.
TEST_P(RandomKeys, LineAndScreenAreRight) {
    std::mt19937 random(1);  // the same every time
    User user(GetParam());
    Model model;
    std::size_t longest = 0;
    user.type("first\r");  // on an empty history libedit goes up, too
    model.history = {"first"};
    user.screen = Screen(GetParam());
    user.screen.show(user.editor->display());
    for (int n = 0; n < 20'000; ++n) {
        longest = std::max(longest, model.line.size());
        // Some lines as long as they get, and more short ones.
        if (random() % (n / 5'000 % 2 == 0 ? 2'000 : 50) == 0) {
            ASSERT_THAT(user.type("\r"), ElementsAre(model.line)) << n;
            model.enter();
            user.screen = Screen(GetParam());
            user.screen.show(user.editor->display());
        }
        // What repeats itself tempts libedit to draw less.
        const std::string key = random_key(random, n / 1'000 % 2 == 0 ? 2 : 26);
        user.type(key);
        model.press(key);
        ASSERT_EQ(user.screen.rows(), model.rows()) << n << ' ' << testing::PrintToString(key);
        const std::size_t at = kPrompt.size() + model.cursor;
        ASSERT_EQ(user.screen.row(), at / 80) << n << ' ' << testing::PrintToString(key);
        ASSERT_EQ(user.screen.column(), at % 80) << n << ' ' << testing::PrintToString(key);
    }
    EXPECT_GT(longest, 400u);
}
INSTANTIATE_TEST_SUITE_P(Columns, RandomKeys, testing::Values(80, 81, 132));

TEST(LineEditor, AnyBytesGiveLinesOfText) {
    std::mt19937 random(1);
    User user;
    std::size_t lines = 0;
    for (int n = 0; n < 200'000; ++n) {
        // Half of them as they come, half what means something.
        static constexpr std::string_view kMeant =
            "\x1b\x1b\x1b[[[OABCD~135;\r\n\t\x03\x04\x07\x0b\x15\x17\x19 xyz\x7f";
        const u8 byte =
            random() % 2 ? static_cast<u8>(random()) : static_cast<u8>(kMeant[random() % kMeant.size()]);
        std::string echo;
        const auto line = user.editor->feed(byte, echo);
        ASSERT_LE(echo.size(), 64u << 10);
        if (!line) continue;
        ++lines;
        ASSERT_LE(line->size(), LineEditor::kMaxLine);
        ASSERT_TRUE(std::ranges::all_of(*line, [](char c) { return c >= ' ' && c <= '~'; })) << *line;
        user.editor->display();
    }
    EXPECT_GT(lines, 1'000u);
}

}  // namespace
}  // namespace trapeze::debug
