// -device virtio-vsock-device, vhost-vsock-device.
#include <algorithm>

#include "device_options.h"
#include "trapeze/net/unix_streams.h"

namespace trapeze::cli {
namespace {

template <typename Config>
struct VsockDraftOf {
    DeviceCommon common;
    Config config;
};
using VsockDraft = VsockDraftOf<machine::VsockConfig>;
using VhostDraft = VsockDraftOf<machine::VhostVsockConfig>;

// 0 to 2 are the hypervisor, the guest itself and the host; the last one is none.
template <typename Target>
Result<void> set_guest_cid(Target& vsock, const KeyArgument& argument) {
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

Result<void> set_vhost_fd(VhostDraft& vsock, const KeyArgument& argument) {
    vsock.config.fd = static_cast<int>(TRY(parse_number(argument.value, 0, 1u << 20)));
    return {};
}

constexpr KeyRow<VsockDraft> kOwnKeys[] = {
    {"guest-cid", "n", set_guest_cid, "the guest's address, 3 or more"},
    {"uds-path", "path", set_uds_path,
     "its socket on the host; path_N is where the guest finds port N of the host"},
};
constexpr auto kKeys = with_common_keys(kOwnKeys);
constexpr KeyTable<VsockDraft> kTable = kKeys;

constexpr KeyRow<VhostDraft> kOwnVhostKeys[] = {
    {"guest-cid", "n", set_guest_cid, "the guest's address, 3 or more, which no other guest of the host has"},
    {"vhostfd", "n", set_vhost_fd, "a descriptor of /dev/vhost-vsock, inherited, instead of opening it"},
};
constexpr auto kVhostKeys = with_common_keys(kOwnVhostKeys);
constexpr KeyTable<VhostDraft> kVhostTable = kVhostKeys;

bool is_vsock(const machine::VirtioConfig& device) {
    return std::holds_alternative<machine::VsockConfig>(device.device) ||
           std::holds_alternative<machine::VhostVsockConfig>(device.device);
}

// What both kinds want.
template <typename Target>
Result<void> add_vsock(Draft& draft, const Target& vsock, std::string_view prefix) {
    if (vsock.config.guest_cid == 0) return fail("{}: guest-cid= is missing", prefix);
    if (std::ranges::any_of(draft.config.virtio, is_vsock))
        return fail("{}: guests know only one vsock device", prefix);
    draft.config.virtio.push_back({vsock.common.id, vsock.common.slot, vsock.config});
    return {};
}

Result<void> add(Draft& draft, const DeviceRequest& request) {
    VsockDraft vsock;
    TRY(apply_keys("device", kTable, request.items, vsock));
    const std::string prefix = fmt::format("-device {}", request.text);
    if (vsock.config.guest_cid != 0 && vsock.config.path.empty())
        return fail("{}: uds-path= is missing", prefix);
    return add_vsock(draft, vsock, prefix);
}

Result<void> add_vhost(Draft& draft, const DeviceRequest& request) {
    VhostDraft vsock;
    TRY(apply_keys("device", kVhostTable, request.items, vsock));
    return add_vsock(draft, vsock, fmt::format("-device {}", request.text));
}

constexpr DeviceType kTypes[] = {
    {"virtio-vsock-device", "", "connections by AF_VSOCK, to unix sockets of the host", add,
     [] { return describe_keys(kTable); }},
    {"vhost-vsock-device", "", "connections by AF_VSOCK, to that of the host's kernel", add_vhost,
     [] { return describe_keys(kVhostTable); }},
};

}  // namespace

std::span<const DeviceType> vsock_devices() {
    return kTypes;
}

}  // namespace trapeze::cli
