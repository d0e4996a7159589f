// The line editor proper: libedit (editline(3)), which is made to edit the terminal of its process, for a
// terminal at the other end of a byte stream.
//
// * It edits only if its descriptors are terminals. It gets a pseudo-terminal's master, which is one to all
//   that is asked of it. Nothing is ever read or written there, and nobody can open the other side, which
//   stays locked.
// * In its unbuffered mode el_wgets() returns after each command instead of each line. Commands that would
//   read more characters for themselves find the end of the input, so it never waits.
// * It gets a whole key as one character, because it would take the end of an escape sequence that it does
//   not know for typed text. kBindings has all that a key can do: what else libedit has on keys (its extended
//   commands, quoted insertion, counts of a million) is out of reach.
// * It draws on the terminal of ScreenWriter.
#include <fcntl.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "monitor_editor.h"
#include "monitor_editor_screen.h"
#include "trapeze/base/fd.h"

namespace trapeze::debug {
namespace {

struct Binding {
    std::string_view key;    // as KeyReader gives it
    const wchar_t* command;  // of editrc(5)
};

constexpr Binding kBindings[] = {
    {"\x01", L"ed-move-to-beg"},           // Ctrl-A
    {"\x02", L"ed-prev-char"},             // Ctrl-B
    {"\x04", L"ed-delete-next-char"},      // Ctrl-D
    {"\x05", L"ed-move-to-end"},           // Ctrl-E
    {"\x06", L"ed-next-char"},             // Ctrl-F
    {"\x07", L"ed-start-over"},            // Ctrl-G
    {"\x08", L"em-delete-prev-char"},      // Backspace of some terminals
    {"\x0a", L"ed-newline"},               //
    {"\x0b", L"ed-kill-line"},             // Ctrl-K
    {"\x0c", L"ed-clear-screen"},          // Ctrl-L
    {"\x0d", L"ed-newline"},               // Enter
    {"\x0e", L"ed-next-history"},          // Ctrl-N
    {"\x10", L"ed-prev-history"},          // Ctrl-P
    {"\x14", L"ed-transpose-chars"},       // Ctrl-T
    {"\x15", L"vi-kill-line-prev"},        // Ctrl-U
    {"\x17", L"ed-delete-prev-word"},      // Ctrl-W
    {"\x19", L"em-yank"},                  // Ctrl-Y
    {"\x7f", L"em-delete-prev-char"},      // Backspace
    {"\x1b[A", L"ed-prev-history"},        // Up
    {"\x1b[B", L"ed-next-history"},        // Down
    {"\x1b[C", L"ed-next-char"},           // Right
    {"\x1b[D", L"ed-prev-char"},           // Left
    {"\x1b[F", L"ed-move-to-end"},         // End
    {"\x1b[H", L"ed-move-to-beg"},         // Home
    {"\x1bOA", L"ed-prev-history"},        // the same with the keypad in application mode
    {"\x1bOB", L"ed-next-history"},        //
    {"\x1bOC", L"ed-next-char"},           //
    {"\x1bOD", L"ed-prev-char"},           //
    {"\x1bOF", L"ed-move-to-end"},         //
    {"\x1bOH", L"ed-move-to-beg"},         //
    {"\x1b[1~", L"ed-move-to-beg"},        // Home of VT220 and Linux's console
    {"\x1b[3~", L"ed-delete-next-char"},   // Delete
    {"\x1b[4~", L"ed-move-to-end"},        // End
    {"\x1b[7~", L"ed-move-to-beg"},        // of rxvt
    {"\x1b[8~", L"ed-move-to-end"},        //
    {"\x1b[1;5C", L"em-next-word"},        // Ctrl-Right
    {"\x1b[1;5D", L"ed-prev-word"},        // Ctrl-Left
    {"\x1b\x62", L"ed-prev-word"},         // Alt-B
    {"\x1b\x64", L"em-delete-next-word"},  // Alt-D
    {"\x1b\x66", L"em-next-word"},         // Alt-F
    {"\x1b\x7f", L"ed-delete-prev-word"},  // Alt-Backspace
};

// The character that stands for a key in libedit: one that cannot be typed. 0: the key has no command.
constexpr wchar_t character_of(std::string_view key) {
    for (std::size_t n = 0; n < std::size(kBindings); ++n) {
        if (kBindings[n].key == key) return static_cast<wchar_t>(0x80 + n);
    }
    return 0;
}
static_assert(std::size(kBindings) <= 0x80, "libedit's table of keys has 256 entries");
static_assert(std::ranges::all_of(kBindings,
                                  [](const Binding& row) {
                                      return std::ranges::count(kBindings, row.key, &Binding::key) == 1;
                                  }),
              "a key twice");

constexpr wchar_t kStartOver = character_of("\x07");
constexpr wchar_t kNewline = character_of("\r");
constexpr wchar_t kEnd = character_of("\x05");
constexpr wchar_t kBackspace = character_of("\x7f");
static_assert(kStartOver != 0 && kNewline != 0 && kEnd != 0 && kBackspace != 0);

std::string common_prefix(const std::vector<std::string>& words) {
    std::string prefix = words.front();
    for (const std::string& word : words) {
        const auto end = std::ranges::mismatch(prefix, word).in1;
        prefix.erase(end, prefix.end());
    }
    return prefix;
}

template <auto kClose>
struct Closer {
    template <typename T>
    void operator()(T* object) const {
        kClose(object);
    }
};

class LibeditEditor final : public LineEditor {
public:
    LibeditEditor(std::string_view prompt, Completer completer)
        : prompt_(prompt.begin(), prompt.end()), completer_(std::move(completer)) {}
    Result<> open();

