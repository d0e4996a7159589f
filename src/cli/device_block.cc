// -device virtio-blk-device, and the devices that come with -drive if=virtio and -hda.
#include <algorithm>
#include <bit>

#include "device_options.h"

namespace trapeze::cli {
namespace {

struct BlockDraft {
    DeviceCommon common;
    machine::BlockConfig config;
    std::string drive;
    bool serial_given = false;
    std::optional<bool> write_cache;
    bool share = false;
};

Result<void> set_drive(BlockDraft& block, const KeyArgument& argument) {
    block.drive = argument.value;
    return {};
}

Result<void> set_serial(BlockDraft& block, const KeyArgument& argument) {
    if (argument.value.size() > 20) return fail("has more than 20 characters");
    block.config.serial = argument.value;
    block.serial_given = true;
    return {};
}

template <bool machine::BlockConfig::*Member>
Result<void> set_switch(BlockDraft& block, const KeyArgument& argument) {
    block.config.*Member = TRY(parse_bool(argument.value));
    return {};
}

template <u32 machine::BlockConfig::*Member>
Result<void> set_block_size(BlockDraft& block, const KeyArgument& argument) {
    const u64 bytes = TRY(parse_size(argument.value, 1));
    if (bytes < 512 || bytes > 32768 || !std::has_single_bit(bytes))
        return fail("must be a power of two, 512 to 32768");
    block.config.*Member = static_cast<u32>(bytes);
    return {};
}

Result<void> set_queues(BlockDraft& block, const KeyArgument& argument) {
    block.config.queues = static_cast<u16>(TRY(parse_number(argument.value, 1, 64)));
    return {};
}

Result<void> set_queue_size(BlockDraft& block, const KeyArgument& argument) {
    const u64 size = TRY(parse_number(argument.value, 4, 1024));
    if (!std::has_single_bit(size)) return fail("must be a power of two");
    block.config.queue_size = static_cast<u16>(size);
    return {};
}

Result<void> set_write_cache(BlockDraft& block, const KeyArgument& argument) {
    if (argument.value != "auto") block.write_cache = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_share(BlockDraft& block, const KeyArgument& argument) {
    block.share = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_bootindex(BlockDraft&, const KeyArgument& argument) {
    TRY(parse_number(argument.value, 0, 1u << 31));
    return {};
}

constexpr KeyRow<BlockDraft> kOwnKeys[] = {
    {"drive", "id", set_drive, "the -drive or -blockdev it shows"},
    {"serial", "text", set_serial, "what it calls itself, up to 20 characters"},
    {"logical_block_size", "n", set_block_size<&machine::BlockConfig::logical_block>,
     "bytes, 512 by default"},
    {"physical_block_size", "n", set_block_size<&machine::BlockConfig::physical_block>,
     "bytes, 512 by default"},
    {"num-queues", "n", set_queues, "1 to 64"},
    {"queue-size", "n", set_queue_size, "entries: a power of two, 256 by default"},
    {"discard", "on|off", set_switch<&machine::BlockConfig::discard>, "offer it, if the drive has it"},
    {"write-zeroes", "on|off", set_switch<&machine::BlockConfig::write_zeroes>, "offer it"},
    {"config-wce", "on|off", set_switch<&machine::BlockConfig::config_write_back>,
     "the guest may turn the cache off and on"},
    {"write-cache", "on|off|auto", set_write_cache, "the cache is on; auto: as the drive says"},
    {"share-rw", "on|off", set_share, "others may use the image as well"},
    {"bootindex", "n", set_bootindex, "no effect"},
};
constexpr auto kKeys = with_common_keys(kOwnKeys);
constexpr KeyTable<BlockDraft> kTable = kKeys;

Result<void> add(Draft& draft, const DeviceRequest& request) {
    BlockDraft block;
    TRY(apply_keys("device", kTable, request.items, block));
    const std::string prefix = fmt::format("-device {}", request.text);
    if (block.drive.empty()) return fail("{}: drive= is missing", prefix);
    const auto drive = std::ranges::find(draft.drives, block.drive, &DriveRequest::id);
    if (drive == draft.drives.end())
        return fail("{}: there is no -drive or -blockdev '{}'", prefix, show(block.drive));
    if (drive->used || drive->device) return fail("{}: drive '{}' is in use", prefix, show(block.drive));
    drive->used = true;
    if (block.config.physical_block < block.config.logical_block)
        return fail("{}: physical_block_size is smaller than logical_block_size", prefix);
    block.config.drive = drive->config;
    if (block.write_cache) block.config.drive.write_back = *block.write_cache;
    if (block.share) block.config.drive.lock = false;
    if (!block.serial_given) block.config.serial = drive->serial;
    draft.config.virtio.push_back({block.common.id, block.common.slot, block.config});
    return {};
}

constexpr DeviceType kTypes[] = {
    {"virtio-blk-device", "virtio-blk", "disk", add, [] { return describe_keys(kTable); }},
};

}  // namespace

std::span<const DeviceType> block_devices() {
    return kTypes;
}

void add_drive_devices(Draft& draft) {
    for (const DriveRequest& drive : draft.drives) {
        if (!drive.device) continue;
        machine::BlockConfig block;
        block.drive = drive.config;
        block.serial = drive.serial;
        draft.config.virtio.push_back({{}, std::nullopt, block});
    }
}

}  // namespace trapeze::cli
