// -fsdev and -virtfs: directories of the host for the guest.
#include <algorithm>

#include "draft.h"
#include "trapeze/virtio/p9.h"

namespace trapeze::cli {
namespace {

using p9::MultiDevices;
using p9::SecurityModel;

Result<void> set_driver(FsdevRequest&, const KeyArgument& argument) {
    if (argument.value == "local") return {};
    return fail("{}; local is", not_supported(fmt::format("file system driver '{}'", show(argument.value))));
}

Result<void> set_id(FsdevRequest& fsdev, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("an id must not be empty");
    fsdev.id = argument.value;
    return {};
}

Result<void> set_path(FsdevRequest& fsdev, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a path must not be empty");
    fsdev.share.path = argument.value;
    return {};
}

Result<void> set_model(FsdevRequest& fsdev, const KeyArgument& argument) {
    if (argument.value == "mapped-file") return fail("{}; mapped-xattr is", not_supported("'mapped-file'"));
    if (argument.value == "none") {
        fsdev.share.model = SecurityModel::None;
    } else if (argument.value == "passthrough") {
        fsdev.share.model = SecurityModel::Passthrough;
    } else if (argument.value == "mapped" || argument.value == "mapped-xattr") {
        fsdev.share.model = SecurityModel::Mapped;
    } else {
        return fail("must be none, passthrough or mapped-xattr");
    }
    fsdev.model_given = true;
    return {};
}

Result<void> set_read_only(FsdevRequest& fsdev, const KeyArgument& argument) {
    fsdev.share.read_only = TRY(parse_bool(argument.value));
    return {};
}

// Octal, as everywhere with modes.
template <u32 p9::ShareConfig::*Member>
Result<void> set_mode(FsdevRequest& fsdev, const KeyArgument& argument) {
    u32 mode = 0;
    for (const char digit : argument.value) {
        if (digit < '0' || digit > '7' || mode > 077) return fail("must be an octal number, 0 to 777");
        mode = mode * 8 + static_cast<u32>(digit - '0');
    }
    if (argument.value.empty()) return fail("must be an octal number, 0 to 777");
    fsdev.share.*Member = mode;
    fsdev.mode_given = true;
    return {};
}

Result<void> set_devices(FsdevRequest& fsdev, const KeyArgument& argument) {
    if (argument.value == "remap") {
        fsdev.share.devices = MultiDevices::Remap;
    } else if (argument.value == "forbid") {
        fsdev.share.devices = MultiDevices::Forbid;
    } else if (argument.value == "warn") {
        fsdev.share.devices = MultiDevices::Warn;
    } else {
        return fail("must be remap, forbid or warn");
    }
    return {};
}

Result<void> accept_writeout(FsdevRequest&, const KeyArgument& argument) {
    if (argument.value != "immediate") return fail("must be immediate");
    return {};
}

Result<void> set_mount_tag(FsdevRequest& fsdev, const KeyArgument& argument) {
    TRY(check_mount_tag(argument.value));
    fsdev.mount_tag = argument.value;
    return {};
}

// The last row is for -virtfs only.
constexpr KeyRow<FsdevRequest> kRows[] = {
    {"fsdriver", "local", set_driver, "what shares it"},
    {"id", "id", set_id, "name for -device fsdev="},
    {"path", "directory", set_path, "what is shared"},
    {"security_model", "none|passthrough|mapped-xattr", set_model,
     "what becomes of owners and modes (mapped: same as mapped-xattr)"},
    {"readonly", "on|off", set_read_only, "the guest cannot change anything"},
    {"fmode", "octal", set_mode<&p9::ShareConfig::file_mode>,
     "mapped-xattr: permissions of new files on the host, 0600 by default"},
    {"dmode", "octal", set_mode<&p9::ShareConfig::directory_mode>,
     "mapped-xattr: likewise of directories, 0700 by default"},
    {"multidevs", "remap|forbid|warn", set_devices,
     "several file systems of the host: other inode numbers, none of them, or a warning (default)"},
    {"writeout", "immediate", accept_writeout, "no effect"},
    {"mount_tag", "tag", set_mount_tag, "what the guest knows it by"},
};
constexpr KeyTable<FsdevRequest> kVirtfsKeys = kRows;
constexpr KeyTable<FsdevRequest> kFsdevKeys = kVirtfsKeys.first(std::size(kRows) - 1);

// nullopt: it was a request for help.
Result<std::optional<FsdevRequest>> parse(Draft& draft, const OptionUse& use, KeyTable<FsdevRequest> keys) {
    const auto items = TRY(split_list(use, "fsdriver"));
    if (wants_help(items)) {
        print_and_exit(draft, "Properties of a share:\n" + describe_keys(keys));
        return std::nullopt;
    }
    FsdevRequest fsdev{.text = fmt::format("-{} {}", use.name, show(use.argument))};
    TRY(apply_keys(use.name, keys, items, fsdev));
    if (value_of(items, "fsdriver").empty()) return fail("{}: local is missing", fsdev.text);
    if (fsdev.share.path.empty()) return fail("{}: path= is missing", fsdev.text);
    if (!fsdev.model_given) return fail("{}: security_model= is missing", fsdev.text);
    if (fsdev.mode_given && fsdev.share.model != SecurityModel::Mapped)
        return fail("{}: fmode= and dmode= need security_model=mapped-xattr", fsdev.text);
    const auto same = [&](const FsdevRequest& other) { return !fsdev.id.empty() && other.id == fsdev.id; };
    if (std::ranges::any_of(draft.fsdevs, same))
        return fail("{}: id '{}' is already taken", fsdev.text, show(fsdev.id));
    return fsdev;
}

}  // namespace

Result<void> check_mount_tag(std::string_view tag) {
    if (tag.empty()) return fail("a tag must not be empty");
    if (tag.size() > virtio::P9::kMostTagBytes)
        return fail("a tag has up to {} characters", virtio::P9::kMostTagBytes);
    return {};
}

Result<void> fsdev_option(Draft& draft, const OptionUse& use) {
    auto fsdev = TRY(parse(draft, use, kFsdevKeys));
    if (!fsdev) return {};
    if (fsdev->id.empty()) return fail("{}: id= is missing", fsdev->text);
    draft.fsdevs.push_back(std::move(*fsdev));
    return {};
}

Result<void> virtfs_option(Draft& draft, const OptionUse& use) {
    auto fsdev = TRY(parse(draft, use, kVirtfsKeys));
    if (!fsdev) return {};
    if (fsdev->mount_tag.empty()) return fail("{}: mount_tag= is missing", fsdev->text);
    draft.fsdevs.push_back(std::move(*fsdev));
    return {};
}

}  // namespace trapeze::cli
