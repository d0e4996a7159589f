// Pieces of JSON text (RFC 8259).
#pragma once

#include <string>
#include <string_view>

namespace trapeze::debug {

// `text` as a JSON string, with its quotes. Bytes that are not UTF-8 become U+FFFD, so the result always
// parses.
std::string json_string(std::string_view text);

}  // namespace trapeze::debug
