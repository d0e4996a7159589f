#include "hmp_expression.h"

#include <charconv>

namespace trapeze::debug {
namespace {

// Parentheses and signs inside each other: a bound on recursion.
constexpr unsigned kMaxDepth = 64;

struct Operator {
    std::string_view text;
    unsigned precedence;  // binds tighter the higher it is
};
constexpr Operator kOperators[] = {{"<<", 4}, {">>", 4}, {"|", 1}, {"^", 2}, {"&", 3},
                                   {"+", 5},  {"-", 5},  {"*", 6}, {"/", 6}, {"%", 6}};

bool is_name_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

class Parser {
public:
    Parser(std::string_view& text, const RegisterLookup& lookup) : text_(text), lookup_(lookup) {}

    Result<u64> binary(unsigned precedence, unsigned depth) {
        u64 left = TRY(unary(depth));
        for (;;) {
            const std::size_t before = text_.size();
            skip_blanks();
            // "4 /tmp/file" is two arguments.
            if (text_.size() != before && text_.starts_with('/') && text_.size() > 1 && text_[1] != ' ')
                return left;
            const Operator* op = next_operator();
            if (op == nullptr || op->precedence < precedence) return left;
            text_.remove_prefix(op->text.size());
            const u64 right = TRY(binary(op->precedence + 1, depth));
            left = TRY(apply(op->text, left, right));
        }
    }

private:
    void skip_blanks() {
        while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) text_.remove_prefix(1);
    }

    const Operator* next_operator() const {
        for (const Operator& op : kOperators) {
            if (text_.starts_with(op.text)) return &op;
        }
        return nullptr;
    }

    static Result<u64> apply(std::string_view op, u64 a, u64 b) {
        if (op == "<<") return b < 64 ? a << b : 0;
        if (op == ">>") return b < 64 ? a >> b : 0;
        switch (op.front()) {
            case '|': return a | b;
            case '^': return a ^ b;
            case '&': return a & b;
            case '+': return a + b;
            case '-': return a - b;
            case '*': return a * b;
            default: break;
        }
        if (b == 0) return fail("division by zero");
        return op.front() == '/' ? a / b : a % b;
    }

    Result<u64> unary(unsigned depth) {
        skip_blanks();
        if (depth == kMaxDepth) return fail("the expression is nested too deeply");
        if (text_.empty()) return fail("unexpected end of expression");
        const char c = text_.front();
        if (c == '+' || c == '-' || c == '~') {
            text_.remove_prefix(1);
            const u64 value = TRY(unary(depth + 1));
            return c == '+' ? value : c == '-' ? 0 - value : ~value;
        }
        if (c == '(') {
            text_.remove_prefix(1);
            const u64 value = TRY(binary(0, depth + 1));
            skip_blanks();
            if (!text_.starts_with(')')) return fail("')' expected");
            text_.remove_prefix(1);
            return value;
        }
        if (c == '$') return register_value();
        if (c == '\'') return character();
        return number();
    }

    std::string_view take_name() {
        std::size_t length = 0;
        while (length < text_.size() && is_name_character(text_[length])) ++length;
        const std::string_view name = text_.substr(0, length);
        text_.remove_prefix(length);
        return name;
    }

    Result<u64> register_value() {
        text_.remove_prefix(1);
        const std::string_view name = take_name();
        if (const auto value = lookup_(name)) return *value;
        return fail("unknown register '${}'", name);
    }

    Result<u64> character() {
        if (text_.size() < 3 || text_[2] != '\'') return fail("missing terminating ' character");
        const u64 value = static_cast<u8>(text_[1]);
        text_.remove_prefix(3);
        return value;
    }

    Result<u64> number() {
        const std::string_view word = take_name();
        int base = 10;
        std::string_view digits = word;
        if (digits.starts_with("0x") || digits.starts_with("0X")) {
            base = 16;
            digits.remove_prefix(2);
        } else if (digits.size() > 1 && digits.front() == '0') {
            base = 8;
        }
        u64 value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
        if (error == std::errc::result_out_of_range) return fail("'{}' is too large", word);
        if (error != std::errc() || end != digits.data() + digits.size())
            return word.empty() ? fail("invalid char '{}' in expression", text_.front())
                                : fail("'{}' is not a number", word);
        return value;
    }

    std::string_view& text_;
    const RegisterLookup& lookup_;
};

}  // namespace

Result<u64> take_expression(std::string_view& text, const RegisterLookup& lookup) {
    return Parser(text, lookup).binary(0, 0);
}

}  // namespace trapeze::debug
