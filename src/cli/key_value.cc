#include "key_value.h"

#include <algorithm>

namespace trapeze::cli {
namespace {

// The value at the front of `rest`, up to a single comma, which is removed too.
std::string take_value(std::string_view& rest) {
    std::string value;
    while (!rest.empty()) {
        const char c = rest.front();
        rest.remove_prefix(1);
        if (c == ',') {
            if (!rest.starts_with(',')) break;
            rest.remove_prefix(1);
        }
        value += c;
    }
    return value;
}

}  // namespace

Result<std::vector<KeyValue>> split_key_values(std::string_view text, std::string_view implied_key) {
    std::vector<KeyValue> items;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t stop = std::min(rest.find_first_of("=,"), rest.size());
        const bool has_value = stop < rest.size() && rest[stop] == '=';
        if (!has_value && items.empty() && !implied_key.empty()) {
            items.push_back({.key = std::string(implied_key), .value = take_value(rest), .implied = true});
            continue;
        }
        if (stop == 0) return fail("a key is missing before '{}'", show(rest));
        KeyValue item{.key = std::string(rest.substr(0, stop)), .value = "on", .bare = !has_value};
        rest.remove_prefix(std::min(stop + 1, rest.size()));
        if (has_value) item.value = take_value(rest);
        items.push_back(std::move(item));
    }
    return items;
}

bool wants_help(const std::vector<KeyValue>& items) {
    return std::ranges::any_of(items, [](const KeyValue& item) {
        return (item.bare && is_help(item.key)) || (item.implied && is_help(item.value));
    });
}

std::string show(const KeyValue& item) {
    if (item.bare) return show(item.key);
    if (item.implied) return show(item.value);
    return show(fmt::format("{}={}", item.key, item.value));
}

std::string_view value_of(const std::vector<KeyValue>& items, std::string_view key) {
    std::string_view value;
    for (const KeyValue& item : items) {
        if (item.key == key) value = item.value;
    }
    return value;
}

}  // namespace trapeze::cli
