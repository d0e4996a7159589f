// -device virtio-vsock-device.
#include <algorithm>

#include "device_options.h"
#include "trapeze/net/unix_streams.h"

namespace trapeze::cli {
namespace {

struct VsockDraft {
    DeviceCommon common;
    machine::VsockConfig config;
};

// 0 to 2 are the hypervisor, the guest itself and the host; the last one is none.
Result<void> set_guest_cid(VsockDraft& vsock, const KeyArgument& argument) {
    vsock.config.guest_cid = static_cast<u32>(TRY(parse_number(argument.value, 3, ~u32{0} - 1)));
    return {};
}

Result<void> set_uds_path(VsockDraft& vsock, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a path must not be empty");
    if (argument.value.size() > net::kMostUnixStreamsPath)
        return fail("a path must not be longer than {} bytes", net::kMostUnixStreamsPath);
    vsock.config.path = argument.value;
    return {};
}

constexpr KeyRow<VsockDraft> kOwnKeys[] = {
    {"guest-cid", "n", set_guest_cid, "the guest's address, 3 or more"},
    {"uds-path", "path", set_uds_path,
     "its socket on the host; path_N is where the guest finds port N of the host"},
};
constexpr auto kKeys = with_common_keys(kOwnKeys);
constexpr KeyTable<VsockDraft> kTable = kKeys;

Result<void> add(Draft& draft, const DeviceRequest& request) {
    VsockDraft vsock;
    TRY(apply_keys("device", kTable, request.items, vsock));
    const std::string prefix = fmt::format("-device {}", request.text);
    if (vsock.config.guest_cid == 0) return fail("{}: guest-cid= is missing", prefix);
    if (vsock.config.path.empty()) return fail("{}: uds-path= is missing", prefix);
    const bool second = std::ranges::any_of(draft.config.virtio, [](const machine::VirtioConfig& device) {
        return std::holds_alternative<machine::VsockConfig>(device.device);
    });
    if (second) return fail("{}: guests know only one vsock device", prefix);
    draft.config.virtio.push_back({vsock.common.id, vsock.common.slot, vsock.config});
    return {};
}

constexpr DeviceType kTypes[] = {
    {"virtio-vsock-device", "", "connections by AF_VSOCK, to unix sockets of the host", add,
     [] { return describe_keys(kTable); }},
};

}  // namespace

std::span<const DeviceType> vsock_devices() {
    return kTypes;
}

}  // namespace trapeze::cli
