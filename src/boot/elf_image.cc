#include "elf_image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "format_bytes.h"

namespace trapeze::boot {
namespace {

constexpr unsigned kMostProgramHeaders = 1024;

Result<Elf64_Ehdr> read_header(const ByteSource& file) {
    Elf64_Ehdr header;
    if (file.size() < sizeof(header)) return fail("its ELF header is truncated");
    TRY(file.read(0, {reinterpret_cast<u8*>(&header), sizeof(header)}));
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != EM_AARCH64) {
        return fail("it is an ELF file, but not for little-endian 64-bit Arm");
    }
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        return fail("it is an ELF file, but not a program");
    if (header.e_phnum == 0 || header.e_phnum > kMostProgramHeaders ||
        header.e_phentsize != sizeof(Elf64_Phdr)) {
        return fail("its ELF program header table is not valid");
    }
    const u64 table_bytes = u64{header.e_phnum} * sizeof(Elf64_Phdr);
    if (header.e_phoff > file.size() || file.size() - header.e_phoff < table_bytes) {
        return fail("its ELF program header table lies outside the file");
    }
    return header;
}

Result<> check_segment(unsigned index, const Elf64_Phdr& header, u64 file_bytes, mem::GpaRange ram) {
    if (header.p_filesz > header.p_memsz) {
        return fail("ELF segment {} has more bytes in the file than in memory", index);
    }
    if (header.p_offset > file_bytes || header.p_filesz > file_bytes - header.p_offset) {
        return fail("ELF segment {} lies outside the file", index);
    }
    if (!ram.contains(mem::Gpa{header.p_paddr}, header.p_memsz)) {
        // The usual mistake: a vmlinux says where it is linked, not where it can be loaded.
        const bool virtual_address = header.p_paddr >> 52 != 0;
        return fail("ELF segment {} ({} at {:#x}) lies outside guest memory ({} at {:#x}){}", index,
                    format_bytes(header.p_memsz), header.p_paddr, format_bytes(ram.size), ram.base.value,
                    virtual_address ? "; to boot Linux, use its Image" : "");
    }
    return {};
}

// e_entry is a virtual address; the MMU is off at the entry, so it is where the segment was loaded that
// counts.
std::optional<mem::Gpa> physical_entry(u64 entry, const Elf64_Phdr& header) {
    if (entry < header.p_vaddr || entry - header.p_vaddr >= header.p_memsz) return std::nullopt;
    return mem::Gpa{header.p_paddr + (entry - header.p_vaddr)};
}

Result<> sort_disjoint(std::vector<Segment>& segments) {
    std::sort(segments.begin(), segments.end(),
              [](const Segment& a, const Segment& b) { return a.address < b.address; });
    for (size_t i = 1; i < segments.size(); ++i) {
        const Segment& below = segments[i - 1];
        if (segments[i].address - below.address < below.file_bytes + below.zero_bytes) {
            return fail("two of its ELF segments overlap at {:#x}", segments[i].address.value);
        }
    }
    return {};
}

}  // namespace

Result<ElfImage> parse_elf(const ByteSource& file, mem::GpaRange ram) {
    const Elf64_Ehdr header = TRY(read_header(file));
    std::vector<Elf64_Phdr> table(header.e_phnum);
    TRY(file.read(header.e_phoff, {reinterpret_cast<u8*>(table.data()), table.size() * sizeof(Elf64_Phdr)}));
    ElfImage image;
    std::optional<mem::Gpa> entry;
    for (unsigned i = 0; i < table.size(); ++i) {
        const Elf64_Phdr& segment = table[i];
        if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
        TRY(check_segment(i, segment, file.size(), ram));
        image.segments.push_back({mem::Gpa{segment.p_paddr}, segment.p_offset, segment.p_filesz,
                                  segment.p_memsz - segment.p_filesz});
        if (!entry) entry = physical_entry(header.e_entry, segment);
    }
    if (image.segments.empty()) return fail("it is an ELF file with nothing to load");
    TRY(sort_disjoint(image.segments));
    if (!entry) return fail("its ELF entry point {:#x} lies in none of its segments", header.e_entry);
    if (entry->value % 4 != 0)
        return fail("its ELF entry point {:#x} is not a multiple of 4", header.e_entry);
    image.entry = *entry;
    return image;
}

}  // namespace trapeze::boot
