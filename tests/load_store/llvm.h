// LLVM's disassembler, as the shared library that comes with clang: its C interface, without its headers.
#pragma once

#include <optional>
#include <string>

#include "trapeze/base/types.h"

namespace load_store {

class Llvm {
public:
    // nullopt: there is no such library here.
    static std::optional<Llvm> open();

    // "ldr\tx1, [x2], #8". nullopt: it knows no such instruction, or one that is CONSTRAINED UNPREDICTABLE.
    std::optional<std::string> disassemble(trapeze::u32 instruction) const;

private:
    using Context = void*;
    using Disassemble = std::size_t (*)(Context, trapeze::u8*, trapeze::u64, trapeze::u64, char*,
                                        std::size_t);

    Llvm(Context context, Disassemble function) : context_(context), disassemble_(function) {}

    Context context_;
    Disassemble disassemble_;
};

}  // namespace load_store
