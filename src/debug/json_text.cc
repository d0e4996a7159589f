#include "json_text.h"

#include <fmt/core.h>

#include <cstddef>

namespace trapeze::debug {
namespace {

// Length of the well-formed UTF-8 sequence at the front of `s`, 0 if there is none (Unicode, table 3-7).
std::size_t utf8_length(std::string_view s) {
    const auto byte = [s](std::size_t n) { return n < s.size() ? static_cast<unsigned char>(s[n]) : 0u; };
    const auto tail = [byte](std::size_t n) { return (byte(n) & 0xc0u) == 0x80; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const bool ok =
            tail(1) && tail(2) && !(first == 0xe0 && byte(1) < 0xa0) && !(first == 0xed && byte(1) > 0x9f);
        return ok ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool ok = tail(1) && tail(2) && tail(3) && !(first == 0xf0 && byte(1) < 0x90) &&
                        !(first == 0xf4 && byte(1) > 0x8f);
        return ok ? 4 : 0;
    }
    return 0;
}

}  // namespace

std::string json_string(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const char c = text[0];
        if (length == 0) {
            out += "\\ufffd";
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out + '"';
}

}  // namespace trapeze::debug