    std::string display() override;

private:
    static ssize_t take_output(void* self, const char* text, std::size_t size);
    static int next_character(EditLine* edit, wchar_t* character);
    static wchar_t* prompt(EditLine* edit);
    static LibeditEditor& of(EditLine* edit);

    bool configure();
    std::optional<std::string> press(std::string_view key, std::string& echo) override;
    void forget_line() override;

    std::string shown();
    // Each adds to output_ what it changes on the screen.
    void run(wchar_t character);
    void insert(std::string_view text);
    void refresh();
    std::string enter();
    void remember(std::string_view line);
    void complete();
    void list(const std::vector<std::string>& words);

    std::size_t length() const;
    std::string text() const;

    std::wstring prompt_;  // const, but libedit has no word for it
    const Completer completer_;
    ScreenWriter screen_;
    std::string output_;  // what it shows
    wchar_t next_ = 0;    // the character that libedit is about to read; 0: there is none
    // In the order in which they need each other.
    Fd terminal_;
    std::unique_ptr<FILE, Closer<fclose>> stream_;  // into output_
    std::unique_ptr<HistoryW, Closer<history_wend>> history_;
    std::unique_ptr<EditLine, Closer<el_end>> edit_;
};

Result<> LibeditEditor::open() {
    terminal_.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!terminal_.valid()) return fail_errno(errno, "cannot open a pseudo-terminal");
    stream_.reset(
        fopencookie(this, "w", {.read = nullptr, .write = take_output, .seek = nullptr, .close = nullptr}));
    history_.reset(history_winit());
    if (!stream_ || !history_) return fail("out of memory");
    FILE* const stream = stream_.get();
    const int fd = terminal_.get();
    edit_.reset(el_init_fd("trapeze", stream, stream, stream, fd, fd, fd));
    if (!edit_) return fail("out of memory");
    int editing = 0;
    if (el_wget(edit_.get(), EL_EDITMODE, &editing) != 0 || editing == 0) return fail("$TERM is emacs");
    if (!configure()) return fail("libedit does not take its settings");
    return {};
}

// False if libedit does not know what kBindings takes for granted, or takes terminal_ for no terminal, which
// shows in the missing prompt.
bool LibeditEditor::configure() {
    EditLine* const edit = edit_.get();
    bool ok = el_wset(edit, EL_CLIENTDATA, this) == 0;
    ok &= el_wset(edit, EL_EDITOR, L"emacs") == 0;
    for (const Binding& row : kBindings) {
        const wchar_t key[] = {character_of(row.key), 0};
        ok &= el_wset(edit, EL_BIND, key, row.command, static_cast<wchar_t*>(nullptr)) == 0;
    }
    ok &= el_wset(edit, EL_SIGNAL, 0) == 0;
    ok &= el_wset(edit, EL_PROMPT, prompt) == 0;
    ok &= el_wset(edit, EL_GETCFN, next_character) == 0;
    HistEventW event;
    ok &= history_w(history_.get(), &event, H_SETSIZE, static_cast<int>(kHistory)) == 0;
    ok &= history_w(history_.get(), &event, H_SETUNIQUE, 1) == 0;
    ok &= el_wset(edit, EL_HIST, history_w, history_.get()) == 0;
    ok &= el_wset(edit, EL_UNBUFFERED, 1) == 0;
    return ok && !std::exchange(output_, {}).empty();
}

ssize_t LibeditEditor::take_output(void* self, const char* text, std::size_t size) {
    LibeditEditor& editor = *static_cast<LibeditEditor*>(self);
    editor.screen_.draw({text, size}, editor.output_);
    return static_cast<ssize_t>(size);
}

LibeditEditor& LibeditEditor::of(EditLine* edit) {
    void* self = nullptr;
    el_wget(edit, EL_CLIENTDATA, &self);
    return *static_cast<LibeditEditor*>(self);
}

int LibeditEditor::next_character(EditLine* edit, wchar_t* character) {
    *character = std::exchange(of(edit).next_, 0);
    return *character != 0 ? 1 : 0;
}

wchar_t* LibeditEditor::prompt(EditLine* edit) {
    return of(edit).prompt_.data();
}

std::string LibeditEditor::display() {
    output_.clear();
    refresh();
    return shown();
}

std::string LibeditEditor::shown() {
    screen_.place_cursor(output_);
    return std::exchange(output_, {});
}

void LibeditEditor::forget_line() {
    run(kStartOver);
    output_.clear();
}

std::optional<std::string> LibeditEditor::press(std::string_view key, std::string& echo) {
    std::optional<std::string> line;
    if (key == "\r" || key == "\n") {
        line = enter();
        remember(*line);
    } else if (key == "\x03") {  // Ctrl-C
        enter();
        refresh();
    } else if (key == "\t") {
        complete();
    } else if (const wchar_t character = character_of(key)) {
        run(character);
        // Ctrl-Y knows no limit but libedit's, which is twice ours.
        while (length() > kMaxLine) run(kBackspace);
    } else if (key.size() == 1 && key.front() >= ' ' && key.front() <= '~') {
        insert(key);
    }
    echo += shown();
    return line;
}

void LibeditEditor::run(wchar_t character) {
    next_ = character;
    int count = 0;
    el_wgets(edit_.get(), &count);
}

// On a row that is empty.
void LibeditEditor::refresh() {
    screen_.at_start();
    el_wset(edit_.get(), EL_REFRESH);
}

void LibeditEditor::insert(std::string_view text) {
    for (const char c : text.substr(0, kMaxLine - std::min(kMaxLine, length()))) run(c);
}

// Leaves the cursor at the start of an empty line.
std::string LibeditEditor::enter() {
    std::string line = text();
    run(kNewline);
    const std::size_t shown = output_.size();
    run(kStartOver);
    output_.resize(shown);  // without the new prompt
    screen_.at_start();
    return line;
}

// In the history; not twice in a row.
void LibeditEditor::remember(std::string_view line) {
    if (line.empty()) return;
    HistEventW event;
    history_w(history_.get(), &event, H_ENTER, std::wstring(line.begin(), line.end()).c_str());
}

// Completes as far as it is clear, and shows the choices when it is not.
void LibeditEditor::complete() {
    const std::string before = text().substr(0, static_cast<std::size_t>(el_cursor(edit_.get(), 0)));
    const std::vector<std::string> words = completer_(before);
    if (words.empty()) return;
    const std::size_t start = before.find_last_of(" \t") + 1;  // 0 if there is none
    std::string addition = common_prefix(words).substr(before.size() - start);
    if (words.size() == 1) addition += ' ';
    if (addition.empty()) {
        list(words);
    } else {
        insert(addition);
    }
}

void LibeditEditor::list(const std::vector<std::string>& words) {
    const int cursor = el_cursor(edit_.get(), 0);
    run(kEnd);  // below the line, if it has several rows
    output_ += '\n';
    for (std::size_t n = 0; n < std::min(words.size(), kMaxShown); ++n) output_ += words[n] + "  ";
    if (words.size() > kMaxShown) output_ += "...";
    output_ += '\n';
    el_cursor(edit_.get(), cursor - el_cursor(edit_.get(), 0));
    refresh();
}

std::size_t LibeditEditor::length() const {
    const LineInfoW* const line = el_wline(edit_.get());
    return static_cast<std::size_t>(line->lastchar - line->buffer);
}

std::string LibeditEditor::text() const {
    const LineInfoW* const line = el_wline(edit_.get());
    std::string text;
    std::transform(line->buffer, line->lastchar, std::back_inserter(text),
                   [](wchar_t c) { return static_cast<char>(c); });
    return text;
}

}  // namespace

Result<std::unique_ptr<LineEditor>> libedit_editor(std::string_view prompt, LineEditor::Completer completer) {
    auto editor = std::make_unique<LibeditEditor>(prompt, std::move(completer));
    TRY(editor->open());
    return editor;
}

}  // namespace trapeze::debug
