// One row per encoding group of DDI0487 "Loads and Stores", with a function for what its fields select and
// one for how it forms the address. Fields are named as in the manual's tables.
#include "trapeze/arch/load_store.h"

#include "trapeze/base/bits.h"

namespace trapeze::arch {
namespace {

constexpr unsigned field(u32 instruction, unsigned high, unsigned low) {
    return static_cast<unsigned>(extract(instruction, high, low));
}
constexpr bool flag(u32 instruction, unsigned n) {
    return field(instruction, n, n) != 0;
}
constexpr u8 small(unsigned value) {
    return static_cast<u8>(value);
}
constexpr s64 signed_field(u32 instruction, unsigned high, unsigned low) {
    return static_cast<s64>(sign_extend(extract(instruction, high, low), high - low + 1));
}
constexpr void set_size(LoadStore& d, unsigned bytes) {
    d.size = small(bytes);
    d.register_bits = bytes == 8 ? 64 : 32;
}

// --- What transfers. False: UNDEFINED, or of a feature that is left out. ---

using Select = bool (*)(u32, LoadStore&);

// size, V and opc, of the groups with one register.
constexpr bool select_register(u32 i, LoadStore& d) {
    const unsigned size = field(i, 31, 30);
    const unsigned opc = field(i, 23, 22);
    d.vector = flag(i, 26);
    if (d.vector) {
        if ((opc & 2) != 0 && size != 0) return false;
        d.size = small(1u << ((opc & 2) != 0 ? 4 : size));
        d.op = (opc & 1) != 0 ? MemoryOp::Load : MemoryOp::Store;
        return true;
    }
    set_size(d, 1u << size);
    if (opc < 2) {
        d.op = opc == 1 ? MemoryOp::Load : MemoryOp::Store;
    } else if (size == 3) {
        d.op = MemoryOp::Prefetch;
        return opc == 2;
    } else {
        d.sign_extend = true;
        d.register_bits = opc == 2 ? 64 : 32;
        return opc == 2 || size < 2;
    }
    return true;
}

// The groups without a prefetch.
constexpr bool select_data(u32 i, LoadStore& d) {
    return select_register(i, d) && d.op != MemoryOp::Prefetch;
}

constexpr bool select_unprivileged(u32 i, LoadStore& d) {
    d.unprivileged = true;
    return select_data(i, d);
}

// FEAT_LRCPC2 and, of vectors, FEAT_LRCPC3: loads acquire, stores release.
constexpr bool select_ordered_unscaled(u32 i, LoadStore& d) {
    if (!select_data(i, d)) return false;
    (d.op == MemoryOp::Load ? d.acquire : d.release) = true;
    return true;
}

constexpr bool select_literal(u32 i, LoadStore& d) {
    const unsigned opc = field(i, 31, 30);
    d.vector = flag(i, 26);
    if (d.vector) {
        d.size = small(4u << opc);
        return opc != 3;
    }
    d.size = opc == 1 ? 8 : 4;
    d.register_bits = opc == 0 ? 32 : 64;
    d.sign_extend = opc == 2;
    if (opc == 3) d.op = MemoryOp::Prefetch;
    return true;
}

constexpr bool select_pair(u32 i, LoadStore& d) {
    const unsigned opc = field(i, 31, 30);
    d.op = flag(i, 22) ? MemoryOp::Load : MemoryOp::Store;
    d.vector = flag(i, 26);
    d.registers = d.elements = 2;
    d.rt2 = small(field(i, 14, 10));
    if (opc == 3) return false;
    if (d.vector) {
        d.size = small(4u << opc);
        return true;
    }
    d.size = opc == 2 ? 8 : 4;
    d.register_bits = opc == 0 ? 32 : 64;
    d.sign_extend = opc == 1;
    return opc != 1 || d.op == MemoryOp::Load;  // STGP
}

// LDPSW has no such form.
constexpr bool select_no_allocate_pair(u32 i, LoadStore& d) {
    return select_pair(i, d) && !d.sign_extend;
}

// The 1-bit sz of pairs that are ordered or exclusive.
constexpr void set_word_pair(u32 i, LoadStore& d) {
    set_size(d, flag(i, 30) ? 8 : 4);
    d.registers = d.elements = 2;
}

constexpr bool select_exclusive(u32 i, LoadStore& d) {
    const bool load = flag(i, 22);
    d.op = load ? MemoryOp::LoadExclusive : MemoryOp::StoreExclusive;
    (load ? d.acquire : d.release) = flag(i, 15);
    set_size(d, 1u << field(i, 31, 30));
    if (!load) d.rs = small(field(i, 20, 16));
    return true;
}

constexpr bool select_exclusive_pair(u32 i, LoadStore& d) {
    select_exclusive(i, d);
    set_word_pair(i, d);
    d.rt2 = small(field(i, 14, 10));
    return true;
}

// LDAR, STLR; and LDLAR and STLLR, whose order is of LORegions: the weaker of the two for nothing here.
constexpr bool select_ordered(u32 i, LoadStore& d) {
    const bool load = flag(i, 22);
    d.op = load ? MemoryOp::Load : MemoryOp::Store;
    (load ? d.acquire : d.release) = true;
    set_size(d, 1u << field(i, 31, 30));
    return true;
}

constexpr bool select_ordered_pair(u32 i, LoadStore& d) {
    select_ordered(i, d);
    set_word_pair(i, d);
    d.rt2 = small(field(i, 20, 16));
    return true;
}

constexpr bool select_compare_and_swap(u32 i, LoadStore& d) {
    d.op = MemoryOp::CompareAndSwap;
    d.acquire = flag(i, 22);
    d.release = flag(i, 15);
    set_size(d, 1u << field(i, 31, 30));
    d.rs = small(field(i, 20, 16));
    return true;
}

constexpr bool select_compare_and_swap_pair(u32 i, LoadStore& d) {
    select_compare_and_swap(i, d);
    set_word_pair(i, d);
    d.list = RegisterList::Sequence;
    return !flag(i, 16) && !flag(i, 0);
}

constexpr bool select_atomic(u32 i, LoadStore& d) {
    constexpr MemoryOp kOps[] = {MemoryOp::Add,         MemoryOp::Clear,      MemoryOp::Xor,
                                 MemoryOp::Set,         MemoryOp::SignedMax,  MemoryOp::SignedMin,
                                 MemoryOp::UnsignedMax, MemoryOp::UnsignedMin};
    d.op = flag(i, 15) ? MemoryOp::Swap : kOps[field(i, 14, 12)];
    d.acquire = flag(i, 23);
    d.release = flag(i, 22);
    set_size(d, 1u << field(i, 31, 30));
    d.rs = small(field(i, 20, 16));
    return true;
}

// FEAT_LSE128: the operands and the result are in Rt and Rt2.
constexpr bool select_atomic_pair(u32 i, LoadStore& d) {
    select_atomic(i, d);
    d.size = 8;
    d.register_bits = 64;
    d.registers = d.elements = 2;
    d.rt2 = small(field(i, 20, 16));
    d.rs = 0;
    return d.rt != 31 && d.rt2 != 31;
}

// LDAPR, in the encoding space of the atomics.
constexpr bool select_acquire(u32 i, LoadStore& d) {
    d.acquire = true;
    set_size(d, 1u << field(i, 31, 30));
    return true;
}

// FEAT_LS64: Rt is even and at most 22.
constexpr bool select_64_bytes(u32 i, LoadStore& d) {
    constexpr MemoryOp kOps[] = {MemoryOp::Load,        MemoryOp::Store, MemoryOp::StoreStatusData,
                                 MemoryOp::StoreStatus, MemoryOp::Load,  MemoryOp::Load};
    d.op = kOps[field(i, 14, 12)];
    if (d.op == MemoryOp::StoreStatus || d.op == MemoryOp::StoreStatusData) d.rs = small(field(i, 20, 16));
    d.list = RegisterList::Sequence;
    d.size = 8;
    d.registers = d.elements = 8;
    return (d.rt & 1) == 0 && d.rt < 24;
}

constexpr void set_shape(LoadStore& d, const StructureShape& shape) {
    d.shape = shape;
    d.registers = small(unsigned{shape.repeat} * shape.interleave);
    d.elements = small(unsigned{d.registers} * shape.lanes);
}

constexpr bool select_structures(u32 i, LoadStore& d) {
    struct Row {
        u8 repeat, interleave;
    };
    constexpr Row kRows[16] = {{1, 4}, {}, {4, 1}, {}, {1, 3}, {}, {3, 1}, {1, 1}, {1, 2}, {}, {2, 1}};
    const Row row = kRows[field(i, 15, 12)];
    const bool q = flag(i, 30);
    const unsigned size = field(i, 11, 10);
    if (row.repeat == 0 || (size == 3 && !q && row.interleave != 1)) return false;
    d.op = flag(i, 22) ? MemoryOp::Load : MemoryOp::Store;
    d.vector = true;
    d.list = RegisterList::Structures;
    d.size = small(1u << size);
    const u8 register_bytes = q ? 16 : 8;
    set_shape(d, {.repeat = row.repeat,
                  .interleave = row.interleave,
                  .lanes = small(register_bytes >> size),
                  .register_bytes = register_bytes});
    return true;
}

constexpr bool select_single_structure(u32 i, LoadStore& d) {
    const unsigned scale = field(i, 15, 14);
    const unsigned size = field(i, 11, 10);
    // opcode<0> and R: one to four registers.
    const unsigned interleave = (field(i, 13, 13) << 1 | field(i, 21, 21)) + 1;
    // Q, S and size are the number of the lane, and below that the size.
    const unsigned lane = field(i, 30, 30) << 3 | field(i, 12, 12) << 2 | size;
    unsigned log2 = scale;
    if (scale == 3) {
        if (!flag(i, 22) || flag(i, 12)) return false;
        log2 = size;
    } else if (scale == 2 && (size & 1) != 0) {
        if (flag(i, 12)) return false;
        log2 = 3;
    }
    if ((scale == 1 && (size & 1) != 0) || (scale == 2 && (size & 2) != 0)) return false;
    d.op = flag(i, 22) ? MemoryOp::Load : MemoryOp::Store;
    d.vector = true;
    d.list = RegisterList::Structures;
    d.size = small(1u << log2);
    set_shape(d, {.interleave = small(interleave),
                  .first_lane = small(scale == 3 ? 0 : lane >> log2),
                  .register_bytes = small(flag(i, 30) ? 16 : 8),
                  .single = true,
                  .replicate = scale == 3});
    return true;
}

// FEAT_LRCPC3: LDAP1, STL1.
constexpr bool select_ordered_structure(u32 i, LoadStore& d) {
    select_single_structure(i, d);
    (d.op == MemoryOp::Load ? d.acquire : d.release) = true;
    return true;
}

// --- How the address is formed ---

using Address = void (*)(u32, LoadStore&);

constexpr void base_only(u32, LoadStore&) {}
constexpr void imm9(u32 i, LoadStore& d) {
    d.offset = signed_field(i, 20, 12);
}
constexpr void imm12(u32 i, LoadStore& d) {
    d.offset = s64{field(i, 21, 10)} * d.size;
}
constexpr void imm7(u32 i, LoadStore& d) {
    d.offset = signed_field(i, 21, 15) * d.size;
}
constexpr void imm19(u32 i, LoadStore& d) {
    d.offset = signed_field(i, 23, 5) * 4;
    d.rn = 0;
}
constexpr void up_by_all(u32, LoadStore& d) {
    d.offset = d.bytes();
}
constexpr void down_by_all(u32, LoadStore& d) {
    d.offset = -s64{d.bytes()};
}
constexpr void index_register(u32 i, LoadStore& d) {
    u8 log2 = 0;
    while (1u << log2 < d.size) ++log2;
    d.index = {.rm = small(field(i, 20, 16)),
               .option = small(field(i, 15, 13)),
               .shift = flag(i, 12) ? log2 : u8{0}};
}
// Rm = 31 stands for the size of the access.
constexpr void after_structures(u32 i, LoadStore& d) {
    const unsigned rm = field(i, 20, 16);
    if (rm == 31) return up_by_all(i, d);
    d.addressing = Addressing::PostIndexRegister;
    d.index.rm = small(rm);
}

// --- The table ---

struct Row {
    u32 mask;
    u32 value;
    Addressing addressing;
    Select select;
    Address address;
};

using A = Addressing;
constexpr Row kRows[] = {
    // "Advanced SIMD load/store multiple structures", and post-indexed; "... single structure", the same
    {0xbfbf0000, 0x0c000000, A::Offset, select_structures, base_only},
    {0xbfa00000, 0x0c800000, A::PostIndex, select_structures, after_structures},
    {0xbf9f0000, 0x0d000000, A::Offset, select_single_structure, base_only},
    {0xbf800000, 0x0d800000, A::PostIndex, select_single_structure, after_structures},
    {0xbfbffc00, 0x0d018400, A::Offset, select_ordered_structure, base_only},
    // "Load/store exclusive register", "... pair", "Load/store ordered", "Compare and swap", "... pair"
    {0x3fa00000, 0x08000000, A::Offset, select_exclusive, base_only},
    {0xbfa00000, 0x88200000, A::Offset, select_exclusive_pair, base_only},
    {0x3fa00000, 0x08800000, A::Offset, select_ordered, base_only},
    {0x3fa07c00, 0x08a07c00, A::Offset, select_compare_and_swap, base_only},
    {0xbfa07c00, 0x08207c00, A::Offset, select_compare_and_swap_pair, base_only},
    // "LDAPR/STLR (unscaled immediate)", "... (SIMD&FP)", "LDIAPP/STILP", "LDAPR/STLR (writeback)"
    {0x3f200c00, 0x19000000, A::Offset, select_ordered_unscaled, imm9},
    {0x3f200c00, 0x1d000800, A::Offset, select_ordered_unscaled, imm9},
    {0xbfa0fc00, 0x99001800, A::Offset, select_ordered_pair, base_only},
    {0xbfe0fc00, 0x99000800, A::PreIndex, select_ordered_pair, down_by_all},
    {0xbfe0fc00, 0x99400800, A::PostIndex, select_ordered_pair, up_by_all},
    {0xbffffc00, 0x99800800, A::PreIndex, select_ordered, down_by_all},
    {0xbffffc00, 0x99c00800, A::PostIndex, select_ordered, up_by_all},
    // "Load register (literal)"
    {0x3b000000, 0x18000000, A::Literal, select_literal, imm19},
    // "Load/store no-allocate pair (offset)", "Load/store register pair (post-indexed, offset, pre-indexed)"
    {0x3b800000, 0x28000000, A::Offset, select_no_allocate_pair, imm7},
    {0x3b800000, 0x28800000, A::PostIndex, select_pair, imm7},
    {0x3b800000, 0x29000000, A::Offset, select_pair, imm7},
    {0x3b800000, 0x29800000, A::PreIndex, select_pair, imm7},
    // "Load/store register": unscaled immediate, immediate post-indexed, unprivileged, immediate pre-indexed,
    // register offset, unsigned immediate
    {0x3b200c00, 0x38000000, A::Offset, select_register, imm9},
    {0x3b200c00, 0x38000400, A::PostIndex, select_data, imm9},
    {0x3f200c00, 0x38000800, A::Offset, select_unprivileged, imm9},
    {0x3b200c00, 0x38000c00, A::PreIndex, select_data, imm9},
    {0x3b204c00, 0x38204800, A::RegisterOffset, select_register, index_register},
    {0x3b000000, 0x39000000, A::Offset, select_register, imm12},
    // "Atomic memory operations", and the 128-bit ones
    {0x3f208c00, 0x38200000, A::Offset, select_atomic, base_only},
    {0x3f20fc00, 0x38208000, A::Offset, select_atomic, base_only},
    {0x3fe0fc00, 0x38a0c000, A::Offset, select_acquire, base_only},
    {0xff20fc00, 0x19201000, A::Offset, select_atomic_pair, base_only},
    {0xff20fc00, 0x19203000, A::Offset, select_atomic_pair, base_only},
    {0xff20fc00, 0x19208000, A::Offset, select_atomic_pair, base_only},
    {0xfffffc00, 0xf83f9000, A::Offset, select_64_bytes, base_only},
    {0xfffffc00, 0xf83fd000, A::Offset, select_64_bytes, base_only},
    {0xffe0fc00, 0xf820a000, A::Offset, select_64_bytes, base_only},
    {0xffe0fc00, 0xf820b000, A::Offset, select_64_bytes, base_only},
};

// "Main encoding table": loads and stores are bit 27 one and bit 25 zero. No two rows can match one word.
constexpr bool valid_rows() {
    for (const Row& row : kRows) {
        if ((row.value & ~row.mask) != 0) return false;
        if ((row.mask & 0x0a00'0000) != 0x0a00'0000 || (row.value & 0x0a00'0000) != 0x0800'0000) return false;
        for (const Row& other : kRows) {
            if (&other != &row && ((row.value ^ other.value) & row.mask & other.mask) == 0) return false;
        }
    }
    return true;
}
static_assert(valid_rows());

}  // namespace

std::optional<LoadStore> decode_load_store(u32 instruction) {
    for (const Row& row : kRows) {
        if ((instruction & row.mask) != row.value) continue;
        LoadStore d;
        d.addressing = row.addressing;
        d.rt = small(field(instruction, 4, 0));
        d.rn = small(field(instruction, 9, 5));
        if (!row.select(instruction, d)) return std::nullopt;
        row.address(instruction, d);
        return d;
    }
    return std::nullopt;
}

}  // namespace trapeze::arch
