#include "values.h"

#include <charconv>

namespace trapeze::cli {
namespace {

constexpr u64 kKiB = 1024;
constexpr std::size_t kMaxFractionDigits = 9;

// A run of decimal digits at the front of `text`, removed from it. Empty or too large: failure.
Result<u64> take_digits(std::string_view& text) {
    u64 value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 10);
    if (error != std::errc{}) return fail("must be a size such as 512M or 4G");
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

// Bytes per unit of a size suffix; 0 if there is no such suffix.
u64 suffix_unit(char suffix) {
    switch (suffix) {
        case 'b':
        case 'B': return 1;
        case 'k':
        case 'K': return kKiB;
        case 'm':
        case 'M': return kKiB * kKiB;
        case 'g':
        case 'G': return kKiB * kKiB * kKiB;
        case 't':
        case 'T': return kKiB * kKiB * kKiB * kKiB;
        default: return 0;
    }
}

}  // namespace

Result<bool> parse_bool(std::string_view text) {
    for (const std::string_view word : {"on", "yes", "true", "y"}) {
        if (text == word) return true;
    }
    for (const std::string_view word : {"off", "no", "false", "n"}) {
        if (text == word) return false;
    }
    return fail("must be on or off");
}

Result<machine::OnOffAuto> parse_on_off_auto(std::string_view text) {
    if (text == "auto") return machine::OnOffAuto::Auto;
    const auto value = parse_bool(text);
    if (!value) return fail("must be on, off or auto");
    return *value ? machine::OnOffAuto::On : machine::OnOffAuto::Off;
}

Result<u64> parse_number(std::string_view text, u64 low, u64 high) {
    u64 value = 0;
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    const std::string_view digits = hexadecimal ? text.substr(2) : text;
    const char* const last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, value, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != last || value < low || value > high) {
        return fail("must be a number from {} to {}", low, high);
    }
    return value;
}

Result<u64> parse_size(std::string_view text, u64 default_unit) {
    std::string_view rest = text;
    const u64 whole = TRY(take_digits(rest));
    u64 fraction = 0, fraction_scale = 1;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        const std::size_t before = rest.size();
        fraction = TRY(take_digits(rest));
        const std::size_t digits = before - rest.size();
        if (digits > kMaxFractionDigits) return fail("has too many decimals");
        for (std::size_t i = 0; i < digits; ++i) fraction_scale *= 10;
    }
    const u64 unit = rest.empty() ? default_unit : suffix_unit(rest.front());
    if (rest.size() > 1 || unit == 0) return fail("must be a size such as 512M or 4G");
    u64 bytes = 0;
    // fraction < 10^9 and unit <= 2^40: the product needs 70 bits.
    const auto part = static_cast<u64>(static_cast<unsigned __int128>(fraction) * unit / fraction_scale);
    if (__builtin_mul_overflow(whole, unit, &bytes) || __builtin_add_overflow(bytes, part, &bytes)) {
        return fail("is too large");
    }
    return bytes;
}

bool is_help(std::string_view text) {
    return text == "help" || text == "?";
}

}  // namespace trapeze::cli
