// Scalar option values. Error messages say what was expected; the caller puts option and value in front.
#pragma once

#include <string_view>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"
#include "trapeze/machine/config.h"

namespace trapeze::cli {

// on/yes/true/y or off/no/false/n.
Result<bool> parse_bool(std::string_view text);

// As parse_bool(), or auto.
Result<machine::OnOffAuto> parse_on_off_auto(std::string_view text);

// Decimal, or hexadecimal after 0x; low <= result <= high.
Result<u64> parse_number(std::string_view text, u64 low, u64 high);

// Decimal, with an optional fraction and an optional suffix B, K, M, G or T (powers of 1024, either case).
// Without a suffix the number counts units of `default_unit` bytes. Result in bytes.
Result<u64> parse_size(std::string_view text, u64 default_unit);

// True for the two spellings of a request for help: "help" and "?".
bool is_help(std::string_view text);

}  // namespace trapeze::cli
