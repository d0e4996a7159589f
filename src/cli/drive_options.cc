// -drive, -blockdev and -hda.
#include <algorithm>

#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::DriveConfig;

Result<void> set_file(DriveRequest& drive, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a file name must not be empty");
    for (const std::string_view protocol :
         {"nbd:", "nbd+", "http:", "https:", "ssh:", "iscsi:", "rbd:", "json:", "fat:", "ftp:", "gluster"}) {
        if (argument.value.starts_with(protocol))
            return fail("{}", not_supported(fmt::format("image protocol '{}'", protocol)));
    }
    std::string_view file = argument.value;
    if (file.starts_with("file:")) file.remove_prefix(5);
    drive.config.file = file;
    return {};
}

Result<void> set_interface(DriveRequest& drive, const KeyArgument& argument) {
    if (argument.value == "pflash") return fail("{}", not_supported("firmware images"));
    if (argument.value != "virtio" && argument.value != "none")
        return fail("must be virtio or none: other interfaces are not supported yet by this version");
    drive.device = argument.value == "virtio";
    return {};
}

Result<void> set_format(DriveRequest& drive, const KeyArgument& argument) {
    if (argument.value == "raw") {
        drive.config.format = DriveConfig::Format::Raw;
    } else if (argument.value == "qcow2") {
        drive.config.format = DriveConfig::Format::Qcow2;
    } else {
        return fail("{}; raw and qcow2 are",
                    not_supported(fmt::format("image format '{}'", show(argument.value))));
    }
    return {};
}

Result<void> set_id(DriveRequest& drive, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("an id must not be empty");
    drive.id = argument.value;
    return {};
}

Result<void> set_serial(DriveRequest& drive, const KeyArgument& argument) {
    drive.serial = argument.value.substr(0, 20);
    return {};
}

Result<void> set_media(DriveRequest& drive, const KeyArgument& argument) {
    if (argument.value != "disk" && argument.value != "cdrom") return fail("must be disk or cdrom");
    if (argument.value == "cdrom") drive.config.read_only = true;
    return {};
}

template <bool DriveConfig::*Member>
Result<void> set_switch(DriveRequest& drive, const KeyArgument& argument) {
    drive.config.*Member = TRY(parse_bool(argument.value));
    return {};
}

struct CacheMode {
    std::string_view name;
    bool write_back, direct, ignore_flush;
};
constexpr CacheMode kCacheModes[] = {
    {"none", true, true, false},           {"writeback", true, false, false},
    {"writethrough", false, false, false}, {"directsync", false, true, false},
    {"unsafe", true, false, true},
};

Result<void> set_cache(DriveRequest& drive, const KeyArgument& argument) {
    for (const CacheMode& mode : kCacheModes) {
        if (mode.name != argument.value) continue;
        drive.config.write_back = mode.write_back;
        drive.config.direct = mode.direct;
        drive.config.ignore_flush = mode.ignore_flush;
        return {};
    }
    return fail("must be none, writeback, writethrough, directsync or unsafe");
}

Result<void> set_aio(DriveRequest& drive, const KeyArgument& argument) {
    if (argument.value == "threads") {
        drive.config.aio = DriveConfig::Aio::Threads;
    } else if (argument.value == "io_uring") {
        drive.config.aio = DriveConfig::Aio::IoUring;
    } else if (argument.value != "native") {  // Linux AIO: io_uring does the same better
        return fail("must be threads, native or io_uring");
    }
    return {};
}

Result<void> set_discard(DriveRequest& drive, const KeyArgument& argument) {
    if (argument.value == "unmap" || argument.value == "on") {
        drive.config.discard = true;
    } else if (argument.value != "ignore" && argument.value != "off") {
        return fail("must be unmap or ignore");
    }
    return {};
}

Result<void> set_locking(DriveRequest& drive, const KeyArgument& argument) {
    if (argument.value != "auto") drive.config.lock = TRY(parse_bool(argument.value));
    return {};
}

Result<void> accept_number(DriveRequest&, const KeyArgument& argument) {
    TRY(parse_number(argument.value, 0, 1u << 20));
    return {};
}

Result<void> accept_error_action(DriveRequest&, const KeyArgument& argument) {
    if (argument.value == "report" || argument.value == "auto") return {};
    return fail("only report is supported by this version: the guest sees the error");
}

Result<void> accept_file_driver(DriveRequest&, const KeyArgument& argument) {
    if (argument.value == "file" || argument.value == "host_device") return {};
    return fail("{}", not_supported(fmt::format("image protocol '{}'", show(argument.value))));
}

