// Cuts a stream of bytes into JSON texts: objects and arrays that follow each other, with or without blanks
// in between. It looks at quotes and brackets only; whether the text is JSON is for a parser to say.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::debug {

class JsonFramer {
public:
    static constexpr std::size_t kMaxBytes = 1 << 20;  // of one text
    static constexpr unsigned kMaxDepth = 64;

    struct Item {
        std::string text;   // whole, if `error` is empty
        std::string error;  // what came instead; the rest of its line is skipped
    };

    // The texts that `bytes` complete, in order.
    std::vector<Item> feed(std::span<const u8> bytes);
    void reset();

private:
    enum class State : u8 { Between, Inside, Skipping };

    void feed_inside(char c, std::vector<Item>& items);
    void skip(std::string why, std::vector<Item>& items);

    State state_ = State::Between;
    std::string text_;
    unsigned depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
};

}  // namespace trapeze::debug
