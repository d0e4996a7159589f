#include "qmp_framer.h"

#include <fmt/core.h>

namespace trapeze::debug {

void JsonFramer::reset() {
    *this = JsonFramer();
}

void JsonFramer::skip(std::string why, std::vector<Item>& items) {
    reset();
    state_ = State::Skipping;
    items.push_back({.text = {}, .error = std::move(why)});
}

std::vector<JsonFramer::Item> JsonFramer::feed(std::span<const u8> bytes) {
    std::vector<Item> items;
    for (const u8 byte : bytes) {
        const char c = static_cast<char>(byte);
        // Not part of any UTF-8 text: clients send it to make sure that a new message begins.
        if (byte == 0xff) {
            reset();
            continue;
        }
        switch (state_) {
            case State::Skipping:
                if (c == '\n') state_ = State::Between;
                break;
            case State::Between:
                if (c == ' ' || c == '\t' || c == '\r' || c == '\n') break;
                if (c != '{' && c != '[') {
                    skip("JSON parse error, expecting an object", items);
                    if (c == '\n') state_ = State::Between;
                    break;
                }
                state_ = State::Inside;
                feed_inside(c, items);
                break;
            case State::Inside: feed_inside(c, items); break;
        }
    }
    return items;
}

void JsonFramer::feed_inside(char c, std::vector<Item>& items) {
    if (text_.size() == kMaxBytes) {
        skip(fmt::format("JSON parse error, more than {} bytes", kMaxBytes), items);
        return;
    }
    text_ += c;
    if (in_string_) {
        if (escaped_) {
            escaped_ = false;
        } else if (c == '\\') {
            escaped_ = true;
        } else if (c == '"') {
            in_string_ = false;
        }
        return;
    }
    if (c == '"') in_string_ = true;
    if (c == '{' || c == '[') {
        if (++depth_ > kMaxDepth)
            skip(fmt::format("JSON parse error, more than {} levels", kMaxDepth), items);
        return;
    }
    if (c != '}' && c != ']') return;
    if (--depth_ != 0) return;
    items.push_back({.text = std::move(text_), .error = {}});
    reset();
}

}  // namespace trapeze::debug
