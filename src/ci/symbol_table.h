// The symbols of a kernel, for reports.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze::ci {

// Const after load().
class SymbolTable {
public:
    // An empty table.
    SymbolTable() = default;
    // The functions and labels of an ELF file's .symtab.
    static Result<SymbolTable> load(const std::string& path);
    // For tests: in any order.
    struct Symbol {
        u64 address = 0;
        u64 size = 0;  // 0: not known
        std::string name;
    };
    explicit SymbolTable(std::vector<Symbol> symbols);

    bool empty() const { return symbols_.empty(); }
    // "name+0x12/0x34", offset and size as Linux writes them; empty if no symbol covers the address.
    std::string describe(u64 address) const;
    // The same for a return address, which may be just behind the function that it belongs to.
    std::string describe_return(u64 address) const;
    std::optional<u64> address_of(std::string_view name) const;

private:
    std::string describe(u64 address, u64 covered) const;

    std::vector<Symbol> symbols_;  // by address; one per address
};

}  // namespace trapeze::ci
