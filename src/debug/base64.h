// Bytes as text (RFC 4648, 4 "Base 64 Encoding").
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trapeze::debug {

std::string to_base64(std::string_view bytes);
// nullopt: `text` is none, or its padding is missing.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace trapeze::debug
