// The choices of a case. Mostly what works, so that walks get far; often at an edge; sometimes anything at
// all.
#include "layout.h"

namespace at {

extern "C" {
extern char window_vectors[];
extern char window_table[];
extern char window_table_be[];
}

namespace {

constexpr u64 kSctlrRes1 = 0x30d00800;  // SPAN is of these: an exception leaves PSTATE.PAN alone
constexpr u64 kSctlrEe = 1 << 25;
constexpr u64 kHcrVm = 1;
constexpr u64 kHcrPtw = 1 << 2;
constexpr u64 kHcrDc = 1 << 12;
constexpr u64 kHcrTge = 1 << 27;
constexpr u64 kHcrRw = u64{1} << 31;
constexpr u64 kHcrE2h = u64{1} << 34;

u64 random_mair(Random& r) {
    constexpr u8 kCommon[] = {0x00, 0x04, 0x08, 0x0c, 0x44, 0xff, 0xbb, 0xaa, 0x4f, 0xf4, 0x77, 0x33, 0xee};
    u64 mair = 0xff;  // attribute 7 is the window's
    for (unsigned i = 0; i < 7; ++i) {
        u64 attr = kCommon[r.below(sizeof(kCommon))];
        if (r.chance(15)) attr = 0x11 + r.below(0xee);
        mair = mair << 8 | attr;
    }
    return mair;
}

u64 random_sctlr(Random& r) {
    return kSctlrRes1 | r.flag(0, 95) | r.flag(2, 80) | r.flag(12, 50) | r.flag(19, 25) | r.flag(25, 15) |
           r.flag(57, 50);
}

// An address that the range of a layout has, with an error or a tag now and then. Bit 55 is `upper`.
u64 random_va(Random& r, const Layout& l, bool upper) {
    u64 va = r.next() & low_bits(l.ia_bits);
    if (r.chance(10)) va = low_bits(l.ia_bits) - r.below(0x2000);
    if (r.chance(10)) va = r.below(0x2000);
    if (r.chance(8)) va |= low_bits(l.ia_bits) & ~low_bits(l.granule_bits);
    if (upper) va |= ~low_bits(l.ia_bits);
    if (r.chance(7)) va ^= u64{1} << (l.ia_bits + r.below(55 - l.ia_bits));
    if (r.chance(15)) va ^= r.field(63, 56);
    return va;
}

// The range that bit 55 does not select, for the few cases where it should matter nevertheless.
TcrHalf other_half(Random& r) {
    TcrHalf half;
    half.txsz = r.below(64);
    half.tg = r.below(4);
    half.bits = static_cast<unsigned>(r.field(7, 0));
    return half;
}

// A stage 1 of EL1&0 or EL2&0. Returns its layout; the other half has no tables.
Layout two_ranges(Random& r, const Cpu& cpu, bool upper, u64& tcr, u64& ttbr, u64& other) {
    bool ds = r.chance(25);
    TcrHalf half;
    const Layout l = random_layout(r, cpu, upper, ds, half);
    const TcrHalf rest = other_half(r);
    tcr = r.field(34, 32) | r.flag(36, 50) | r.flag(39, 40) | r.flag(40, 40) | r.field(54, 43) |
          (ds ? u64{1} << 59 : 0) | half.place(upper) | rest.place(!upper);
    ttbr = random_ttbr(r, l) | r.field(63, 48);
    other = arena_table(r, 12) | r.field(63, 48);
    return l;
}

// EL1's own stage 1 at EL1: one half is the window's.
void add_window(Case& c, bool upper) {
    const bool big_endian = (c.el1.sctlr & kSctlrEe) != 0;
    c.low_window = upper || (c.el1.sctlr & 1) == 0;
    TcrHalf half;
    half.txsz = 25;
    half.tg = c.low_window ? 0 : 2;  // 4KB
    half.bits = 0;
    const u64 table = reinterpret_cast<u64>(big_endian ? window_table_be : window_table);
    c.el1.tcr = (c.el1.tcr & ~TcrHalf::mask(!c.low_window)) | half.place(!c.low_window);
    (c.low_window ? c.el1.ttbr0 : c.el1.ttbr1) = table;
}

u8 random_operation(Random& r, const Cpu& cpu) {
    for (;;) {
        const unsigned operation = r.below(cpu.el3 ? kS1E2A + 1 : kS1E1A + 1);
        if ((operation == kS1E1RP || operation == kS1E1WP) && !cpu.pan2) continue;
        if ((operation == kS1E1A || operation == kS1E2A) && !cpu.ats1a) continue;
        return static_cast<u8>(operation);
    }
}

bool for_el2(u8 operation) {
    return operation == kS1E2R || operation == kS1E2W || operation == kS1E2A;
}

bool for_both_stages(u8 operation) {
    return operation >= kS12E1R && operation <= kS12E0W;
}

void random_hypervisor(Random& r, const Cpu& cpu, Case& c) {
    El2& e = c.el2;
    e.hcr = kHcrRw | r.flag(2, 20) | r.flag(32, 10) | r.flag(33, 10);  // PTW, CD, ID
    if (cpu.vhe && r.chance(50)) e.hcr |= kHcrE2h;
    if (r.chance(8)) e.hcr |= kHcrTge;
    if (r.chance(8)) e.hcr |= kHcrDc;
    if (cpu.fwb && r.chance(50)) e.hcr |= u64{1} << 46;
    if (cpu.nv && r.chance(10)) e.hcr |= r.field(43, 42);
    if (r.chance(for_both_stages(c.operation) ? 90 : 40)) e.hcr |= kHcrVm;
    // QEMU has faults of PTW then.
    if ((e.hcr & (kHcrVm | kHcrDc)) == 0 && r.chance(90)) e.hcr &= ~kHcrPtw;
    e.sctlr = random_sctlr(r);
    e.mair = random_mair(r);
}

CaseRegime regime_of(const Case& c) {
    const bool e2h = (c.el2.hcr & kHcrE2h) != 0;
    if (for_el2(c.operation)) return e2h ? CaseRegime::El20 : CaseRegime::El2;
    if (e2h && (c.el2.hcr & kHcrTge) != 0) return CaseRegime::El20;
    if ((c.el2.hcr & (kHcrVm | kHcrDc)) == 0) return CaseRegime::El10;
    return for_both_stages(c.operation) ? CaseRegime::S12 : CaseRegime::S1;
}

void el2_regime(Random& r, const Cpu& cpu, Case& c, Tables& tables) {
    Layout l;
    bool upper = r.chance(50);
    if ((c.el2.hcr & kHcrE2h) != 0) {
        l = two_ranges(r, cpu, upper, c.el2.tcr, upper ? c.el2.ttbr1 : c.el2.ttbr0,
                       upper ? c.el2.ttbr0 : c.el2.ttbr1);
    } else {
        upper = false;
        l = one_range(r, cpu, c.el2.tcr);
        c.el2.ttbr0 = random_ttbr(r, l);
    }
    c.va = random_va(r, l, upper);
    if (r.chance(3)) c.va ^= u64{1} << 55;
    tables.map(l, c.va, random_leaf(r, l));
}

void el1_regime(Random& r, const Cpu& cpu, Case& c, Tables& tables) {
    const bool upper = r.chance(50);
    if (cpu.el3 && (c.el2.hcr & (kHcrVm | kHcrDc)) != 0) {
        int table_leaf;
        int output_leaf;
        const Layout l2 = random_stage2(r, cpu, c.el2, table_leaf, output_leaf);
        tables.set_stage2(l2, table_leaf, output_leaf);
    }
    const Layout l = two_ranges(r, cpu, upper, c.el1.tcr, upper ? c.el1.ttbr1 : c.el1.ttbr0,
                                upper ? c.el1.ttbr0 : c.el1.ttbr1);
    c.va = random_va(r, l, upper);
    if (cpu.el3 && r.chance(3)) c.va ^= u64{1} << 55;
    const bool off = (c.el1.sctlr & 1) == 0 || (c.el2.hcr & (kHcrDc | kHcrTge)) != 0;
    // With stage 1 off, the address is one, and mostly has to fit.
    if (off && r.chance(80)) c.va &= low_bits(36);
    const u64 output = off ? c.va : tables.map(l, c.va, random_leaf(r, l));
    if (cpu.el3) tables.map_stage2(output, false);
    if (!cpu.el3) add_window(c, upper);
}

// QEMU 10.0 ends with an assertion (do_ats_write: is_s2_format) when stage 2 forbids what AT S12E* asks for.
// So it never does: S2AP[0] for reading, S2AP[1] for writing.
void spare_qemu(Case& c) {
    if (!for_both_stages(c.operation)) return;
    const bool write = c.operation == kS12E1W || c.operation == kS12E0W;
    for (unsigned i = 0; i < c.count; ++i)
        if (c.entries[i].stage == 2) c.entries[i].value |= write ? 1 << 7 : 1 << 6;
}

// False: it came out unusable, and the numbers that follow may do better.
bool try_to_generate(const Cpu& cpu, Random& r, u64 number, CaseRegime regime, Case& c) {
    c.number = number;
    c.count = 0;
    c.operation = random_operation(r, cpu);
    c.pan = cpu.pan && r.chance(60);
    c.el1 = {};
    c.el2 = {};
    c.el1.sctlr = random_sctlr(r);
    c.el1.mair = random_mair(r);
    if (cpu.el3) random_hypervisor(r, cpu, c);
    const CaseRegime own = regime_of(c);
    if (regime != CaseRegime::Any && regime != own) return false;
    Tables tables(r, c);
    if (own == CaseRegime::El2 || own == CaseRegime::El20) {
        el2_regime(r, cpu, c, tables);
    } else {
        el1_regime(r, cpu, c, tables);
    }
    if (tables.both_stages()) return false;
    tables.mutate();
    spare_qemu(c);
    return true;
}

}  // namespace

void generate(const Cpu& cpu, u64 seed, u64 number, CaseRegime regime, Case& c) {
    Random r(seed, number);
    while (!try_to_generate(cpu, r, number, regime, c)) {
    }
}

}  // namespace at
