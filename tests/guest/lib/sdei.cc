#include "sdei.h"

#include "fdt.h"

// The registers as they were, on the stack; then the handler. COMPLETE restores X0 to X17 itself, a C++
// function X19 to X29. Should it return, something was wrong.
asm(R"(
    .text
    .globl sdei_entry
sdei_entry:
    sub     sp, sp, #288
    stp     x0, x1, [sp, #0]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    add     x2, sp, #288
    stp     x30, x2, [sp, #240]
    mrs     x2, NZCV
    mrs     x3, DAIF
    stp     x2, x3, [sp, #256]
    mrs     x2, CurrentEL
    mrs     x3, SPSel
    stp     x2, x3, [sp, #272]
    mov     x0, sp
    blr     x1
    ldr     x18, [sp, #144]
    ldr     x30, [sp, #240]
    add     sp, sp, #288
    mov     x1, x0
    mov     x0, #0x25
    cmp     x1, #0
    cinc    x0, x0, ne
    movk    x0, #0xc400, lsl #16
    hvc     #0
    b       sdei_completion_failed

    .globl sdei_call
sdei_call:
    hvc     #0
    ret
)");

extern "C" {
void sdei_entry();
guest::s64 sdei_call(guest::u64 function, guest::u64 a1, guest::u64 a2, guest::u64 a3, guest::u64 a4,
                     guest::u64 a5);
[[noreturn]] void sdei_completion_failed(guest::u64 status);
}

void sdei_completion_failed(guest::u64 status) {
    guest::fail_values(__FILE__, __LINE__, "completion returned", status, 0);
}

namespace guest::sdei {

static_assert(offsetof(Entry, sp) == 248 && offsetof(Entry, sp_select) == 280);

s64 call(u64 function, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5) {
    return sdei_call(function, a1, a2, a3, a4, a5);
}

u64 entry_point() {
    return reinterpret_cast<u64>(&sdei_entry);
}

void expect_ready(u64 event, Handler handler, u64 flags, u64 affinity) {
    EXPECT_EQ_AT(event, register_event(event, handler, flags, affinity), kSuccess);
    EXPECT_EQ_AT(event, call(kEnable, event), kSuccess);
    EXPECT_EQ(call(kPeUnmask), kSuccess);
}

void require() {
    if (!fdt::find("sdei", "compatible")) skip("this machine has no SDEI");
    constexpr s64 kVersion1_1 = 0x0001'0001;
    EXPECT_EQ(call(kVersion) >> 32, kVersion1_1);
}

}  // namespace guest::sdei
