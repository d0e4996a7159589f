// What a user sees of the bytes that a line editor sends: a terminal with as many rows as it takes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace trapeze::debug {

class Screen {
public:
    explicit Screen(std::size_t columns) : columns_(columns) {}

    // As the monitor sends it: a line feed is one with a carriage return.
    void show(std::string_view text) {
        for (const char c : text) take(c);
    }

    // Without what is blank to the right and at the bottom.
    std::vector<std::string> rows() const {
        std::vector<std::string> rows;
        for (const std::string& row : rows_) rows.push_back(row.substr(0, row.find_last_not_of(' ') + 1));
        while (!rows.empty() && rows.back().empty()) rows.pop_back();
        return rows;
    }
    // Where the next character would go.
    std::size_t row() const { return row_; }
    std::size_t column() const { return column_; }
    unsigned bells() const { return bells_; }

private:
    void take(char c) {
        if (!sequence_.empty() || c == '\x1b') {
            sequence_ += c;
            if (sequence_.size() > 2 && c >= 0x40) {
                control(c, sequence_.substr(2, sequence_.size() - 3));
                sequence_.clear();
            }
            return;
        }
        switch (c) {
            case '\r': column_ = 0; break;
            case '\n': column_ = 0, ++row_; break;
            // A character in the last column leaves the cursor there; only the next one goes to the next row.
            case '\b': column_ = std::min(column_, columns_ - 1) - (column_ == 0 ? 0 : 1); break;
            case '\a': ++bells_; break;
            default: print(c); break;
        }
        if (row_ >= rows_.size()) rows_.resize(row_ + 1);
    }

    void print(char c) {
        ASSERT_TRUE(c >= ' ' && c <= '~') << "unexpected byte " << int{c};
        if (column_ == columns_) column_ = 0, ++row_;
        if (row_ >= rows_.size()) rows_.resize(row_ + 1);
        rows_[row_].resize(std::max(rows_[row_].size(), column_ + 1), ' ');
        rows_[row_][column_++] = c;
    }

    void control(char end, const std::string& parameter) {
        const std::size_t count = parameter.empty() ? 1 : std::stoul(parameter);
        column_ = std::min(column_, columns_ - 1);
        switch (end) {
            case 'A': row_ -= std::min(row_, count); break;
            case 'C': column_ = std::min(column_ + count, columns_ - 1); break;
            case 'D': column_ -= std::min(column_, count); break;
            case 'H': row_ = column_ = 0; break;
            case 'J': rows_.assign(1, {}); break;
            case 'K': rows_[row_].resize(std::min(rows_[row_].size(), column_)); break;
            default: ADD_FAILURE() << "unexpected sequence ending in " << end; break;
        }
    }

    std::size_t columns_;
    std::vector<std::string> rows_{1};
    std::size_t row_ = 0, column_ = 0;
    std::string sequence_;
    unsigned bells_ = 0;
};

}  // namespace trapeze::debug
