// Pieces of messages: values as the user may safely see them again, and "did you mean".
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace trapeze::cli {

// `text` for use inside a one-line message: control characters as \xNN, cut to kShownLength bytes.
inline constexpr std::size_t kShownLength = 100;
std::string show(std::string_view text);

// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known word nearest to `word`, or empty if none is near enough to be a slip of the finger.
std::string_view closest(std::string_view word, std::span<const std::string_view> known);

// " (did you mean 'X'?)" or nothing.
std::string hint(std::string_view word, std::span<const std::string_view> known);

// The refusal of something QEMU has and we do not: "disks are not supported yet by this version". A feature
// that ends in s is plural.
std::string not_supported(std::string_view feature);

}  // namespace trapeze::cli
