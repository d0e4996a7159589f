// -object: what devices and the machine refer to by its id. One place to add a type: a row here, with its
// keys.
#include <algorithm>

#include "device_options.h"

namespace trapeze::cli {
namespace {

Result<void> set_filename(ObjectRequest& object, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a file name must not be empty");
    object.rng_file = argument.value;
    return {};
}

constexpr KeyRow<ObjectRequest> kRngRandomKeys[] = {
    {"filename", "file", set_filename, "where to read, /dev/urandom by default"},
};

// What all types have.
Result<void> set_id(ObjectRequest& object, const KeyArgument& argument) {
    object.id = argument.value;
    return {};
}

constexpr KeyRow<ObjectRequest> kCommonKeys[] = {
    {"qom-type", "type", device_keys::ignore<ObjectRequest>, "what it is"},
    {"id", "id", set_id, "its name"},
};

using Rows = std::vector<KeyRow<ObjectRequest>>;

struct ObjectType {
    std::string_view name;
    Rows (*own_keys)(std::string_view name);
    void (*begin)(ObjectRequest&);                // before its keys are set
    Result<void> (*check)(const ObjectRequest&);  // after that
};

constexpr ObjectType memory_backend(std::string_view name) {
    return {name, memory_backend_keys, begin_memory_backend, check_memory_backend};
}

Result<void> nothing_to_check(const ObjectRequest&) {
    return {};
}

constexpr ObjectType kTypes[] = {
    memory_backend("memory-backend-file"),
    memory_backend("memory-backend-memfd"),
    memory_backend("memory-backend-ram"),
    {"rng-builtin", [](std::string_view) { return Rows{}; }, [](ObjectRequest&) {}, nothing_to_check},
    {"rng-random",
     [](std::string_view) { return Rows(std::begin(kRngRandomKeys), std::end(kRngRandomKeys)); },
     [](ObjectRequest& object) { object.rng_file = "/dev/urandom"; }, nothing_to_check},
};

Rows all_keys(const ObjectType& type) {
    Rows rows(std::begin(kCommonKeys), std::end(kCommonKeys));
    const Rows own = type.own_keys(type.name);
    rows.insert(rows.end(), own.begin(), own.end());
    return rows;
}

std::string types_help() {
    std::string text = "Objects:\n";
    for (const ObjectType& type : kTypes) text += fmt::format("  {}\n", type.name);
    return text;
}

}  // namespace

Result<void> object_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "qom-type"));
    const std::string prefix = fmt::format("-{} {}", use.name, show(use.argument));
    const auto name = value_of(items, "qom-type");
    const auto* type = std::ranges::find(kTypes, name, &ObjectType::name);
    if (type == std::end(kTypes)) {
        if (!wants_help(items))
            return fail("{}: {}", prefix, not_supported(fmt::format("object '{}'", show(name))));
        print_and_exit(draft, types_help());
        return {};
    }
    const auto keys = all_keys(*type);
    if (wants_help(items)) {
        print_and_exit(draft, fmt::format("Properties of {}:\n{}", name, describe_keys<ObjectRequest>(keys)));
        return {};
    }
    ObjectRequest object{.text = show(use.argument), .type = std::string(name)};
    type->begin(object);
    TRY(apply_keys<ObjectRequest>(use.name, keys, items, object));
    if (object.id.empty()) return fail("{}: id= is missing", prefix);
    if (std::ranges::find(draft.objects, object.id, &ObjectRequest::id) != draft.objects.end())
        return fail("{}: id '{}' is already taken", prefix, show(object.id));
    TRY(with_context(type->check(object), prefix));
    draft.objects.push_back(std::move(object));
    return {};
}

}  // namespace trapeze::cli
