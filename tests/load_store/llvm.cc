#include "llvm.h"

#include <dlfcn.h>

namespace load_store {
namespace {

constexpr const char* kLibrary = "libLLVM-16.so.1";
// Everything with an instruction among the loads and stores.
constexpr const char* kFeatures = "+v9.4a,+ls64,+rcpc3,+lse128,+the,+d128,+mte,+lor,+mops,+fullfp16";

}  // namespace

// llvm-c/Disassembler.h and llvm-c/Target.h of LLVM 16. The context lives as long as the process.
std::optional<Llvm> Llvm::open() {
    void* library = dlopen(kLibrary, RTLD_NOW);
    if (library == nullptr) return std::nullopt;
    for (const char* initialize : {"LLVMInitializeAArch64TargetInfo", "LLVMInitializeAArch64TargetMC",
                                   "LLVMInitializeAArch64Disassembler"}) {
        const auto function = reinterpret_cast<void (*)()>(dlsym(library, initialize));
        if (function == nullptr) return std::nullopt;
        function();
    }
    using Create = Context (*)(const char*, const char*, const char*, void*, int, void*, void*);
    const auto create = reinterpret_cast<Create>(dlsym(library, "LLVMCreateDisasmCPUFeatures"));
    const auto disassemble = reinterpret_cast<Disassemble>(dlsym(library, "LLVMDisasmInstruction"));
    if (create == nullptr || disassemble == nullptr) return std::nullopt;
    Context context = create("aarch64-linux-gnu", "generic", kFeatures, nullptr, 0, nullptr, nullptr);
    if (context == nullptr) return std::nullopt;
    return Llvm(context, disassemble);
}

std::optional<std::string> Llvm::disassemble(trapeze::u32 instruction) const {
    trapeze::u8 bytes[4];
    for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<trapeze::u8>(instruction >> (8 * i));
    char text[128];
    if (disassemble_(context_, bytes, sizeof(bytes), 0, text, sizeof(text)) == 0) return std::nullopt;
    const char* begin = text;
    while (*begin == '\t' || *begin == ' ') ++begin;
    return std::string(begin);
}

}  // namespace load_store
