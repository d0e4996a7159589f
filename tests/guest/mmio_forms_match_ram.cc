// machine: x-test-device=on
// only: trapeze
#include "scratch.h"

using namespace guest;

// Every form of a load or store does to a device what it does to RAM: the same registers, the same bytes. The
// CPU executes those to RAM itself, and so says what is right. Most of them report no syndrome when they
// abort, and are decoded. The device's log has how they arrive: elements of up to 8 bytes are one access, in
// ascending order.
//
// (QEMU has no such device. Signed loads without writeback are left out: see mmio_sign_extension.cc.)

namespace {

struct State {
    u64 x[16];
    u64 v[64];
};

// Which ID register says that the CPU has it.
enum Feature : u32 { kAlways, kLse, kLse128, kRcpc, kRcpc2, kRcpc3, kLor, kLs64 };

struct Form {
    u64 code;
    u32 feature;
    u32 reads;  // how many accesses, of how many bytes
    u32 read_size;
    u32 writes;
    u32 write_size;
    u32 reserved;
};

}  // namespace

extern "C" const Form forms[];
extern "C" const Form forms_end[];
extern "C" void run_form(State* state, u64 code);

// X1 is the base, X2 an index of 8, X3 one of 2; X4 to X11 and V4 to V7 transfer.
asm(R"(
    .arch armv8.7-a+simd+lse+ls64+lor
    .macro entry feature, reads, read_size, writes, write_size
    ret
    .section .forms.table, "a"
    .quad   7b
    .long   \feature, \reads, \read_size, \writes, \write_size, 0
    .endm
    .macro form feature, reads, read_size, writes, write_size, code:vararg
    .section .forms.text, "ax"
7:  \code
    entry   \feature, \reads, \read_size, \writes, \write_size
    .endm
    // Several instructions, as a string.
    .macro sequence feature, reads, read_size, writes, write_size, code
    .section .forms.text, "ax"
7:
    \code
    entry   \feature, \reads, \read_size, \writes, \write_size
    .endm

    .section .forms.table, "a"
    .balign 8
    .globl  forms
forms:

    // Immediate and register offsets
    form 0, 1, 1, 0, 0, ldrb w4, [x1, #3]
    form 0, 1, 2, 0, 0, ldrh w4, [x1, #6]
    form 0, 1, 4, 0, 0, ldr w4, [x1, #12]
    form 0, 1, 8, 0, 0, ldr x4, [x1, #24]
    form 0, 0, 0, 1, 1, strb w4, [x1, x2]
    form 0, 0, 0, 1, 2, strh w4, [x1, x3, lsl #1]
    form 0, 0, 0, 1, 4, str w4, [x1, w3, uxtw #2]
    form 0, 0, 0, 1, 8, str x4, [x1, w3, sxtw #3]
    form 0, 1, 8, 0, 0, ldur x4, [x1, #-16]
    form 0, 0, 0, 1, 4, stur w4, [x1, #-4]
    form 0, 1, 4, 0, 0, ldtr w4, [x1, #8]
    form 0, 0, 0, 1, 8, sttr x4, [x1, #8]
    form 0, 0, 0, 1, 8, str xzr, [x1, #8]
    form 0, 1, 8, 0, 0, ldr xzr, [x1, #8]!
    // Writeback
    form 0, 1, 1, 0, 0, ldrb w4, [x1], #1
    form 0, 1, 2, 0, 0, ldrh w4, [x1], #2
    form 0, 1, 4, 0, 0, ldr w4, [x1], #4
    form 0, 1, 8, 0, 0, ldr x4, [x1], #-8
    form 0, 1, 8, 0, 0, ldr x4, [x1, #248]!
    form 0, 0, 0, 1, 1, strb w4, [x1], #255
    form 0, 0, 0, 1, 2, strh w4, [x1, #-2]!
    form 0, 0, 0, 1, 4, str w4, [x1], #4
    form 0, 0, 0, 1, 8, str x4, [x1], #8
    form 0, 0, 0, 1, 8, str xzr, [x1, #8]!
    form 0, 1, 1, 0, 0, ldrsb w4, [x1], #1
    form 0, 1, 1, 0, 0, ldrsb x4, [x1, #1]!
    form 0, 1, 2, 0, 0, ldrsh w4, [x1], #2
    form 0, 1, 2, 0, 0, ldrsh x4, [x1, #2]!
    form 0, 1, 4, 0, 0, ldrsw x4, [x1], #4
    // Pairs
    form 0, 2, 4, 0, 0, ldp w4, w5, [x1, #8]
    form 0, 2, 8, 0, 0, ldp x4, x5, [x1], #16
    form 0, 2, 8, 0, 0, ldp x4, xzr, [x1, #-16]!
    form 0, 2, 4, 0, 0, ldpsw x4, x5, [x1, #8]
    form 0, 2, 8, 0, 0, ldnp x4, x5, [x1, #32]
    form 0, 0, 0, 2, 4, stp w4, w5, [x1], #8
    form 0, 0, 0, 2, 8, stp x4, x5, [x1, #16]
    form 0, 0, 0, 2, 8, stp xzr, xzr, [x1, #-16]!
    form 0, 0, 0, 2, 4, stnp w4, w5, [x1, #4]
    // SIMD&FP registers
    form 0, 1, 1, 0, 0, ldr b4, [x1, #1]
    form 0, 1, 2, 0, 0, ldr h4, [x1], #2
    form 0, 1, 4, 0, 0, ldr s4, [x1, x2]
    form 0, 1, 8, 0, 0, ldr d4, [x1, #8]!
    form 0, 2, 8, 0, 0, ldr q4, [x1, #16]
    form 0, 2, 8, 0, 0, ldur q4, [x1, #-16]
    form 0, 0, 0, 1, 1, str b4, [x1], #1
    form 0, 0, 0, 1, 2, str h4, [x1, #2]
    form 0, 0, 0, 1, 4, str s4, [x1, #4]!
    form 0, 0, 0, 1, 8, str d4, [x1, x3, lsl #3]
    form 0, 0, 0, 2, 8, str q4, [x1], #16
    form 0, 2, 4, 0, 0, ldp s4, s5, [x1]
    form 0, 2, 8, 0, 0, ldp d4, d5, [x1], #16
    form 0, 4, 8, 0, 0, ldp q4, q5, [x1, #-32]!
    form 0, 4, 8, 0, 0, ldnp q4, q5, [x1]
    form 0, 0, 0, 2, 4, stp s4, s5, [x1, #8]
    form 0, 0, 0, 2, 8, stp d4, d5, [x1, #-16]!
    form 0, 0, 0, 4, 8, stp q4, q5, [x1], #32
    // Structures
    form 0, 8, 1, 0, 0, ld1 {v4.8b}, [x1]
    form 0, 32, 1, 0, 0, ld1 {v4.16b, v5.16b}, [x1], #32
    form 0, 12, 2, 0, 0, ld1 {v4.4h, v5.4h, v6.4h}, [x1], x2
    form 0, 8, 8, 0, 0, ld1 {v4.2d, v5.2d, v6.2d, v7.2d}, [x1], #64
    form 0, 1, 8, 0, 0, ld1 {v4.1d}, [x1]
    form 0, 16, 1, 0, 0, ld2 {v4.8b, v5.8b}, [x1], #16
    form 0, 8, 4, 0, 0, ld2 {v31.4s, v0.4s}, [x1]
    form 0, 24, 2, 0, 0, ld3 {v4.8h, v5.8h, v6.8h}, [x1], #48
    form 0, 8, 4, 0, 0, ld4 {v4.2s, v5.2s, v6.2s, v7.2s}, [x1], x2
    form 0, 8, 8, 0, 0, ld4 {v4.2d, v5.2d, v6.2d, v7.2d}, [x1]
    form 0, 0, 0, 16, 1, st1 {v4.16b}, [x1], #16
    form 0, 0, 0, 8, 8, st1 {v4.2d, v5.2d, v6.2d, v7.2d}, [x1]
    form 0, 0, 0, 8, 4, st2 {v4.4s, v5.4s}, [x1], x2
    form 0, 0, 0, 12, 2, st3 {v4.4h, v5.4h, v6.4h}, [x1]
    form 0, 0, 0, 64, 1, st4 {v4.16b, v5.16b, v6.16b, v7.16b}, [x1], #64
    form 0, 1, 1, 0, 0, ld1 {v4.b}[13], [x1]
    form 0, 1, 2, 0, 0, ld1 {v4.h}[5], [x1], #2
    form 0, 1, 4, 0, 0, ld1 {v4.s}[3], [x1], x2
    form 0, 1, 8, 0, 0, ld1 {v4.d}[1], [x1]
    form 0, 2, 2, 0, 0, ld2 {v4.h, v5.h}[7], [x1], #4
    form 0, 3, 4, 0, 0, ld3 {v4.s, v5.s, v6.s}[1], [x1]
    form 0, 4, 8, 0, 0, ld4 {v4.d, v5.d, v6.d, v7.d}[0], [x1], #32
    form 0, 0, 0, 1, 1, st1 {v4.b}[15], [x1], #1
    form 0, 0, 0, 2, 8, st2 {v4.d, v5.d}[1], [x1]
    form 0, 0, 0, 3, 2, st3 {v4.h, v5.h, v6.h}[3], [x1], x2
    form 0, 0, 0, 4, 4, st4 {v4.s, v5.s, v6.s, v7.s}[2], [x1]
    form 0, 1, 1, 0, 0, ld1r {v4.16b}, [x1]
    form 0, 1, 2, 0, 0, ld1r {v4.4h}, [x1], #2
    form 0, 2, 4, 0, 0, ld2r {v4.4s, v5.4s}, [x1], x2
    form 0, 3, 8, 0, 0, ld3r {v4.2d, v5.2d, v6.2d}, [x1]
    form 0, 4, 1, 0, 0, ld4r {v4.8b, v5.8b, v6.8b, v7.8b}, [x1], #4
    // Ordered
    form 0, 1, 1, 0, 0, ldarb w4, [x1]
    form 0, 1, 8, 0, 0, ldar x4, [x1]
    form 0, 0, 0, 1, 2, stlrh w4, [x1]
    form 0, 0, 0, 1, 4, stlr w4, [x1]
    form 6, 1, 4, 0, 0, ldlar w4, [x1]
    form 6, 0, 0, 1, 8, stllr x4, [x1]
    form 3, 1, 4, 0, 0, ldapr w4, [x1]
    form 3, 1, 1, 0, 0, ldaprb w4, [x1]
    form 4, 1, 8, 0, 0, ldapur x4, [x1, #-8]
    form 4, 0, 0, 1, 2, stlurh w4, [x1, #2]
    form 5, 2, 8, 0, 0, .inst 0xd9450824 // ldiapp x4, x5, [x1], #16
    form 5, 0, 0, 2, 4, .inst 0x99050824 // stilp w4, w5, [x1, #-8]!
    form 5, 1, 4, 0, 0, .inst 0x99c00824 // ldapr w4, [x1], #4
    form 5, 0, 0, 1, 8, .inst 0xd9800824 // stlr x4, [x1, #-8]!
    // Atomics
    form 1, 1, 4, 1, 4, swpal w4, w5, [x1]
    form 1, 1, 1, 1, 1, swpb w4, w5, [x1]
    form 1, 1, 8, 1, 8, ldadd x4, x5, [x1]
    form 1, 1, 2, 1, 2, ldaddah w4, w5, [x1]
    form 1, 1, 4, 1, 4, ldclrl w4, w5, [x1]
    form 1, 1, 8, 1, 8, ldeor x4, x5, [x1]
    form 1, 1, 1, 1, 1, ldsetb w4, w5, [x1]
    form 1, 1, 2, 1, 2, ldsmaxh w4, w5, [x1]
    form 1, 1, 4, 1, 4, ldsmin w4, w5, [x1]
    form 1, 1, 8, 1, 8, ldumax x4, x5, [x1]
    form 1, 1, 1, 1, 1, lduminb w4, w5, [x1]
    form 1, 1, 8, 1, 8, stadd x4, [x1]
    form 1, 1, 4, 0, 0, cas w4, w5, [x1]
    form 1, 1, 8, 1, 8, casal x10, x5, [x1]
    form 1, 2, 4, 0, 0, casp w4, w5, w6, w7, [x1]
    form 1, 2, 8, 2, 8, caspal x10, x11, x6, x7, [x1]
    form 2, 2, 8, 2, 8, .inst 0x19258024 // swpp x4, x5, [x1]
    form 2, 2, 8, 2, 8, .inst 0x19251024 // ldclrp x4, x5, [x1]
    form 2, 2, 8, 2, 8, .inst 0x19253024 // ldsetp x4, x5, [x1]
    form 7, 8, 8, 0, 0, ld64b x4, [x1]
    form 7, 0, 0, 8, 8, st64b x4, [x1]
    // Exclusives, adjacent and with something between
    sequence 0, 1, 4, 1, 4, "8: ldxr w4, [x1]; stxr w5, w6, [x1]; cbnz w5, 8b"
    sequence 0, 1, 8, 1, 8, "8: ldaxr x4, [x1]; add x4, x4, #1; eor x4, x4, x6; stlxr w5, x4, [x1]; cbnz w5, 8b"
    sequence 0, 1, 1, 1, 1, "8: ldxrb w4, [x1]; nop; stxrb w5, w6, [x1]; cbnz w5, 8b"
    sequence 0, 1, 2, 1, 2, "8: ldaxrh w4, [x1]; cmp w4, w4; b.ne .; stlxrh w5, w6, [x1]; cbnz w5, 8b"
    sequence 0, 2, 4, 2, 4, "8: ldxp w4, w5, [x1]; stxp w6, w7, w8, [x1]; cbnz w6, 8b"
    sequence 0, 2, 8, 2, 8, "8: ldaxp x4, x5, [x1]; nop; nop; stlxp w6, x7, x8, [x1]; cbnz w6, 8b"
    // Cleared, or of another address: the store fails
    sequence 0, 1, 4, 0, 0, "ldxr w4, [x1]; clrex; stxr w5, w6, [x1]"
    sequence 0, 1, 4, 0, 0, "ldxr w4, [x1]; add x7, x1, #64; stxr w5, w6, [x7]; mov x7, #0"
    // A stack pointer in the device. Nothing may use the stack meanwhile.
    sequence 0, 2, 8, 0, 0, "mov x4, sp; mov sp, x1; ldp x5, x6, [sp], #16; mov x1, sp; mov sp, x4; mov x4, #0"
    // Nothing is accessed
    form 0, 0, 0, 0, 0, prfm pldl1keep, [x1, #8]
    .section .forms.table, "a"
    .globl  forms_end
forms_end:

    .text
    .globl  run_form
run_form:
    stp     x29, x30, [sp, #-32]!
    stp     x19, x20, [sp, #16]
    mov     x19, x0
    mov     x17, x1
    add     x16, x0, #128
    ld1     {v0.2d-v3.2d}, [x16], #64
    ld1     {v4.2d-v7.2d}, [x16], #64
    ld1     {v8.2d-v11.2d}, [x16], #64
    ld1     {v12.2d-v15.2d}, [x16], #64
    ld1     {v16.2d-v19.2d}, [x16], #64
    ld1     {v20.2d-v23.2d}, [x16], #64
    ld1     {v24.2d-v27.2d}, [x16], #64
    ld1     {v28.2d-v31.2d}, [x16], #64
    ldp     x0, x1, [x19]
    ldp     x2, x3, [x19, #16]
    ldp     x4, x5, [x19, #32]
    ldp     x6, x7, [x19, #48]
    ldp     x8, x9, [x19, #64]
    ldp     x10, x11, [x19, #80]
    blr     x17
    stp     x0, x1, [x19]
    stp     x2, x3, [x19, #16]
    stp     x4, x5, [x19, #32]
    stp     x6, x7, [x19, #48]
    stp     x8, x9, [x19, #64]
    stp     x10, x11, [x19, #80]
    add     x16, x19, #128
    st1     {v0.2d-v3.2d}, [x16], #64
    st1     {v4.2d-v7.2d}, [x16], #64
    st1     {v8.2d-v11.2d}, [x16], #64
    st1     {v12.2d-v15.2d}, [x16], #64
    st1     {v16.2d-v19.2d}, [x16], #64
    st1     {v20.2d-v23.2d}, [x16], #64
    st1     {v24.2d-v27.2d}, [x16], #64
    st1     {v28.2d-v31.2d}, [x16], #64
    ldp     x19, x20, [sp, #16]
    ldp     x29, x30, [sp], #32
    ret
)");

namespace {

constexpr u64 kAround = 0x200;  // bytes before and after the base

bool has(u32 feature) {
    const u64 isar0 = READ_SYSREG(ID_AA64ISAR0_EL1);
    const u64 isar1 = READ_SYSREG(ID_AA64ISAR1_EL1);
    switch (feature) {
        case kLse: return field(isar0, 23, 20) >= 2;
        case kLse128: return field(isar0, 23, 20) >= 3;
        case kRcpc: return field(isar1, 23, 20) >= 1;
        case kRcpc2: return field(isar1, 23, 20) >= 2;
        case kRcpc3: return field(isar1, 23, 20) >= 3;
        case kLor: return field(READ_SYSREG(ID_AA64MMFR1_EL1), 19, 16) >= 1;
        case kLs64: return field(isar1, 63, 60) >= 1;
        default: return true;
    }
}

// The accesses in the device's log are those of the form, upwards from where they begin.
void check_log(u64 number, const Form& form) {
    EXPECT_EQ_AT(number, scratch::accesses(), form.reads + form.writes);
    u64 next = 0;
    for (u32 n = 0; n < form.reads + form.writes; ++n) {
        const scratch::Access access = scratch::access(n);
        const bool is_write = n >= form.reads;
        EXPECT_EQ_AT(number, access.is_write, is_write);
        EXPECT_EQ_AT(number, access.size, is_write ? form.write_size : form.read_size);
        if (n != 0 && n != form.reads) EXPECT_EQ_AT(number, access.offset, next);
        next = access.offset + access.size;
    }
}

void check(u64 number, const Form& form, u64& seed) {
    State start;
    for (u64& x : start.x) x = random(seed);
    for (u64& v : start.v) v = random(seed);
    for (u64 at = 0; at < 2 * kAround; at += 8) {
        const u64 value = random(seed);
        write64(scratch::kRamAfterFlat + at, value);
        write64(scratch::kDevice + at, value);
    }
    start.x[2] = 8;
    start.x[3] = 2;
    // So that a comparison succeeds.
    start.x[10] = read64(scratch::kRamAfterFlat + kAround);
    start.x[11] = read64(scratch::kRamAfterFlat + kAround + 8);

    State ram = start;
    State device = start;
    ram.x[1] = scratch::kRamAfter + kAround;
    device.x[1] = scratch::kDevicePage + kAround;
    run_form(&ram, form.code);
    scratch::clear_log();
    run_form(&device, form.code);
    check_log(number, form);
    ram.x[1] -= scratch::kRamAfter;
    device.x[1] -= scratch::kDevicePage;
    for (unsigned n = 0; n < 12; ++n) EXPECT_EQ_AT(number << 8 | n, device.x[n], ram.x[n]);
    for (unsigned n = 0; n < 64; ++n) EXPECT_EQ_AT(number << 8 | n, device.v[n], ram.v[n]);
    for (u64 at = 0; at < 2 * kAround; at += 8)
        EXPECT_EQ_AT(number << 16 | at, read64(scratch::kDevice + at), read64(scratch::kRamAfterFlat + at));
}

}  // namespace

TEST(mmio_forms_match_ram) {
    scratch::map_window();
    u64 seed = 1;
    u64 number = 0;
    u64 left_out = 0;
    for (const Form* form = forms; form != forms_end; ++form, ++number) {
        if (has(form->feature)) {
            check(number, *form, seed);
        } else {
            ++left_out;
        }
    }
    EXPECT(number > left_out);
    note("forms", number);
    note("forms that the CPU does not have", left_out);
}