// One list for both options: most keys mean the same.
constexpr KeyRow<DriveRequest> kDriveKeys[] = {
    {"file", "image", set_file, "file or block device"},
    {"file.filename", "image", set_file, "same as file"},
    {"if", "virtio|none", set_interface, "virtio: with a device of its own (default); none: for -device"},
    {"id", "id", set_id, "name for -device drive="},
    {"format", "raw|qcow2", set_format, "format of the image; not given: what it looks like"},
    {"media", "disk|cdrom", set_media, "cdrom: read-only"},
    {"index", "n", accept_number, "no effect: the order of the options counts"},
    {"bus", "n", accept_number, "no effect"},
    {"unit", "n", accept_number, "no effect"},
    {"readonly", "on|off", set_switch<&DriveConfig::read_only>, "the guest cannot write"},
    {"read-only", "on|off", set_switch<&DriveConfig::read_only>, "the guest cannot write"},
    {"snapshot", "on|off", set_switch<&DriveConfig::snapshot>, "changes are dropped at the end"},
    {"cache", "writeback|writethrough|none|directsync|unsafe", set_cache, "the host's page cache"},
    {"cache.writeback", "on|off", set_switch<&DriveConfig::write_back>,
     "writes are done when the host has them"},
    {"aio", "io_uring|threads|native", set_aio, "how the host is asked; io_uring if there is one"},
    {"serial", "text", set_serial, "of the device that comes with it"},
    {"werror", "report", accept_error_action, "what happens when a write fails"},
    {"rerror", "report", accept_error_action, "what happens when a read fails"},
    {"copy-on-read", "off", only_off, "copying on read"},
    {"cache.direct", "on|off", set_switch<&DriveConfig::direct>, "go around the host's page cache"},
    {"cache.no-flush", "on|off", set_switch<&DriveConfig::ignore_flush>, "the guest's flushes do nothing"},
    {"discard", "unmap|ignore", set_discard, "unmap: the guest's discards give space back"},
    {"detect-zeroes", "off", only_off, "detection of zeroes"},
    {"file.locking", "on|off|auto", set_locking, "refuse an image that another process uses"},
    {"auto-read-only", "on|off", accept_bool, "no effect"},
    {"driver", "raw|qcow2", set_format, "-blockdev: format of the image"},
    {"node-name", "id", set_id, "-blockdev: name for -device drive="},
    {"file.driver", "file|host_device", accept_file_driver, "what the image is in"},
    {"file.aio", "io_uring|threads|native", set_aio, "same as aio"},
};
constexpr KeyTable<DriveRequest> kKeys = kDriveKeys;

Result<void> add(Draft& draft, DriveRequest drive) {
    if (drive.config.file.empty()) return fail("-{}: the file name is missing", drive.text);
    const auto same = [&](const DriveRequest& other) { return !drive.id.empty() && other.id == drive.id; };
    if (std::ranges::any_of(draft.drives, same))
        return fail("-{}: id '{}' is already taken", drive.text, show(drive.id));
    draft.drives.push_back(std::move(drive));
    return {};
}

}  // namespace

Result<void> drive_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "file"));
    if (wants_help(items)) {
        print_and_exit(draft, "Properties of a drive:\n" + describe_keys(kKeys));
        return {};
    }
    DriveRequest drive{.text = fmt::format("{} {}", use.name, show(use.argument)), .device = true};
    TRY(apply_keys(use.name, kKeys, items, drive));
    return add(draft, std::move(drive));
}

Result<void> blockdev_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, {}));
    if (wants_help(items)) {
        print_and_exit(draft, "Properties of a block device:\n" + describe_keys(kKeys));
        return {};
    }
    DriveRequest drive{.text = fmt::format("{} {}", use.name, show(use.argument))};
    TRY(apply_keys(use.name, kKeys, items, drive));
    if (drive.id.empty()) return fail("-{}: node-name= is missing", drive.text);
    drive.device = false;
    return add(draft, std::move(drive));
}

Result<void> image_option(Draft& draft, const OptionUse& use) {
    DriveRequest drive{.text = fmt::format("{} {}", use.name, show(use.argument)), .device = true};
    if (use.argument.empty()) return fail("a file name must not be empty");
    drive.config.file = use.argument;
    draft.drives.push_back(std::move(drive));
    return {};
}

}  // namespace trapeze::cli
