// -device virtio-rng-device.
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
        if (!found->type.starts_with("rng-"))
            return fail("-device {}: -object {} is no source of randomness", request.text, found->text);
        rng.config.file = found->rng_file;
    }
    draft.config.virtio.push_back({rng.common.id, rng.common.slot, rng.config});
    return {};
}

constexpr DeviceType kTypes[] = {
    {"virtio-rng-device", "virtio-rng", "random numbers", add, [] { return describe_keys(kTable); }},
};

}  // namespace

std::span<const DeviceType> rng_devices() {
    return kTypes;
}

}  // namespace trapeze::cli
