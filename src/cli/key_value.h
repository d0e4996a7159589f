// key=value lists: "virt,gic-version=3,acpi=off". The keys an option knows are rows of a table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text.h"
#include "trapeze/base/result.h"
#include "values.h"

namespace trapeze::cli {

struct KeyValue {
    std::string key;
    std::string value;
    bool bare = false;     // a key alone ("readonly"): value is "on"
    bool implied = false;  // a value alone in first place ("virt"): key is the option's first key
};

// Splits at single commas; a doubled comma in a value stands for one. A first element without '=' is the
// value of `implied_key`, unless that is empty. A trailing comma is allowed, an empty key is not.
Result<std::vector<KeyValue>> split_key_values(std::string_view text, std::string_view implied_key);

// True if an element is "help" or "?".
bool wants_help(const std::vector<KeyValue>& items);

// The element as the user wrote it, for messages.
std::string show(const KeyValue& item);

// The value of `key`: of the last element with that key, or empty.
std::string_view value_of(const std::vector<KeyValue>& items, std::string_view key);

// What a row's setter is given. `help` is the row's own text.
struct KeyArgument {
    std::string_view key;
    std::string_view value;
    std::string_view help;
};

// One key of an option. `values` describes what it takes and, with `help`, what the option's own help prints.
// A key whose `values` begin with on or off is a switch.
template <typename Target>
struct KeyRow {
    std::string_view key;
    std::string_view values;
    Result<void> (*set)(Target&, const KeyArgument&);
    std::string_view help;
};

template <typename Target>
using KeyTable = std::span<const KeyRow<Target>>;

template <typename Target>
const KeyRow<Target>* find_key(KeyTable<Target> rows, std::string_view key) {
    for (const KeyRow<Target>& row : rows) {
        if (row.key == key) return &row;
    }
    return nullptr;
}

// Only a switch may stand alone.
template <typename Target>
bool is_switch(const KeyRow<Target>& row) {
    return row.values.starts_with("on") || row.values.starts_with("off");
}

// The row for `item`. A bare "noX" that is not itself a key means X=off: `item` is rewritten so.
template <typename Target>
Result<const KeyRow<Target>*> match_key(std::string_view option, KeyTable<Target> rows, KeyValue& item) {
    if (const auto* row = find_key(rows, item.key)) return row;
    if (item.bare && item.key.starts_with("no")) {
        const auto* row = find_key(rows, std::string_view(item.key).substr(2));
        if (row != nullptr && is_switch(*row)) {
            item = {.key = std::string(row->key), .value = "off"};
            return row;
        }
    }
    std::vector<std::string_view> known;
    for (const KeyRow<Target>& row : rows) known.push_back(row.key);
    return fail("-{} {}: unknown key '{}'{}", option, show(item), show(item.key), hint(item.key, known));
}

template <typename Target>
Result<void> apply_key(std::string_view option, const KeyRow<Target>& row, const KeyValue& item,
                       Target& target) {
    const std::string prefix = fmt::format("-{} {}", option, show(item));
    if (item.bare && !is_switch(row)) return fail("{}: a value is missing", prefix);
    const KeyArgument argument{.key = row.key, .value = item.value, .help = row.help};
    auto result = row.set(target, argument);
    return with_context(std::move(result), prefix);
}

// Applies all elements in order. Errors read "-option key=value: why".
template <typename Target>
Result<void> apply_keys(std::string_view option, KeyTable<Target> rows, std::vector<KeyValue> items,
                        Target& target) {
    for (KeyValue& item : items) {
        const KeyRow<Target>* row = TRY(match_key(option, rows, item));
        TRY(apply_key(option, *row, item, target));
    }
    return {};
}

// One line per key, for "-option help".
template <typename Target>
std::string describe_keys(KeyTable<Target> rows) {
    std::string text;
    for (const KeyRow<Target>& row : rows) {
        text += fmt::format("  {:<34} {}\n", fmt::format("{}={}", row.key, row.values), row.help);
    }
    return text;
}

// Setters that serve many rows.

// Either value is what we do anyway, or makes no difference here.
template <typename Target>
Result<void> accept_bool(Target&, const KeyArgument& argument) {
    TRY(parse_bool(argument.value));
    return {};
}

// `help` names a feature we lack: off is fine, on is refused.
template <typename Target>
Result<void> only_off(Target&, const KeyArgument& argument) {
    if (TRY(parse_bool(argument.value))) return fail("{}", not_supported(argument.help));
    return {};
}

// `help` names a feature we lack, whatever the value.
template <typename Target>
Result<void> refuse_key(Target&, const KeyArgument& argument) {
    return fail("{}", not_supported(argument.help));
}

}  // namespace trapeze::cli
