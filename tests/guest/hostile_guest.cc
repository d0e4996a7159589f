// smp: 2
// timeout: 90
// append: hostile.seconds=20
// only: trapeze
// irqchip: gicv3 gicv2
//
// Two CPUs that do, for hostile.seconds, what no sane kernel does: random accesses with random values to
// every system register, system instruction, device and hypercall. The claim is that the machine survives it
// and still works. hostile.seed=N chooses another sequence; hostile.trace=1 prints each step before it is
// taken. (Not for QEMU: 7.2 dies of an atomic access to flash.)
#include "fdt.h"
#include "gicv2.h"
#include "gicv3.h"
#include "smccc.h"
#include "timer.h"

using namespace guest;

// Data accesses of all shapes: base X0, data X2, status X3.
extern "C" const u32 access_instructions[];
extern "C" const u32 access_instructions_end[];
asm(R"(
    .section .rodata
    .balign 4
    .arch armv8.1-a
access_instructions:
    ldrb    w2, [x0]
    ldrh    w2, [x0]
    ldr     w2, [x0]
    ldr     x2, [x0]
    ldrsb   w2, [x0]
    ldrsb   x2, [x0]
    ldrsh   w2, [x0]
    ldrsh   x2, [x0]
    ldrsw   x2, [x0]
    ldr     wzr, [x0]
    strb    w2, [x0]
    strh    w2, [x0]
    str     w2, [x0]
    str     x2, [x0]
    strb    w2, [x0]
    strh    w2, [x0]
    str     w2, [x0]
    str     x2, [x0]
    str     xzr, [x0]
    ldar    w2, [x0]
    stlr    w2, [x0]
    ldr     w2, [x0], #4
    str     w2, [x0], #4
    ldr     x2, [x0, #8]!
    str     x2, [x0, #8]!
    ldrsh   x2, [x0], #2
    ldp     w2, w3, [x0]
    stp     w2, w3, [x0]
    ldp     x2, x3, [x0]
    stp     x2, x3, [x0]
    ldp     x2, x3, [x0], #16
    ldpsw   x2, x3, [x0]
    ldtr    w2, [x0]
    ldxr    w2, [x0]
    stxr    w3, w2, [x0]
    ldaxp   x2, x3, [x0]
    ldadd   w2, w3, [x0]
    swp     x2, x3, [x0]
    cas     w2, w3, [x0]
    ldr     q0, [x0]
    str     q0, [x0]
    ldr     b0, [x0]
    str     s0, [x0]
    ld1     {v0.16b, v1.16b}, [x0]
    st1     {v0.b}[3], [x0]
    prfm    pldl1keep, [x0]
    dc      zva, x0
    dc      civac, x0
    dc      ivac, x0
    ic      ivau, x0
access_instructions_end:
    .text
)");

namespace {

u64 deadline = 0;
bool trace = false;
u64 steps[MAX_CPUS];

// Registers that are not trapped, whose change breaks this program itself and says nothing about the machine.
bool breaks_this_program(Encoding reg) {
    constexpr Encoding kOwn[] = {
        {3, 0, 1, 0, 0},   // SCTLR_EL1: MMU, endianness, alignment checks
        {3, 0, 1, 0, 3},   // SCTLR2_EL1: the same
        {3, 0, 2, 0, 0},   // TTBR0_EL1: the identity map
        {3, 0, 2, 0, 1},   // TTBR1_EL1: with another TCR_EL1, part of the map
        {3, 0, 2, 0, 2},   // TCR_EL1: its shape
        {3, 0, 2, 0, 3},   // TCR2_EL1: the same
        {3, 0, 2, 0, 6},   // TCRALIAS_EL1
        {3, 0, 10, 2, 0},  // MAIR_EL1: memory that is not cacheable has no exclusives
        {3, 0, 10, 2, 1},  // MAIR2_EL1: the same
        {3, 0, 10, 2, 2},  // PIRE0_EL1: permissions
        {3, 0, 10, 2, 3},  // PIR_EL1: permissions
        {3, 0, 10, 2, 4},  // POR_EL1: permissions
        {3, 0, 10, 3, 0},  // AMAIR_EL1: implementation defined memory attributes
        {3, 0, 12, 0, 0},  // VBAR_EL1: the vectors
        {3, 0, 13, 0, 4},  // TPIDR_EL1: struct Cpu
        {3, 0, 4, 2, 0},   // SPSel: the stack
        {3, 3, 4, 2, 1},   // DAIF: this program says when interrupts come
    };
    for (const Encoding own : kOwn) {
        if (reg.bits == own.bits) return true;
    }
    const u64 group = reg.bits >> 3;
    // Guarded control stack: returns would be checked against a stack that is not there.
    if (group == Encoding(3, 0, 2, 5, 0).bits >> 3) return true;
    // GCSPUSHM and its kin write memory.
    if (group == Encoding(1, 0, 7, 7, 0).bits >> 3 || group == Encoding(1, 3, 7, 7, 0).bits >> 3) return true;
    // DC ZVA, DC GVA, DC GZVA write memory; they are among the data accesses, with addresses that do no harm.
    return group == Encoding(1, 3, 7, 4, 0).bits >> 3;
}

// Calls that end or stop the caller by right, or move its PC somewhere that it chose.
bool ends_this_program(u32 id) {
    switch (id & ~(1u << 30)) {
        case 0x84000001:  // CPU_SUSPEND
        case 0x84000002:  // CPU_OFF
        case 0x84000008:  // SYSTEM_OFF
        case 0x84000009:  // SYSTEM_RESET
        case 0x8400000b:  // CPU_FREEZE
        case 0x8400000c:  // CPU_DEFAULT_SUSPEND
        case 0x8400000e:  // SYSTEM_SUSPEND
        case 0x84000012:  // SYSTEM_RESET2
        case 0x84000015:  // SYSTEM_OFF2
        case 0x84000021:  // SDEI_EVENT_REGISTER: with a handler at a random address
            return true;
        default: return false;
    }
}

// Addresses where a device would by right write to memory of its own choice: fw_cfg's DMA, the ITS, and the
// LPI tables if there are LPIs.
bool writes_memory(u64 address) {
    if (address >= 0x09020000 && address < 0x09030000) return true;
    if (address >= 0x08080000 && address < 0x080a0000) return true;
    if (gic::kind() != gic::Kind::Gicv3) return false;
    if (address < gicv3::kRedist || address >= gicv3::kRedist + 2 * gicv3::kRedistStride) return false;
    const u64 offset = (address - gicv3::kRedist) % gicv3::kRedistStride;
    return offset < 0x1000 && (read32(gic::kDist + gic::kTyper) & 1 << 17) != 0;
}

u64 random_value(u64& state) {
    const u64 r = random(state);
    switch (r >> 60) {
        case 0: return 0;
        case 1: return ~u64{0};
        case 2: return u64{1} << (r & 63);
        case 3: return ~(u64{1} << (r & 63));
        case 4: return r & 0xff;
        case 5: return r & 0xffff;
        case 6: return 0xf0f0f0f0f0f0f0f0;
        case 7: return r & 0xffffffff;
        default: return random(state);
    }
}

void step(const char* what, u64 a, u64 b) {
    if (!trace) return;
    note(what, a);
    note(" with", b);
}

void system_register(u64& state) {
    const u64 r = random(state);
    u32 bits = static_cast<u32>(r >> 16) & 0xffff;
    // Most of the space is empty; half of the time go where registers are.
    if ((r & 1) != 0) {
        constexpr u32 kNibble[] = {0, 1, 2, 4, 5, 6, 9, 10, 11, 12, 13, 14};
        bits = Encoding(3, (r >> 1 & 1) * 3, kNibble[(r >> 8) % 12], (r >> 40) & 15, (r >> 44) & 7).bits;
        // The GIC's own.
        if ((r >> 48 & 3) == 0) bits = Encoding(3, 0, 12, 8 + (r >> 40 & 7), (r >> 44) & 7).bits;
    }
    if (bits >> 14 == 0) bits |= 1u << 15;  // op0 0 is hints, barriers and PSTATE fields
    const Encoding reg(bits);
    const u64 value = random_value(state);
    if ((r & 2) != 0) {
        step("read", bits, 0);
        catch_exception([&] { execute(reg.mrs(), 0); });
    } else if (!breaks_this_program(reg)) {
        step("write", bits, value);
        catch_exception([&] { execute(reg.msr(), value); });
    }
}

// In a frame of the interrupt controller; `choice` is 0 to 9.
u64 controller_address(u64 choice, u64 r) {
    if (gic::kind() == gic::Kind::Gicv2) {
        switch (choice) {
            case 0: return gic::kDist + (r & 0xffff);
            case 1:
            case 2:
            case 3: return gic::kDist + (r & 0xfff);
            case 4: return gic::kDist + 0xf00 + (r & 0x3f);
            case 5: return gicv2::kCpu + (r & 0xffff);
            case 6: return gicv2::kCpu + gicv2::kDir + (r & 0xf);
            default: return gicv2::kCpu + (r & 0xff);
        }
    }
    switch (choice) {
        case 0:
        case 1: return gic::kDist + (r & 0xffff);
        case 2: return gic::kDist + (r & 0xfff);
        case 3: return gic::kDist + gicv3::kIrouter + (r & 0x1fff);
        case 4: return gic::kDist + 0xffc0 + (r & 0x3f);
        case 5:
        case 6: return gicv3::kRedist + (r & 0x3ffff);
        case 7: return gicv3::kRedist + (r & 0x2007f);
        default: return gicv3::kRedist + gicv3::kSgiFrame + (r & 0x20fff);
    }
}

void memory_access(u64& state) {
    const u64 r = random(state);
    u64 address = 0;
    switch (r & 15) {
        case 0: address = random(state) & 0x3fffffff; break;      // anything below RAM
        case 1: address = 0x0a000000 + (r >> 8 & 0x3fff); break;  // virtio-mmio
        case 2:
        case 3: address = kUart + (r >> 8 & 0xfff); break;
        case 4: address = kRtc + (r >> 8 & 0xfff); break;
        case 5: address = kGpio + (r >> 8 & 0xfff); break;
        default: address = controller_address((r & 15) - 6, r >> 8); break;
    }
    if ((r >> 56 & 7) != 0) address &= ~u64{r >> 60 & 1 ? 3u : 7u};
    // A pair or a writeback may reach 16 bytes further.
    if (writes_memory(address) || writes_memory(address + 16)) return;
    const auto count = static_cast<u64>(access_instructions_end - access_instructions);
    const u32 instruction = access_instructions[(r >> 32 & 0xffff) % count];
    const u64 value = random_value(state);
    step("access", address, instruction);
    catch_exception([&] { execute(instruction, address, value); });
}

void hypercall(u64& state) {
    const u64 r = random(state);
    u32 id = static_cast<u32>(r);
    constexpr u32 kBases[] = {0x80000000, 0x84000000, 0x84000020, 0x84000050,
                              0x85000000, 0x86000000, 0x8600ff00};
    if ((r >> 32 & 7) != 0) id = kBases[(r >> 40) % 7] + (r >> 48 & 0x3f);
    if ((r >> 62 & 1) != 0) id |= 1u << 30;
    if (ends_this_program(id)) return;
    const bool immediate = (r >> 36 & 15) == 0;
    const u32 conduit = (r >> 35 & 1) != 0 ? 0xd4000002 : 0xd4000003;
    const u32 instruction = conduit | (immediate ? static_cast<u32>(r >> 44 & 0xffff) << 5 : 0);
    const u64 upper = (r >> 37 & 7) == 0 ? random(state) << 32 : 0;
    step("call", id, instruction);
    catch_exception([&] { execute(instruction, upper | id, random_value(state)); });
}

// What comes in a window of unmasked interrupts is ended; an endless one is shut out.
void shut_out_endless() {
    static u32 taken[MAX_CPUS];
    if (++taken[this_cpu().index] % 32 == 0) gic::set_mask(0);
}
// Either of the two groups, whatever GICC_CTLR says about FIQ.
void take_from_gicv2() {
    const u32 value = gicv2::read_cpu(gicv2::kIar);
    if (value != gicv2::kOtherGroup) return gicv2::write_cpu(gicv2::kEoir, value);
    gicv2::write_cpu(gicv2::kAeoir, gicv2::read_cpu(gicv2::kAiar));
}
void on_irq() {
    if (gic::kind() == gic::Kind::Gicv2) {
        take_from_gicv2();
    } else {
        gicv3::end(gicv3::acknowledge());
    }
    shut_out_endless();
}
void on_fiq() {
    if (gic::kind() == gic::Kind::Gicv2) {
        take_from_gicv2();
    } else {
        gicv3::end0(gicv3::acknowledge0());
    }
    shut_out_endless();
}

void attack(u64 seed) {
    Cpu& cpu = this_cpu();
    cpu.on_irq = on_irq;
    cpu.on_fiq = on_fiq;
    u64 state = (seed + 1) * 0x9e3779b97f4a7c15 + cpu.index;
    while (counter() < deadline) {
        for (int i = 0; i < 20; ++i) {
            const u64 kind = random(state) >> 58;
            if (kind < 26) {
                system_register(state);
            } else if (kind < 54) {
                memory_access(state);
            } else if (kind < 62) {
                hypercall(state);
            } else {
                enable_interrupts();
                isb();
                mask_interrupts();
            }
            ++steps[cpu.index];
        }
    }
}

// Puts everything back that is needed to tell the verdict.
void repair_uart() {
    write32(kUart + 0x38, 0);
    write32(kUart + 0x48, 0);
    write32(kUart + 0x30, 0);
    write32(kUart + 0x2c, 0x70);
    write32(kUart + 0x30, 0x301);
}

void repair_gic() {
    VirtualTimer::set_ctl(0);
    PhysicalTimer::set_ctl(0);
    gic::init_machine();
    for (u32 intid = 0; intid < gic::intid_count(); intid += 32) {
        const u64 frame = gic::the_gic().frame_of(intid);
        write32(frame + gic::kIcactiver + intid / 8, ~0u);
        write32(frame + gic::kIcpendr + intid / 8, ~0u);
    }
    if (gic::kind() == gic::Kind::Gicv2) {
        for (u64 i = 0; i < 16; i += 4) write32(gic::kDist + gicv2::kCpendsgir + i, ~0u);
    }
    gic::init_cpu();
}

}  // namespace

TEST(hostile_guest) {
    const u64 seconds = fdt::argument("hostile.seconds=", 20);
    const u64 seed = fdt::argument("hostile.seed=", 1);
    trace = fdt::argument("hostile.trace=", 0) != 0;
    note("seed", seed);
    gic::init();
    deadline = counter() + seconds * 1000 * ticks_per_ms();
    start_cpu(1, attack, seed);
    attack(seed);
    EXPECT(wait_until([] { return load(cpus[1].running) == 0; }));
    repair_uart();
    print("\n");
    note("steps of CPU 0", steps[0]);
    note("steps of CPU 1", steps[1]);
    // It still is a machine.
    repair_gic();
    gic::enable(3);
    gic::send(3, 1);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), 3);
    gic::end(3);
    gic::enable(VirtualTimer::kIntid);
    VirtualTimer::set_tval(ticks_per_ms());
    VirtualTimer::set_ctl(kTimerEnable);
    while ((VirtualTimer::ctl() & kTimerStatus) == 0) asm volatile("wfi");
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), VirtualTimer::kIntid);
    EXPECT_EQ(smccc::hvc(psci::kVersion).x[0] >> 32, 0);
}
