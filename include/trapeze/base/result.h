// Host-side failures as values. A function that can fail for a reason outside the program (a file, an ioctl,
// a bad option) returns Result<T>; the error gathers context on its way up and main() prints it once.
#pragma once

#include <fmt/core.h>

#include <expected>
#include <string>
#include <utility>

namespace trapeze {

class [[nodiscard]] Error {
public:
    explicit Error(std::string message) : message_(std::move(message)) {}

    // "message: strerror(number)".
    static Error from_errno(std::string message, int number);

    // Puts "what: " in front, outermost context first when printed.
    Error context(std::string_view what) && {
        message_ = fmt::format("{}: {}", what, message_);
        return std::move(*this);
    }

    const std::string& message() const { return message_; }

private:
    std::string message_;
};

template <typename T = void>
using Result = std::expected<T, Error>;

template <typename... Args>
std::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected(Error(fmt::format(format, std::forward<Args>(args)...)));
}

// As fail(), with the description of the errno value `number` appended.
template <typename... Args>
std::unexpected<Error> fail_errno(int number, fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected(Error::from_errno(fmt::format(format, std::forward<Args>(args)...), number));
}

template <typename T>
Result<T> with_context(Result<T> result, std::string_view what) {
    if (!result) return std::unexpected(std::move(result).error().context(what));
    return result;
}

}  // namespace trapeze

// Unwraps a Result or returns its error from the enclosing function. Only as a whole statement or
// initialiser: leaving from inside an argument list, g++ 12 forgets to destroy the arguments that exist
// already.
#define TRY(expression)                                                           \
    ({                                                                            \
        auto try_result_ = (expression);                                          \
        if (!try_result_) return std::unexpected(std::move(try_result_).error()); \
        std::move(try_result_).value();                                           \
    })
