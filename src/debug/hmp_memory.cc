// Commands of the human monitor that look at memory.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "address_space.h"
#include "core_dump.h"
#include "hmp_command.h"

namespace trapeze::debug {
namespace {

// What one x or xp shows at most: a peer cannot make us build an answer without bound.
constexpr u64 kMaxShown = 64 * 1024;
// memsave and pmemsave copy in pieces.
constexpr std::size_t kCopyChunk = 64 * 1024;

u64 load_le(std::span<const u8> bytes) {
    u64 value = 0;
    for (std::size_t n = bytes.size(); n-- > 0;) value = value << 8 | bytes[n];
    return value;
}

std::string show_character(u64 value) {
    switch (value) {
        case '\'': return "'\\''";
        case '\\': return "'\\\\'";
        case '\n': return "'\\n'";
        case '\r': return "'\\r'";
        default: break;
    }
    if (value >= 0x20 && value < 0x7f) return fmt::format("'{}'", static_cast<char>(value));
    return fmt::format("'\\x{:02x}'", value & 0xff);
}

std::string show_value(u64 value, char radix, unsigned size) {
    const unsigned bits = size * 8;
    switch (radix) {
        case 'd': return fmt::format("{}", static_cast<s64>(value << (64 - bits)) >> (64 - bits));
        case 'u': return fmt::format("{}", value);
        case 'o': return fmt::format("{:#o}", value);
        case 'c': return show_character(value);
        default: return fmt::format("{:#0{}x}", value, 2 + size * 2);
    }
}

using Reader = std::function<bool(u64 address, std::span<u8> to)>;

// Inside inspect().
Reader virtual_reader(HmpCall& call) {
    return [space = AddressSpace(call.machine, call.monitor.cpu())](u64 address, std::span<u8> to) {
        return space.read(mem::Gva{address}, to);
    };
}
Reader physical_reader(HmpCall& call) {
    return [&memory = call.machine.memory()](u64 address, std::span<u8> to) {
        return memory.read(mem::Gpa{address}, to);
    };
}
using MakeReader = Reader (*)(HmpCall&);

HmpResult examine(const HmpCall& call, const Reader& read) {
    const HmpFormat& format = call.format;
    if (format.count > kMaxShown / format.size) return fail("at most {} bytes are shown at once", kMaxShown);
    const u64 per_line = format.size == 1 ? 8 : 16 / format.size;
    std::string text;
    u64 address = call.numbers[0];
    for (u64 n = 0; n < format.count; ++n, address += format.size) {
        u8 bytes[8];
        const std::span<u8> value(bytes, format.size);
        if (n % per_line == 0) text += fmt::format("{}{:016x}:", n == 0 ? "" : "\n", address);
        if (!read(address, value)) return text + " Cannot access memory\n";
        text += ' ' + show_value(load_le(value), format.radix, format.size);
    }
    return text.empty() ? text : text + "\n";
}

HmpResult examine_with(HmpCall& call, MakeReader make_reader) {
    HmpResult result;
    call.machine.inspect([&] { result = examine(call, make_reader(call)); });
    return result;
}

// Copies [address, address + size) to a new file.
Result<> save(const Reader& read, u64 address, u64 size, const std::string& path) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wbe"), &std::fclose);
    if (!file) return fail_errno(errno, "could not open '{}'", path);
    std::vector<u8> chunk(kCopyChunk);
    while (size != 0) {
        // Pieces end where pages may: each is mapped as a whole or not.
        const u64 count = std::min<u64>(size, kCopyChunk - address % kCopyChunk);
        const std::span<u8> bytes = std::span(chunk).first(count);
        if (!read(address, bytes)) return fail("invalid address {:#x}: nothing is mapped there", address);
        if (std::fwrite(bytes.data(), 1, count, file.get()) != count)
            return fail_errno(errno, "could not write '{}'", path);
        address += count;
        size -= count;
    }
    if (std::fclose(file.release()) != 0) return fail_errno(errno, "could not write '{}'", path);
    return {};
}

HmpResult save_with(HmpCall& call, MakeReader make_reader) {
    Result<> result;
    call.machine.inspect(
        [&] { result = save(make_reader(call), call.numbers[0], call.numbers[1], call.words[0]); });
    TRY(std::move(result));
    return "";
}

}  // namespace

HmpResult hmp_examine_virtual(HmpCall& call) {
    return examine_with(call, &virtual_reader);
}

HmpResult hmp_examine_physical(HmpCall& call) {
    return examine_with(call, &physical_reader);
}

HmpResult hmp_print(HmpCall& call) {
    // A calculation has 64 bits, whatever the format's size.
    return show_value(call.numbers[0], call.format.radix, 8) + "\n";
}

HmpResult hmp_memsave(HmpCall& call) {
    return save_with(call, &virtual_reader);
}

HmpResult hmp_pmemsave(HmpCall& call) {
    return save_with(call, &physical_reader);
}

HmpResult hmp_dump_guest_memory(HmpCall& call) {
    if (call.flags) return fail("dumps by virtual address are not supported: leave out -p");
    TRY(write_core_dump(call.machine, call.words[0]));
    return "";
}

}  // namespace trapeze::debug
