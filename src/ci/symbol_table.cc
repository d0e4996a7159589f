#include "symbol_table.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "trapeze/base/fd.h"

namespace trapeze::ci {
namespace {

// Labels without a size reach to the next symbol, but not further than this.
constexpr u64 kReach = 0x1'0000;

struct ElfEnd {
    void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfEnd>;

Elf_Scn* find_symtab(Elf* elf, GElf_Shdr& header) {
    Elf_Scn* section = nullptr;
    while ((section = elf_nextscn(elf, section)) != nullptr) {
        if (gelf_getshdr(section, &header) != nullptr && header.sh_type == SHT_SYMTAB) return section;
    }
    return nullptr;
}

// By section index: whether it holds instructions.
std::vector<bool> code_sections(Elf* elf) {
    std::vector<bool> list = {false};
    Elf_Scn* section = nullptr;
    while ((section = elf_nextscn(elf, section)) != nullptr) {
        GElf_Shdr header{};
        list.push_back(gelf_getshdr(section, &header) != nullptr && (header.sh_flags & SHF_EXECINSTR) != 0);
    }
    return list;
}

bool is_code(const GElf_Sym& symbol, const std::vector<bool>& code) {
    const auto type = GELF_ST_TYPE(symbol.st_info);
    return (type == STT_FUNC || type == STT_NOTYPE) && symbol.st_shndx < code.size() && code[symbol.st_shndx];
}

// $x and $d mark where code and data begin ("ELF for the Arm 64-bit Architecture", Mapping symbols); .L
// labels are the assembler's.
bool is_name(std::string_view name) {
    return !name.empty() && name.front() != '$' && !name.starts_with(".L");
}

}  // namespace

SymbolTable::SymbolTable(std::vector<Symbol> symbols) : symbols_(std::move(symbols)) {
    // Of several names for one address, the first that has a size stays.
    const auto order = [](const Symbol& s) { return std::pair(s.address, s.size == 0); };
    std::ranges::stable_sort(symbols_, {}, order);
    const auto extra = std::ranges::unique(symbols_, {}, &Symbol::address);
    symbols_.erase(extra.begin(), extra.end());
}

Result<SymbolTable> SymbolTable::load(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "could not open '{}'", path);
    elf_version(EV_CURRENT);
    const ElfHandle elf(elf_begin(fd.get(), ELF_C_READ, nullptr));
    if (!elf || elf_kind(elf.get()) != ELF_K_ELF) return fail("'{}' is not an ELF file", path);

    GElf_Shdr header{};
    Elf_Scn* section = find_symtab(elf.get(), header);
    Elf_Data* data = section == nullptr ? nullptr : elf_getdata(section, nullptr);
    if (data == nullptr || header.sh_entsize == 0) return fail("'{}' has no symbols (.symtab)", path);

    const std::vector<bool> code = code_sections(elf.get());
    std::vector<Symbol> symbols;
    const auto count = static_cast<int>(std::min<u64>(header.sh_size / header.sh_entsize, 0x7fff'ffff));
    for (int i = 0; i < count; ++i) {
        GElf_Sym symbol{};
        if (gelf_getsym(data, i, &symbol) == nullptr) break;
        const char* name = elf_strptr(elf.get(), header.sh_link, symbol.st_name);
        if (name == nullptr || !is_name(name) || !is_code(symbol, code)) continue;
        symbols.push_back({.address = symbol.st_value, .size = symbol.st_size, .name = name});
    }
    if (symbols.empty()) return fail("'{}' has no symbols of functions", path);
    return SymbolTable(std::move(symbols));
}

std::string SymbolTable::describe(u64 address) const {
    return describe(address, address);
}

std::string SymbolTable::describe_return(u64 address) const {
    constexpr u64 kCallBytes = 4;
    return describe(address, address - kCallBytes);
}

// `address` in terms of the symbol that covers `covered`.
std::string SymbolTable::describe(u64 address, u64 covered) const {
    const auto after = std::ranges::upper_bound(symbols_, covered, {}, &Symbol::address);
    if (after == symbols_.begin()) return {};
    const Symbol& symbol = *std::prev(after);
    u64 size = symbol.size;
    if (size == 0) {
        size = after == symbols_.end() ? kReach : std::min(kReach, after->address - symbol.address);
    }
    if (covered - symbol.address >= size) return {};
    return fmt::format("{}+{:#x}/{:#x}", symbol.name, address - symbol.address, size);
}

std::optional<u64> SymbolTable::address_of(std::string_view name) const {
    const auto found = std::ranges::find(symbols_, name, &Symbol::name);
    if (found == symbols_.end()) return std::nullopt;
    return found->address;
}

}  // namespace trapeze::ci
