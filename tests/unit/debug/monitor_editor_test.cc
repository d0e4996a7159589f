#include "monitor_editor.h"

#include <dirent.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <random>

#include "screen.h"

namespace trapeze::debug {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Lines = std::vector<std::string>;

constexpr std::string_view kPrompt = "(test) ";

// What the last word of a line could become.
Lines complete(std::string_view line) {
    const std::string_view word = line.substr(line.find_last_of(' ') + 1);
    Lines words;
    for (const char* candidate : {"info", "inject", "stop"}) {
        if (std::string_view(candidate).starts_with(word)) words.emplace_back(candidate);
    }
    return words;
}

// An editor, and what its user sees.
class User {
public:
    explicit User(std::size_t columns = 80, std::unique_ptr<LineEditor> other = nullptr)
        : editor(other ? std::move(other) : LineEditor::create(kPrompt, complete)), screen(columns) {
        screen.show(editor->display());
    }

    // The lines that were completed.
    Lines type(std::string_view text) {
        Lines lines;
        for (const char c : text) {
            std::string echo;
            const auto line = editor->feed(static_cast<u8>(c), echo);
            screen.show(echo);
            if (!line) continue;
            lines.push_back(*line);
            screen.show(editor->display());
        }
        return lines;
    }
    std::string last_row() const { return screen.rows().empty() ? "" : screen.rows().back(); }

