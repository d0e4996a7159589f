// -m, -mem-path and the objects that are memory.
#include <algorithm>
#include <bit>

#include "draft.h"

namespace trapeze::cli {
namespace {

using mem::RamConfig;

constexpr std::string_view kMemfd = "memory-backend-memfd";
constexpr std::string_view kFile = "memory-backend-file";

constexpr u64 kMiB = u64{1} << 20;
constexpr u64 kGiB = u64{1} << 30;
constexpr u64 kPage = 4096;
// RAM starts at 1 GiB; the window for it in the memory map of virt ends at 256 GiB.
constexpr u64 kMaxRam = 255 * kGiB;

Result<u64> parse_ram_size(std::string_view text, u64 default_unit) {
    const u64 bytes = TRY(parse_size(text, default_unit));
    if (bytes == 0) return fail("must not be zero");
    if (bytes % kPage != 0) return fail("must be a multiple of 4K");
    if (bytes > kMaxRam) return fail("machine 'virt' has room for at most 255G");
    return bytes;
}

struct MemoryDraft {
    u64 bytes = 0;
};

Result<void> set_machine_size(MemoryDraft& memory, const KeyArgument& argument) {
    memory.bytes = TRY(parse_ram_size(argument.value, kMiB));
    return {};
}

constexpr KeyRow<MemoryDraft> kMemoryKeys[] = {
    {"size", "megs", set_machine_size, "size of RAM"},
    {"slots", "n", refuse_key, "memory hotplug"},
    {"maxmem", "megs", refuse_key, "memory hotplug"},
};

// --- Properties of -object memory-backend-* ---------------------------------------------------------------

// Without a suffix, a property of an object counts bytes.
Result<void> set_size(ObjectRequest& object, const KeyArgument& argument) {
    object.ram_bytes = TRY(parse_ram_size(argument.value, 1));
    return {};
}

template <bool RamConfig::*Member>
Result<void> set_flag(ObjectRequest& object, const KeyArgument& argument) {
    object.ram.*Member = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_huge_page_bytes(ObjectRequest& object, const KeyArgument& argument) {
    const u64 bytes = TRY(parse_size(argument.value, 1));
    if (!std::has_single_bit(bytes)) return fail("must be a power of two");
    object.ram.huge_page_bytes = bytes;
    return {};
}

Result<void> set_path(ObjectRequest& object, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a file name must not be empty");
    object.ram.path = argument.value;
    return {};
}

Result<void> set_offset(ObjectRequest& object, const KeyArgument& argument) {
    const u64 bytes = TRY(parse_size(argument.value, 1));
    if (bytes % kPage != 0) return fail("must be a multiple of 4K");
    object.ram.file_offset = bytes;
    return {};
}

Result<void> ignore_number(ObjectRequest&, const KeyArgument& argument) {
    TRY(parse_size(argument.value, 1));
    return {};
}

Result<void> only_default(ObjectRequest&, const KeyArgument& argument) {
    if (argument.value == "default") return {};
    return fail("{}", not_supported(argument.help));
}

constexpr KeyRow<ObjectRequest> kBackendKeys[] = {
    {"size", "bytes", set_size, "how much there is; suffixes K, M, G, T"},
    {"share", "on|off", set_flag<&RamConfig::shared>,
     "others who map it see what the guest writes; by default with memfd only"},
    {"prealloc", "on|off", set_flag<&RamConfig::prealloc>, "allocate all of it at the start"},
    {"prealloc-threads", "n", ignore_number, "no effect"},
    {"merge", "on|off", accept_bool, "no effect"},
    {"dump", "on|off", accept_bool, "no effect"},
    {"reserve", "on|off", accept_bool, "no effect"},
    {"policy", "default", only_default, "NUMA policies"},
    {"x-use-canonical-path-for-ramblock-id", "on|off", accept_bool, "no effect"},
};

constexpr KeyRow<ObjectRequest> kMemfdKeys[] = {
    {"hugetlb", "on|off", set_flag<&RamConfig::huge_pages>, "from the host's pool of huge pages"},
    {"hugetlbsize", "bytes", set_huge_page_bytes, "size of these pages, the host's default otherwise"},
    {"seal", "on|off", accept_bool, "no effect: its size is sealed"},
};

constexpr KeyRow<ObjectRequest> kFileKeys[] = {
    {"mem-path", "path", set_path, "a file, made if it is not there, or a directory for a nameless one"},
    {"offset", "bytes", set_offset, "where in the file it begins"},
    {"align", "bytes", ignore_number, "no effect"},
    {"discard-data", "on|off", accept_bool, "no effect"},
    {"pmem", "off", only_off, "persistent memory"},
    {"readonly", "off", only_off, "read-only RAM"},
    {"rom", "off", only_off, "read-only RAM"},
};

// The RAM of -machine memory-backend=.
Result<void> use_object(Draft& draft) {
    const std::string option = fmt::format("-machine memory-backend={}", show(draft.memory_backend));
    const auto found = std::ranges::find(draft.objects, draft.memory_backend, &ObjectRequest::id);
    if (found == draft.objects.end()) return fail("{}: there is no -object with that id", option);
    if (!found->type.starts_with("memory-backend-"))
        return fail("{}: -object {} is no memory", option, found->text);
    if (!draft.memory_path.empty()) return fail("{}: contradicts -mem-path", option);
    if (!draft.memory_size.empty() && draft.config.ram_bytes != found->ram_bytes) {
        return fail("{}: -object {} has another size than -m {}", option, found->text, draft.memory_size);
    }
    draft.config.ram_bytes = found->ram_bytes;
    draft.config.ram = found->ram;
    return {};
}

}  // namespace

std::vector<KeyRow<ObjectRequest>> memory_backend_keys(std::string_view type) {
    KeyTable<ObjectRequest> own;
    if (type == kMemfd) own = kMemfdKeys;
    if (type == kFile) own = kFileKeys;
    std::vector<KeyRow<ObjectRequest>> rows(std::begin(kBackendKeys), std::end(kBackendKeys));
    rows.insert(rows.end(), own.begin(), own.end());
    return rows;
}

void begin_memory_backend(ObjectRequest& object) {
    if (object.type == kMemfd) {
        object.ram.kind = RamConfig::Kind::Memfd;
        object.ram.shared = true;
    }
    if (object.type == kFile) object.ram.kind = RamConfig::Kind::File;
}

Result<void> check_memory_backend(const ObjectRequest& object) {
    const RamConfig& ram = object.ram;
    if (object.ram_bytes == 0) return fail("size= is missing");
    if (ram.kind == RamConfig::Kind::File && ram.path.empty()) return fail("mem-path= is missing");
    if (ram.huge_page_bytes != 0 && !ram.huge_pages) return fail("hugetlbsize= needs hugetlb=on");
    return {};
}

Result<void> memory_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "size"));
    MemoryDraft memory{.bytes = draft.config.ram_bytes};
    TRY(apply_keys<MemoryDraft>(use.name, kMemoryKeys, items, memory));
    draft.config.ram_bytes = memory.bytes;
    draft.memory_size = show(use.argument);
    return {};
}

Result<void> memory_path_option(Draft& draft, const OptionUse& use) {
    if (use.argument.empty()) return fail("a file name must not be empty");
    draft.memory_path = use.argument;
    return {};
}

Result<void> finish_memory(Draft& draft) {
    if (!draft.memory_backend.empty()) TRY(use_object(draft));
    RamConfig& ram = draft.config.ram;
    if (!draft.memory_path.empty()) {
        ram.kind = RamConfig::Kind::File;
        ram.path = draft.memory_path;
    }
    if (draft.memory_prealloc) ram.prealloc = true;
    return {};
}

}  // namespace trapeze::cli
