// Calculations at the monitor's prompt: C's operators on 64-bit numbers, with $registers.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze::debug {

// The value of a register without its '$', or nullopt.
using RegisterLookup = std::function<std::optional<u64>(std::string_view name)>;

// Takes one expression from the front of `text`, up to where it cannot go on. Numbers are decimal, octal
// after 0, hexadecimal after 0x, or 'c'. Operators, loosest first: | ^ & << >> + - * / %, and unary + - ~ and
// parentheses.
Result<u64> take_expression(std::string_view& text, const RegisterLookup& lookup);

}  // namespace trapeze::debug
