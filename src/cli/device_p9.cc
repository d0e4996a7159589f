// -device virtio-9p-device, and the devices that come with -virtfs.
#include <algorithm>

#include "device_options.h"

namespace trapeze::cli {
namespace {

struct P9Draft {
    DeviceCommon common;
    machine::P9Config config;
};

Result<void> set_fsdev(P9Draft& p9, const KeyArgument& argument) {
    p9.config.host_id = argument.value;
    return {};
}

Result<void> set_mount_tag(P9Draft& p9, const KeyArgument& argument) {
    TRY(check_mount_tag(argument.value));
    p9.config.mount_tag = argument.value;
    return {};
}

constexpr KeyRow<P9Draft> kOwnKeys[] = {
    {"fsdev", "id", set_fsdev, "the -fsdev it shares"},
    {"mount_tag", "tag", set_mount_tag, "what the guest knows it by"},
};
constexpr auto kKeys = with_common_keys(kOwnKeys);
constexpr KeyTable<P9Draft> kTable = kKeys;

Result<void> add(Draft& draft, const DeviceRequest& request) {
    P9Draft p9;
    TRY(apply_keys("device", kTable, request.items, p9));
    const std::string prefix = fmt::format("-device {}", request.text);
    if (p9.config.host_id.empty()) return fail("{}: fsdev= is missing", prefix);
    if (p9.config.mount_tag.empty()) return fail("{}: mount_tag= is missing", prefix);
    const auto fsdev = std::ranges::find(draft.fsdevs, p9.config.host_id, &FsdevRequest::id);
    if (fsdev == draft.fsdevs.end())
        return fail("{}: there is no -fsdev with id '{}'", prefix, show(p9.config.host_id));
    p9.config.share = fsdev->share;
    draft.config.virtio.push_back({p9.common.id, p9.common.slot, p9.config});
    return {};
}

constexpr DeviceType kTypes[] = {
    {"virtio-9p-device", "virtio-9p", "directory of the host", add, [] { return describe_keys(kTable); }},
};

}  // namespace

std::span<const DeviceType> p9_devices() {
    return kTypes;
}

void add_share_devices(Draft& draft) {
    for (const FsdevRequest& fsdev : draft.fsdevs) {
        if (fsdev.mount_tag.empty()) continue;
        machine::P9Config config;
        config.host_id = fsdev.id;
        config.share = fsdev.share;
        config.mount_tag = fsdev.mount_tag;
        draft.config.virtio.push_back({{}, std::nullopt, config});
    }
}

}  // namespace trapeze::cli
