// smp: 2
// accel: trap-harder
// accel options: trap-at=on
#include "cpu.h"

using namespace guest;

namespace {

constexpr u64 kPrivilegedRead = 0, kPrivilegedWrite = 1, kUserRead = 2, kUserWrite = 3;

template <u64 Operation>
u64 translate(u64 va) {
    asm volatile("sys #0, c7, c8, #%1, %0\n isb" ::"r"(va), "i"(Operation) : "memory");
    constexpr u64 kUnknown = 3 << 9;  // NS, and IMPLEMENTATION DEFINED
    return READ_SYSREG(PAR_EL1) & ~kUnknown;
}

constexpr u64 kNormal = 0xff00'0000'0000'0980, kDevice = 0x0400'0000'0000'0900;
constexpr u64 fault(u64 status) {
    return 0x801 | status << 1;
}
constexpr u64 page_of(u64 va) {
    return va & ~u64{0xfff};
}

// The upper half, by three levels of tables.
constexpr u64 kUpper = ~u64{0} << 39;
constexpr u64 kTables = kScratch, kPageDescriptor = kTables + 0x2000;
constexpr u64 kTable = 3, kPage = 3 | 1 << 10 | 3 << 8 | 1 << 2;
constexpr u64 kAbsent = 0x2'0000'0000;

void set_upper_half(u64 table) {
    constexpr u64 kEpd1 = 1 << 23;
    constexpr u64 kTcr1 = 25 << 16 | 1 << 24 | 1 << 26 | 3 << 28 | u64{2} << 30;  // as TTBR0's half
    WRITE_SYSREG(TCR_EL1, (READ_SYSREG(TCR_EL1) & ~kEpd1) | kTcr1);
    WRITE_SYSREG(TTBR1_EL1, table);
    asm volatile("dsb ish\n isb\n tlbi vmalle1\n dsb ish\n isb" ::: "memory");
}

void identity_map() {
    const u64 here = reinterpret_cast<u64>(&test_name);
    EXPECT_EQ(translate<kPrivilegedRead>(here), kNormal | page_of(here));
    EXPECT_EQ(translate<kPrivilegedWrite>(here), kNormal | page_of(here));
    // SH is 0b10 for Device memory; QEMU 7 shows that of the descriptor.
    EXPECT_EQ(translate<kPrivilegedRead>(kUart) | 0b10 << 7, kDevice | kUart);
    EXPECT_EQ(translate<kUserRead>(here), fault(0x0e));
    EXPECT_EQ(translate<kUserRead>(EL0_REGION), kNormal | EL0_REGION);
    EXPECT_EQ(translate<kUserWrite>(EL0_REGION), kNormal | EL0_REGION);
    EXPECT_EQ(translate<kPrivilegedRead>(0x7f'0000'0000), fault(0x05));
    EXPECT_EQ(translate<kPrivilegedRead>(kUpper), fault(0x04));  // TCR_EL1.EPD1
}

void undefined_without_feature() {
    constexpr Encoding kS1e1rp(1, 0, 7, 9, 0), kS1e1wp(1, 0, 7, 9, 1), kS1e1a(1, 0, 7, 9, 2);
    const auto expect = [](Encoding instruction, bool exists) {
        const Caught caught = try_write(instruction, kScratch);
        EXPECT_EQ_AT(instruction.bits, !caught.taken, exists);
        if (!exists) EXPECT_UNDEFINED(caught, execute_address());
    };
    const bool pan2 = field(READ_SYSREG(S3_0_C0_C7_1), 23, 20) >= 2;  // ID_AA64MMFR1_EL1.PAN
    expect(kS1e1rp, pan2);
    expect(kS1e1wp, pan2);
    expect(kS1e1a, field(READ_SYSREG(S3_0_C0_C6_2), 63, 60) != 0);  // ID_AA64ISAR2_EL1.ATS1A
}

// DDI0487 "AArch64.AT" in the pseudocode, and "ISS encoding for an exception from a Data Abort".
void external_abort() {
    constexpr u64 kDataAbort = 0x25, kCm = 1 << 8, kWnr = 1 << 6;
    set_upper_half(kAbsent);
    const u64 va = kUpper | 0x12'3456'7abc;
    constexpr Encoding kInstructions[] = {{1, 0, 7, 8, 0}, {1, 0, 7, 8, 3}};  // AT S1E1R, S1E0W
    for (const Encoding at : kInstructions) {
        const Caught caught = try_write(at, va);
        EXPECT(caught.taken);
        EXPECT_EQ(caught.ec(), kDataAbort);
        EXPECT_EQ(caught.il(), 1);
        EXPECT_EQ(caught.iss(), kCm | kWnr | 0x15);
        EXPECT_EQ(caught.far, va);
        EXPECT_EQ(caught.elr, execute_address());
    }
}

u32 stop_changing;

constexpr u64 kHere = 0x4567'8000, kThere = 0xa9'8765'4000;

void change_page(u64) {
    while (load(stop_changing) == 0) {
        write64(kPageDescriptor, kHere | kPage);
        write64(kPageDescriptor, kThere | kPage);
    }
}

// A descriptor is read as a whole while another CPU writes it, and what was written before is seen at once.
void changing_descriptor() {
    write64(kTables, (kTables + 0x1000) | kTable);
    write64(kTables + 0x1000, kPageDescriptor | kTable);
    set_upper_half(kTables);
    constexpr u64 kPages[] = {kHere, kThere};
    for (const u64 pa : kPages) {
        write64(kPageDescriptor, pa | kPage);
        dsb();
        asm volatile("tlbi vmalle1\n dsb nsh\n isb" ::: "memory");
        EXPECT_EQ(translate<kPrivilegedRead>(kUpper | 0x123), kNormal | pa);
    }
    start_cpu(1, change_page);
    for (unsigned i = 0; i < 500; ++i) {
        const u64 par = translate<kPrivilegedRead>(kUpper);
        if (par != (kNormal | kHere)) EXPECT_EQ(par, kNormal | kThere);
    }
    store(stop_changing, 1u);
    wait_cpu_off(1);
}

}  // namespace

// AT instructions of EL1 that are trapped and emulated do what those of a CPU do, in the way of QEMU's.
// Random cases, against the CPU of the host, are in tests/at.
TEST(at_instructions_trapped) {
    identity_map();
    undefined_without_feature();
    external_abort();
    changing_descriptor();
}
