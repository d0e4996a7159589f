#include "core_dump.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hmp_registers.h"
#include "trapeze/base/fd.h"

namespace trapeze::debug {
namespace {

constexpr u64 kPage = 4096;
constexpr std::size_t kChunk = 64 * 1024;

// Linux include/linux/elfcore.h, struct elf_prstatus with arm64's user_pt_regs.
struct Prstatus {
    s32 signal_number = 0;
    s32 signal_code = 0;
    s32 signal_errno = 0;
    s16 current_signal = 0;
    u16 padding1 = 0;
    u64 pending_signals = 0;
    u64 held_signals = 0;
    u32 pid = 0;
    u32 parent = 0;
    u32 group = 0;
    u32 session = 0;
    u64 times[8] = {};
    GeneralRegisters registers = {};
    u32 fp_valid = 0;
    u32 padding2 = 0;
};
static_assert(sizeof(Prstatus) == 392);
static_assert(offsetof(Prstatus, registers) == 112);

template <typename T>
void append(std::string& to, const T& object) {
    to.append(reinterpret_cast<const char*>(&object), sizeof(object));
}

void append_note(std::string& notes, std::string_view name, u32 type, std::string_view content) {
    Elf64_Nhdr header{};
    header.n_namesz = static_cast<Elf64_Word>(name.size() + 1);
    header.n_descsz = static_cast<Elf64_Word>(content.size());
    header.n_type = type;
    append(notes, header);
    notes += name;
    notes += '\0';
    notes.resize((notes.size() + 3) & ~std::size_t{3});
    notes += content;
    notes.resize((notes.size() + 3) & ~std::size_t{3});
}

// Linux keeps its VMCOREINFO as a ready-made note at the start of a page (kernel/crash_core.c,
// vmcoreinfo_note); crash needs it to undo KASLR.
std::string find_vmcoreinfo(const mem::GuestMemory& memory) {
    constexpr std::string_view kName("VMCOREINFO\0", 11);
    constexpr std::size_t kMaxSize = 2 * kPage;
    for (const auto& region : memory.regions()) {
        for (u64 offset = 0; offset + kPage <= region.range.size; offset += kPage) {
            Elf64_Nhdr header;
            std::memcpy(&header, region.host + offset, sizeof(header));
            if (header.n_namesz != kName.size() || header.n_type != 0 || header.n_descsz == 0 ||
                header.n_descsz > kMaxSize) {
                continue;
            }
            const u64 content = offset + sizeof(header) + 12;
            if (std::memcmp(region.host + offset + sizeof(header), kName.data(), kName.size()) != 0 ||
                content + header.n_descsz > region.range.size) {
                continue;
            }
            std::string text(reinterpret_cast<const char*>(region.host + content), header.n_descsz);
            if (text.starts_with("OSRELEASE=")) return text;
        }
    }
    return {};
}

std::string make_notes(MachineControl& machine) {
    std::string notes;
    for (std::size_t n = 0; n < machine.cpu_count(); ++n) {
        Prstatus status;
        status.pid = static_cast<u32>(n + 1);
        status.registers = read_general_registers(machine, n);
        append_note(notes, "CORE", NT_PRSTATUS, {reinterpret_cast<const char*>(&status), sizeof(status)});
    }
    const std::string vmcoreinfo = find_vmcoreinfo(machine.memory());
    if (!vmcoreinfo.empty()) append_note(notes, "VMCOREINFO", 0, vmcoreinfo);
    return notes;
}

// Everything before the memory, and where that begins.
std::string make_headers(const mem::GuestMemory& memory, const std::string& notes, u64& memory_offset) {
    const auto regions = memory.regions();
    Elf64_Ehdr elf{};
    std::memcpy(elf.e_ident, ELFMAG, SELFMAG);
    elf.e_ident[EI_CLASS] = ELFCLASS64;
    elf.e_ident[EI_DATA] = ELFDATA2LSB;
    elf.e_ident[EI_VERSION] = EV_CURRENT;
    elf.e_type = ET_CORE;
    elf.e_machine = EM_AARCH64;
    elf.e_version = EV_CURRENT;
    elf.e_phoff = sizeof(elf);
    elf.e_ehsize = sizeof(elf);
    elf.e_phentsize = sizeof(Elf64_Phdr);
    elf.e_phnum = static_cast<Elf64_Half>(1 + regions.size());
    std::string headers;
    append(headers, elf);
    Elf64_Phdr note{};
    note.p_type = PT_NOTE;
    note.p_offset = sizeof(elf) + elf.e_phnum * sizeof(Elf64_Phdr);
    note.p_filesz = note.p_memsz = notes.size();
    append(headers, note);
    memory_offset = (note.p_offset + notes.size() + kPage - 1) / kPage * kPage;
    u64 offset = memory_offset;
    for (const auto& region : regions) {
        Elf64_Phdr load{};
        load.p_type = PT_LOAD;
        load.p_offset = offset;
        load.p_vaddr = load.p_paddr = region.range.base.value;
        load.p_filesz = load.p_memsz = region.range.size;
        append(headers, load);
        offset += region.range.size;
    }
    return headers + notes;
}

Result<> write_at(int fd, std::span<const u8> bytes, u64 offset) {
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return fail_errno(count < 0 ? errno : ENOSPC, "could not write");
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<u64>(count);
    }
    return {};
}

bool all_zero(std::span<const u8> bytes) {
    return bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

Result<> write_all(MachineControl& machine, int fd) {
    u64 offset = 0;
    const std::string headers = make_headers(machine.memory(), make_notes(machine), offset);
    TRY(write_at(fd, {reinterpret_cast<const u8*>(headers.data()), headers.size()}, 0));
    for (const auto& region : machine.memory().regions()) {
        for (u64 done = 0; done < region.range.size; done += kChunk) {
            const std::span<const u8> chunk(region.host + done,
                                            std::min<u64>(kChunk, region.range.size - done));
            if (!all_zero(chunk)) TRY(write_at(fd, chunk, offset + done));
        }
        offset += region.range.size;
    }
    if (::ftruncate(fd, static_cast<off_t>(offset)) != 0) return fail_errno(errno, "could not extend");
    return {};
}

}  // namespace

Result<> write_core_dump(MachineControl& machine, const std::string& path) {
    Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.valid()) return fail_errno(errno, "could not open '{}'", path);
    Result<> result;
    machine.inspect([&] { result = write_all(machine, fd.get()); });
    if (!result) ::unlink(path.c_str());
    return with_context(std::move(result), fmt::format("'{}'", path));
}

}  // namespace trapeze::debug
