// -device virtio-rng-device, and the objects that it takes its randomness from.
#include <algorithm>

#include "device_options.h"

namespace trapeze::cli {
namespace {

struct RngDraft {
    DeviceCommon common;
    machine::RngConfig config;
    std::string object;
};

Result<void> set_rng(RngDraft& rng, const KeyArgument& argument) {
    rng.object = argument.value;
    return {};
}

Result<void> set_max_bytes(RngDraft& rng, const KeyArgument& argument) {
    rng.config.max_bytes = TRY(parse_number(argument.value, 1, ~u64{0}));
    return {};
}

Result<void> set_period(RngDraft& rng, const KeyArgument& argument) {
    rng.config.period_ms = static_cast<u32>(TRY(parse_number(argument.value, 1, ~u32{0})));
    return {};
}

constexpr KeyRow<RngDraft> kOwnKeys[] = {
    {"rng", "id", set_rng, "the -object it reads; by default the host's kernel"},
    {"max-bytes", "n", set_max_bytes, "bytes that the guest gets in each period"},
    {"period", "ms", set_period, "length of the period in milliseconds, 65536 by default"},
};
constexpr auto kKeys = with_common_keys(kOwnKeys);
constexpr KeyTable<RngDraft> kTable = kKeys;

Result<void> add(Draft& draft, const DeviceRequest& request) {
    RngDraft rng;
    TRY(apply_keys("device", kTable, request.items, rng));
    if (!rng.object.empty()) {
        const auto found = std::ranges::find(draft.objects, rng.object, &ObjectRequest::id);
        if (found == draft.objects.end())
            return fail("-device {}: there is no -object with id '{}'", request.text, show(rng.object));
        rng.config.file = found->rng_file;
    }
    draft.config.virtio.push_back({rng.common.id, rng.common.slot, rng.config});
    return {};
}

constexpr DeviceType kTypes[] = {
    {"virtio-rng-device", "virtio-rng", "random numbers", add, [] { return describe_keys(kTable); }},
};

// --- -object -----------------------------------------------------------------------------------------------

Result<void> set_filename(ObjectRequest& object, const KeyArgument& argument) {
    if (object.type != "rng-random") return fail("applies to rng-random only");
    if (argument.value.empty()) return fail("a file name must not be empty");
    object.rng_file = argument.value;
    return {};
}

Result<void> set_object_id(ObjectRequest& object, const KeyArgument& argument) {
    object.id = argument.value;
    return {};
}

constexpr KeyRow<ObjectRequest> kObjectKeys[] = {
    {"qom-type", "rng-random|rng-builtin", device_keys::ignore<ObjectRequest>, "what it is"},
    {"id", "id", set_object_id, "its name"},
    {"filename", "file", set_filename, "rng-random: where to read, /dev/urandom by default"},
};
constexpr KeyTable<ObjectRequest> kObjectTable = kObjectKeys;

}  // namespace

std::span<const DeviceType> rng_devices() {
    return kTypes;
}

Result<void> object_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "qom-type"));
    if (wants_help(items)) {
        print_and_exit(draft,
                       "Objects:\n  rng-builtin\n  rng-random\nProperties:\n" + describe_keys(kObjectTable));
        return {};
    }
    const std::string prefix = fmt::format("-{} {}", use.name, show(use.argument));
    ObjectRequest object{.type = std::string(value_of(items, "qom-type"))};
    if (object.type != "rng-random" && object.type != "rng-builtin")
        return fail("{}: {}", prefix, not_supported(fmt::format("object '{}'", show(object.type))));
    if (object.type == "rng-random") object.rng_file = "/dev/urandom";
    TRY(apply_keys("object", kObjectTable, items, object));
    if (object.id.empty()) return fail("{}: id= is missing", prefix);
    if (std::ranges::find(draft.objects, object.id, &ObjectRequest::id) != draft.objects.end())
        return fail("{}: id '{}' is already taken", prefix, show(object.id));
    draft.objects.push_back(std::move(object));
    return {};
}

}  // namespace trapeze::cli
