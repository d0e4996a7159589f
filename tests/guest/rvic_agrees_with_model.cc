// smp: 2
// timeout: 120
// append: rvic.steps=4000
// irqchip: rvic
// only: trapeze
//
// Random calls, compared with a model of a few lines. rvic.steps=N and rvic.seed=N change how many and which.
#include "fdt.h"
#include "rvic.h"

using namespace guest;

namespace {

// CPU 0 and CPU 1, which is off and so always disabled.
struct Irq {
    bool pending = false;
    bool masked = true;
    u64 since = 0;  // when it last became pending and unmasked
};
struct Model {
    bool enabled = false;
    Irq irqs[rvic::kTotal];
    u64 now = 0;

    void change(u32 intid, bool pending, bool masked) {
        Irq& irq = irqs[intid];
        const bool before = irq.pending && !irq.masked;
        irq.pending = pending;
        irq.masked = masked;
        if (pending && !masked && !before) irq.since = ++now;
    }
    u64 next() const {
        u64 best = rvic::kNone;
        for (u32 i = 0; i < rvic::kTotal; ++i) {
            if (!irqs[i].pending || irqs[i].masked) continue;
            if (best == rvic::kNone || irqs[i].since < irqs[best].since) best = i;
        }
        return best;
    }
};
Model models[2];
// Where each message input leads to: CPU and INTID.
struct Target {
    bool mapped;
    unsigned cpu;
    u32 intid;
};
Target targets[rvic::kUntrusted];

void step(u64& state) {
    const u64 r = random(state);
    const unsigned cpu = (r >> 8 & 15) == 0 ? 1 : 0;
    constexpr u32 kIntids[] = {0, 1, 15, 31, 32, 33, 34, 255};
    const u32 intid = kIntids[r >> 16 & 7];
    const u32 input = rvic::kFirstMsiInput + static_cast<u32>(r >> 24 & 3);
    Model& model = models[cpu];
    Irq& irq = model.irqs[intid];
    switch (r >> 32 & 15) {
        case 0:
        case 1:
            if (models[0].enabled) {
                const u64 expected = models[0].next();
                EXPECT_EQ(rvic::acknowledge(), expected);
                if (expected != rvic::kNone) models[0].change(static_cast<u32>(expected), false, true);
            } else {
                EXPECT_EQ(rvic::call(rvic::kAcknowledge), rvic::kDisabled);
            }
            break;
        case 2:
        case 3:
        case 4:
            EXPECT_EQ(rvic::unmask(cpu, intid), rvic::kSuccess);
            model.change(intid, irq.pending, false);
            break;
        case 5:
            EXPECT_EQ(rvic::mask(cpu, intid), rvic::kSuccess);
            model.change(intid, irq.pending, true);
            break;
        case 6:
        case 7:
        case 8:
            EXPECT_EQ(rvic::signal(cpu, intid), model.enabled ? rvic::kSuccess : rvic::kDisabled);
            if (model.enabled) model.change(intid, true, irq.masked);
            break;
        case 9:
            EXPECT_EQ(rvic::clear_pending(cpu, intid), rvic::kSuccess);
            model.change(intid, false, irq.masked);
            break;
        case 10: EXPECT_EQ_AT(intid, rvic::is_pending(cpu, intid), irq.pending); break;
        case 11:
            if ((r >> 40 & 7) == 0) {
                EXPECT_EQ(rvic::disable(), rvic::kSuccess);
                models[0].enabled = false;
                break;
            }
            [[fallthrough]];
        case 12:
            EXPECT_EQ(rvic::enable(), rvic::kSuccess);
            models[0].enabled = true;
            break;
        case 13:
            EXPECT_EQ(rvic::map(input, cpu, intid), intid < 32 ? rvic::parameter_error(2) : rvic::kSuccess);
            if (intid >= 32) targets[input] = {true, cpu, intid};
            break;
        case 14: {
            write32(rvic::kDoorbell, input);
            const Target& target = targets[input];
            if (!target.mapped || !models[target.cpu].enabled) break;
            models[target.cpu].change(target.intid, true, models[target.cpu].irqs[target.intid].masked);
            break;
        }
        default:
            if ((r >> 40 & 1) == 0) break;
            EXPECT_EQ(rvic::unmap(input), rvic::kSuccess);
            targets[input].mapped = false;
            break;
    }
}

}  // namespace

TEST(rvic_agrees_with_model) {
    const u64 steps = fdt::argument("rvic.steps=", 4000);
    u64 state = (fdt::argument("rvic.seed=", 1) + 1) * 0x9e3779b97f4a7c15;
    u64 signalled = 0;
    for (u64 i = 0; i < steps; ++i) {
        step(state);
        const bool expected = models[0].enabled && models[0].next() != rvic::kNone;
        EXPECT_EQ_AT(i, irq_signalled(), expected);
        signalled += expected ? 1 : 0;
    }
    note("steps with an interrupt", signalled);
    EXPECT(signalled > steps / 20);
}
