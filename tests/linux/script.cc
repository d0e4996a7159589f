#include "script.h"

#include <cstdio>

namespace trapeze::linux_tests {
namespace {

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

std::vector<Step> read_script(std::istream& in) {
    std::vector<Step> steps;
    std::string raw;
    for (int line = 1; std::getline(in, raw); ++line) {
        const std::string_view text = trim(raw);
        if (text.empty() || text.front() == '#') continue;
        const auto blank = text.find_first_of(" \t");
        Step step{.line = line, .word = std::string(text.substr(0, blank)), .argument = {}};
        if (blank != std::string_view::npos) step.argument = trim(text.substr(blank));
        steps.push_back(std::move(step));
    }
    return steps;
}

std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        switch (const char c = text[++i]) {
            case 'r': out += '\r'; break;
            case 'n': out += '\n'; break;
            case 't': out += '\t'; break;
            case 'e': out += '\x1b'; break;
            case '\\': out += '\\'; break;
            case 'x': {
                const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
                const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
                if (low >= 0) {
                    out += static_cast<char>(high * 16 + low);
                    i += 2;
                    break;
                }
                [[fallthrough]];
            }
            default: out += '\\'; out += c;
        }
    }
    return out;
}

std::string printable(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n' || c == '\t' || (byte >= 0x20 && byte != 0x7f)) {
            out += c;
        } else {
            char code[8];
            std::snprintf(code, sizeof(code), "\\x%02x", byte);
            out += code;
        }
    }
    return out;
}

}  // namespace trapeze::linux_tests
