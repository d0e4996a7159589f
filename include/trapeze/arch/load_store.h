// The load and store instructions of A64 as data: what an instruction word does to memory and to which
// registers (DDI0487 "A64 instruction set encoding, Loads and Stores"). Pure, any thread, any word.
//
// Left out, and so unknown words here: SVE and SME, memory tags (FEAT_MTE), LDRAA and LDRAB, whose address
// depends on a key, MOPS, RCW*, LDTXR and the like. Nobody addresses a device with them.
#pragma once

#include <optional>

#include "trapeze/base/types.h"

namespace trapeze::arch {

enum class MemoryOp : u8 {
    Load,
    Store,
    LoadExclusive,
    StoreExclusive,
    CompareAndSwap,
    Swap,
    Add,
    Clear,  // and with the complement
    Xor,
    Set,  // or
    SignedMax,
    SignedMin,
    UnsignedMax,
    UnsignedMin,
    StoreStatus,      // ST64BV
    StoreStatusData,  // ST64BV0
    Prefetch,
};

enum class Addressing : u8 {
    Offset,             // base + offset
    PreIndex,           // the same, which becomes the base
    PostIndex,          // base, which becomes base + offset
    PostIndexRegister,  // base, which becomes base + Xm
    RegisterOffset,     // base + extended and shifted Rm
    Literal,            // PC + offset
};

// Which registers transfer.
enum class RegisterList : u8 {
    Pair,        // `registers` of Rt and Rt2
    Sequence,    // Rt, Rt + 1 and so on, modulo 32; CASP: Rs, Rs + 1, too
    Structures,  // the same, of vectors whose elements are interleaved in memory
};

// "LDR (register)": option, and the shift that S asks for.
struct RegisterIndex {
    u8 rm = 0;
    u8 option = 0;  // 2 UXTW, 3 LSL, 6 SXTW, 7 SXTX
    u8 shift = 0;

    constexpr bool operator==(const RegisterIndex&) const = default;
};

// "LD1 (multiple structures)" and its relatives: memory has `repeat` times `lanes` times `interleave`
// elements.
struct StructureShape {
    u8 repeat = 1;
    u8 interleave = 1;
    u8 lanes = 1;            // elements of each register that transfer
    u8 first_lane = 0;       // of a single structure
    u8 register_bytes = 0;   // 8 or 16: the arrangement
    bool single = false;     // one lane; the rest of the register stays as it is
    bool replicate = false;  // to all lanes

    constexpr bool operator==(const StructureShape&) const = default;
};

struct LoadStore {
    MemoryOp op = MemoryOp::Load;
    Addressing addressing = Addressing::Offset;
    RegisterList list = RegisterList::Pair;
    bool vector = false;       // SIMD&FP registers
    bool sign_extend = false;  // to `register_bits`
    bool acquire = false;
    bool release = false;
    bool unprivileged = false;  // LDTR, STTR
    u8 register_bits = 64;      // of general registers: 32 or 64
    u8 size = 0;                // bytes of an element: 1, 2, 4, 8 or 16
    u8 elements = 1;            // in memory, one after the other: at most 64 bytes
    u8 registers = 1;           // that transfer
    u8 rt = 0;                  // 31 is the zero register here, and in rt2, rs and rm
    u8 rt2 = 0;
    u8 rs = 0;  // status of a store-exclusive, operand of an atomic
    u8 rn = 0;  // 31 is SP
    s64 offset = 0;
    RegisterIndex index = {};
    StructureShape shape = {};

    constexpr unsigned bytes() const { return unsigned{size} * elements; }
    constexpr bool writes_back() const {
        return addressing == Addressing::PreIndex || addressing == Addressing::PostIndex ||
               addressing == Addressing::PostIndexRegister;
    }
    // Reads memory and writes it, depending on what was read.
    constexpr bool is_atomic() const { return op >= MemoryOp::CompareAndSwap && op <= MemoryOp::UnsignedMin; }
    constexpr bool is_exclusive() const {
        return op == MemoryOp::LoadExclusive || op == MemoryOp::StoreExclusive;
    }
    constexpr bool reads_memory() const {
        return op == MemoryOp::Load || op == MemoryOp::LoadExclusive || is_atomic();
    }
    constexpr bool writes_memory() const { return !reads_memory() || is_atomic(); }

    constexpr bool operator==(const LoadStore&) const = default;
};

// nullopt: UNDEFINED, left out (above), or no load or store at all. Of encodings that are CONSTRAINED
// UNPREDICTABLE, the description is what the encoding says; should-be-one bits do not matter.
std::optional<LoadStore> decode_load_store(u32 instruction);

}  // namespace trapeze::arch
