// -device virtio-balloon-device.
#include <algorithm>

#include "device_options.h"

namespace trapeze::cli {
namespace {

struct BalloonDraft {
    DeviceCommon common;
    machine::BalloonConfig config;
};

template <bool machine::BalloonConfig::*Field>
Result<void> set_flag(BalloonDraft& balloon, const KeyArgument& argument) {
    balloon.config.*Field = TRY(parse_bool(argument.value));
    return {};
}

constexpr KeyRow<BalloonDraft> kOwnKeys[] = {
    {"deflate-on-oom", "on|off", set_flag<&machine::BalloonConfig::deflate_on_oom>,
     "the guest may take memory out of it rather than run out"},
    {"free-page-reporting", "on|off", set_flag<&machine::BalloonConfig::free_page_reporting>,
     "the guest tells what it does not use, for the host to have"},
    {"page-poison", "on|off", accept_bool<BalloonDraft>, "no effect: the driver decides"},
    {"free-page-hint", "off", only_off<BalloonDraft>, "migration"},
};
constexpr auto kKeys = with_common_keys(kOwnKeys);
constexpr KeyTable<BalloonDraft> kTable = kKeys;

Result<void> add(Draft& draft, const DeviceRequest& request) {
    BalloonDraft balloon;
    TRY(apply_keys("device", kTable, request.items, balloon));
    const bool second = std::ranges::any_of(draft.config.virtio, [](const machine::VirtioConfig& device) {
        return std::holds_alternative<machine::BalloonConfig>(device.device);
    });
    if (second) return fail("-device {}: there can be only one balloon", request.text);
    draft.config.virtio.push_back({balloon.common.id, balloon.common.slot, balloon.config});
    return {};
}

constexpr DeviceType kTypes[] = {
    {"virtio-balloon-device", "virtio-balloon", "memory that the guest lends to the host", add,
     [] { return describe_keys(kTable); }},
};

}  // namespace

std::span<const DeviceType> balloon_devices() {
    return kTypes;
}

}  // namespace trapeze::cli
