#include "text.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace trapeze::cli {
namespace {

// Words longer than this are never a misspelt option; also bounds the work of edit_distance().
constexpr std::size_t kMaxWord = 64;

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

// `text` cut to at most `length` bytes, not inside a UTF-8 sequence.
std::string_view cut(std::string_view text, std::size_t length) {
    if (text.size() <= length) return text;
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
    return text.substr(0, length);
}

}  // namespace

std::string show(std::string_view text) {
    const std::string_view kept = cut(text, kShownLength);
    std::string out;
    for (const char c : kept) {
        if (is_control(c)) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    if (kept.size() < text.size()) out += "...";
    return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Three rows of the usual table: two back (for swaps), previous, current.
    std::vector<std::size_t> two_back(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1, substitution});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) current[j] = std::min(current[j], two_back[j - 2] + 1);
        }
        std::swap(two_back, previous);
        std::swap(previous, current);
    }
    return previous[b.size()];
}

std::string_view closest(std::string_view word, std::span<const std::string_view> known) {
    if (word.size() < 2 || word.size() > kMaxWord) return {};
    std::string_view best;
    // A third of the letters may differ: "-kernal" is -kernel, "-foo" is nothing.
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view candidate : known) {
        // Replacing every letter is not a likeness.
        if (candidate.size() < 2) continue;
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

std::string hint(std::string_view word, std::span<const std::string_view> known) {
    const std::string_view best = closest(word, known);
    return best.empty() ? std::string() : fmt::format(" (did you mean '{}'?)", best);
}

std::string not_supported(std::string_view feature) {
    return fmt::format("{} {} not supported yet by this version", feature,
                       feature.ends_with('s') ? "are" : "is");
}

}  // namespace trapeze::cli