    std::unique_ptr<LineEditor> editor;
    Screen screen;
};

std::size_t open_files() {
    DIR* const dir = opendir("/proc/self/fd");
    std::size_t count = 0;
    while (readdir(dir) != nullptr) ++count;
    closedir(dir);
    return count;
}

TEST(KeyReader, CutsBytesIntoKeys) {
    KeyReader reader;
    Lines keys;
    for (const char c :
         std::string("a\x1b[A\x1b[1;5C\x1bOH\x1bx\x1b\x7f\x1b[[Ab\xc3\x01\r\n\n\x1b[\r\x1b[1\x1b[B"
                     "\x1b[11111111111111111111~c")) {
        if (const auto key = reader.feed(static_cast<u8>(c)); !key.empty()) keys.emplace_back(key);
    }
    EXPECT_THAT(keys, ElementsAre("a", "\x1b[A", "\x1b[1;5C", "\x1bOH", "\x1bx", "\x1b\x7f", "\x1b[[A", "b",
                                  "\xc3", "\x01", "\r", "\n", "\r", "\x1b[B", "\x1b[11111111111111", "c"));
}

TEST(LineEditor, IsLibeditsHere) {
    ASSERT_TRUE(libedit_editor(kPrompt, complete));
    EXPECT_EQ(User().editor->remark(), "");
}

TEST(LineEditor, ReturnsLinesAndEchoes) {
    User user;
    EXPECT_EQ(user.last_row(), "(test)");
    EXPECT_EQ(user.screen.column(), 7u);
    EXPECT_THAT(user.type("help me\r"), ElementsAre("help me"));
    EXPECT_THAT(user.screen.rows(), ElementsAre("(test) help me", "(test)"));
    EXPECT_THAT(user.type("a\nb\r\nc\r\r"), ElementsAre("a", "b", "c", ""));
}

TEST(LineEditor, KeysEdit) {
    struct {
        const char* typed;
        const char* line;
    } const cases[] = {
        {"bcd\x01"
         "a",
         "abcd"},          // Ctrl-A
        {"bd\x02\x02\x06"  // Ctrl-B, Ctrl-F
         "c\x05"           // Ctrl-E
         "e\x01"
         "a",
         "abcde"},
        {"abxc\x1b[D\x1b[D\x04", "abc"},                   // Left, Ctrl-D
        {"axb\x1b[D\x7f", "ab"},                           // Backspace
        {"axb\x1bOD\b", "ab"},                             //
        {"abcd\x1b[D\x1b[D\x0b", "ab"},                    // Ctrl-K
        {"abcd\x1b[D\x1b[D\x15", "cd"},                    // Ctrl-U
        {"one two\x17three", "one three"},                 // Ctrl-W
        {"one two\x1b\x7fthree", "one three"},             // Alt-Backspace
        {"one two\x1b[1;5D-", "one -two"},                 // Ctrl-Left
        {"one two\x01\x1b[1;5C-", "one- two"},             // Ctrl-Right
        {"one two\x1b\x62\x1b\x64three", "one three"},     // Alt-B, Alt-D
        {"one two\x01\x1b\x66s", "ones two"},              // Alt-F
        {"two one \x01\x0b\x19\x19", "two one two one "},  // Ctrl-Y
        {"ab\x14", "ba"},                                  // Ctrl-T
        {"bc\x1b[Ha\x1b[Fd", "abcd"},                      // Home, End
        {"bc\x1b[1~a\x1b[4~d", "abcd"},                    //
        {"bc\x1bOHa\x1bOFd", "abcd"},                      //
        {"bc\x1b[7~a\x1b[8~d", "abcd"},                    //
        {"xabc\x01\x1b[3~", "abc"},                        // Delete
        {"forget\x07this", "this"},                        // Ctrl-G
        {"a\x0c"                                           // Ctrl-L
         "b",
         "ab"},
    };
    for (const auto& row : cases) {
        User user;
        EXPECT_THAT(user.type(std::string(row.typed) + "\r"), ElementsAre(row.line)) << row.typed;
    }
}

TEST(LineEditor, WhatIsNoKeyIsIgnored) {
    User user;
    user.type(std::string_view("a\0b", 3));
    user.type(
        "\x1b[5~\x1b[6~\x1b[15~\x1b[[A\x1bOP\x1bx\x1b"
        "5\x1b"
        "9\x1b[200~\x1b[99;99;99H");  // PageUp, F5, Alt-X, ...
    user.type("\xff\x80\xe4\xc3\xa4\x9b");
    for (const char c :
         {'\x0f', '\x11', '\x12', '\x13', '\x16', '\x18', '\x1a', '\x1c', '\x1d', '\x1e', '\x1f'}) {
        user.type({&c, 1});
    }
    EXPECT_EQ(user.last_row(), "(test) ab");
    EXPECT_THAT(user.type("c\r"), ElementsAre("abc"));
}

TEST(LineEditor, AnEscapeSequenceMayTakeItsTime) {
    User user;
    user.type("ac\x1b");
    EXPECT_EQ(user.last_row(), "(test) ac");
    user.type("[");
    user.type("D");
    EXPECT_THAT(user.type("b\r"), ElementsAre("abc"));
}

TEST(LineEditor, ControlDOnAnEmptyLineEndsNothing) {
    User user;
    EXPECT_THAT(user.type("\x04\x04"), ElementsAre());
    EXPECT_THAT(user.type("a\x04\r"), ElementsAre("a"));
}

TEST(LineEditor, ControlCBeginsANewLine) {
    User user;
    EXPECT_THAT(user.type("stop\x1b[D\x03"), ElementsAre());
    EXPECT_THAT(user.screen.rows(), ElementsAre("(test) stop", "(test)"));
    EXPECT_THAT(user.type("cont\r"), ElementsAre("cont"));
    EXPECT_THAT(user.type("\x1b[A\x1b[A\r"), ElementsAre("cont"));  // "stop" is not in the history
}

TEST(LineEditor, ControlLClearsTheScreen) {
    User user;
    user.type("one\rtwo\x1b[D\x0c");
    EXPECT_THAT(user.screen.rows(), ElementsAre("(test) two"));
    EXPECT_EQ(user.screen.column(), 9u);
}

TEST(LineEditor, RecallsLines) {
    User user;
    user.type("one\rtwo\rtwo\r\r");
    user.type("typed\x1b[A");
    EXPECT_EQ(user.last_row(), "(test) two");
    user.type("\x1b[A");
    EXPECT_EQ(user.last_row(), "(test) one");  // neither an empty line nor the same again
    user.type("\x1b[B\x1b[B");
    EXPECT_EQ(user.last_row(), "(test) typed");
    EXPECT_THAT(user.type("\x10\x10s\r"), ElementsAre("ones"));
}

TEST(LineEditor, RemembersAHundredLines) {
    User user;
    for (int n = 0; n < 150; ++n) user.type(std::to_string(n) + "\r");
    for (int n = 0; n < 150; ++n) user.type("\x10");
    EXPECT_THAT(user.type("\r"), ElementsAre("50"));
}

TEST(LineEditor, CompletesWhatIsClear) {
    User user;
    user.type("st\t");
    EXPECT_EQ(user.screen.column(), 12u);  // with the space
    user.type("i\t");
    EXPECT_EQ(user.last_row(), "(test) stop in");
    EXPECT_THAT(user.type("f\t\r"), ElementsAre("stop info "));
    EXPECT_THAT(user.type("nothing\t\r"), ElementsAre("nothing"));
}

TEST(LineEditor, ListsWhatIsNot) {
    User user;
    user.type("in more\x01\x06\x06\t");
    EXPECT_THAT(user.screen.rows(), ElementsAre("(test) in more", "info  inject", "(test) in more"));
    EXPECT_EQ(user.screen.column(), 9u);
    EXPECT_THAT(user.type("f\t\r"), ElementsAre("info  more"));
}

TEST(LineEditor, ListsAHundredChoicesAtMost) {
    User user(80, LineEditor::create(kPrompt, [](std::string_view) {
                  Lines words;
                  for (int n = 0; n <= 100; ++n) words.push_back("x" + std::to_string(n));
                  return words;
              }));
    std::string echo;
    user.editor->feed('x', echo);
    user.editor->feed('\t', echo);
    EXPECT_THAT(echo, HasSubstr("x98  x99  ..."));
}

TEST(LineEditor, ALineThatIsFullTakesNoMore) {
    const std::string most(LineEditor::kMaxLine, 'x');
    User user;
    EXPECT_THAT(user.type(most + "yyy\x01zzz\t\r"), ElementsAre(most));
    user.type(most +
              "\x15"
              "ab\x19");
    EXPECT_THAT(user.type("\x1b[4~c\r"), ElementsAre("ab" + most.substr(2)));
}

TEST(LineEditor, BreaksLongLinesAtEightyColumns) {
    for (const std::size_t columns : {80, 81, 132}) {
        User user(columns);
        user.type(std::string(200, 'x') +
                  "\x01"
                  "begin");
        EXPECT_THAT(user.screen.rows(), ElementsAre("(test) begin" + std::string(68, 'x'),
                                                    std::string(80, 'x'), std::string(52, 'x')));
        EXPECT_EQ(user.screen.row(), 0u);
        EXPECT_EQ(user.screen.column(), 12u);
        user.type("\x01in\t");  // the choices come below the last row
        EXPECT_EQ(user.screen.row(), 4u);
        EXPECT_EQ(user.screen.rows()[3], "info  inject");
        EXPECT_EQ(user.screen.rows()[4], "(test) inbegin" + std::string(66, 'x'));
        EXPECT_EQ(user.screen.column(), 9u);
        user.type("\r");
        EXPECT_EQ(user.screen.row(), 7u);
        user.type("\x1b[A\x01\x03");
        EXPECT_EQ(user.screen.row(), 10u);
    }
}

TEST(LineEditor, ShowsTheLineAgain) {
    User user;
    user.type("help me\x1b[D\x1b[D");
    Screen other(80);
    other.show(user.editor->display());
    EXPECT_THAT(other.rows(), ElementsAre("(test) help me"));
    EXPECT_EQ(other.column(), 12u);
}

TEST(LineEditor, ForgetsTheLineAndHalfAKey) {
    User user;
    user.type("one\rtwo\x1b[");
    user.editor->clear();
    EXPECT_THAT(user.type("A\r"), ElementsAre("A"));
    EXPECT_THAT(user.type("\x10\x10\r"), ElementsAre("one"));
}

TEST(LineEditor, SeveralDoNotDisturbEachOther) {
    User one, other;
    EXPECT_THAT(one.type("first\r"), ElementsAre("first"));
    one.type("ac\x1b");
    other.type("xz\x1b[");
    one.type("[D");
    other.type("D");
    EXPECT_THAT(one.type("b\r"), ElementsAre("abc"));
    EXPECT_THAT(other.type("y\r"), ElementsAre("xyz"));
    EXPECT_THAT(other.type("\x10\x10\r"), ElementsAre("xyz"));
    EXPECT_THAT(one.screen.rows(), ElementsAre("(test) first", "(test) abc", "(test)"));
}

TEST(LineEditor, LeavesNothingBehind) {
    const std::size_t before = open_files();
    for (int n = 0; n < 500; ++n) {
        User user;
        user.type("help\rwait\x1b[");
    }
    EXPECT_EQ(open_files(), before);
}

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

class Environment : public testing::Test {
protected:
    void SetUp() override {
        if (const char* term = getenv("TERM")) term_ = term;
    }
    void TearDown() override { term_ ? setenv("TERM", term_->c_str(), 1) : unsetenv("TERM"); }

private:
    std::optional<std::string> term_;
};

TEST_F(Environment, TheTerminalOfTheProgramDoesNotMatter) {
    for (const char* term : {"", "dumb", "xterm-256color", "linux", "vt52", "no-such-terminal"}) {
        setenv("TERM", term, 1);
        User user;
        EXPECT_THAT(user.type("ac\x1b[Db\r\x1b[A\r"), ElementsAre("abc", "abc")) << term;
        EXPECT_THAT(user.screen.rows(), ElementsAre("(test) abc", "(test) abc", "(test)")) << term;
    }
}

TEST_F(Environment, WithoutATerminalThereIsAPlainEditor) {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit none{0, limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    auto editor = LineEditor::create(kPrompt, complete);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(editor->remark(), "(no line editing: cannot open a pseudo-terminal: Too many open files)\n");
    User user(80, std::move(editor));
    EXPECT_THAT(user.type("heln\x7fp\r"), ElementsAre("help"));
    EXPECT_THAT(user.screen.rows(), ElementsAre("(test) help", "(test)"));
    EXPECT_THAT(user.type("a\x1b[A\x1b[D\t\x01"
                          "b\xc3\xa4\r"),
                ElementsAre("ab"));
    EXPECT_THAT(user.type("stop\x15"
                          "cont\x03info\r\n"),
                ElementsAre("info"));
    EXPECT_THAT(user.type(std::string(1'000, 'x') + "\r"),
                ElementsAre(std::string(LineEditor::kMaxLine, 'x')));
    user.type("stop");
    user.editor->clear();
    EXPECT_THAT(user.type("\x7f\r"), ElementsAre(""));
}

}  // namespace
}  // namespace trapeze::debug
