#include <dirent.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include "editor_user.h"

namespace trapeze::debug {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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
