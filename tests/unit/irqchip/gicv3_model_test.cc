// The GICv3 against the reference model: random operations, every read and every CPU line compared.
#include <fmt/core.h>

#include <deque>
#include <random>

#include "gicv3_fixture.h"
#include "gicv3_model.h"

namespace trapeze::irqchip::test {
namespace {

using namespace arch::reg;

u64 apply(Bench& b, const Op& op) {
    const arch::SysReg reg = arch::SysReg::from_encoding(static_cast<u16>(op.where));
    const bus::IntId id{static_cast<u32>(op.where)};
    switch (op.kind) {
        case Op::DistRead: return b.dist(op.where, op.size);
        case Op::DistWrite: b.dist_write(op.where, op.value, op.size); break;
        case Op::RedistRead: return b.redist(op.vcpu, op.where, op.size);
        case Op::RedistWrite: b.redist_write(op.vcpu, op.where, op.value, op.size); break;
        case Op::IccRead: return b.icc(op.vcpu, reg);
        case Op::IccWrite: b.icc_write(op.vcpu, reg, op.value); break;
        case Op::Level: b.gic.set_level(id, op.value != 0); break;
        case Op::Pulse: b.gic.pulse(id); break;
        case Op::PrivateLevel: b.gic.set_private_level(op.vcpu, id, op.value != 0); break;
        case Op::Reset: b.gic.reset(); break;
        case Op::ResetCpu: b.gic.reset_cpu(op.vcpu); break;
    }
    return 0;
}

// Makes operations that are random, and yet meet each other: few interrupts, few priorities, mostly enabled.
class Generator {
public:
    Generator(u64 seed, std::vector<u64> affinities, u32 spis)
        : random_(seed), affinities_(std::move(affinities)), spis_(spis) {}

    Op next() {
        const auto v = static_cast<unsigned>(below(affinities_.size()));
        const u64 dice = below(1000);
        if (dice < 1) return {below(4) == 0 ? Op::Reset : Op::ResetCpu, v};
        if (dice < 180) return {Op::IccRead, v, pick({ICC_IAR0_EL1, ICC_IAR1_EL1}).encoding()};
        if (dice < 280) return eoi(v);
        if (dice < 330) return {Op::IccWrite, v, ICC_DIR_EL1.encoding(), deactivate_[v]};
        if (dice < 380) return icc_read(v);
        if (dice < 500) return icc_write(v);
        if (dice < 560) return sgi(v);
        if (dice < 700) return wire(v);
        return mmio(v);
    }
    // The state that makes things happen at all; what next() disturbs, it is sent again from time to time.
    std::vector<Op> bring_up() {
        std::vector<Op> ops{{Op::DistWrite, 0, 0x0, 3}};
        for (unsigned v = 0; v < affinities_.size(); ++v) {
            ops.push_back({Op::RedistWrite, v, 0x14, 0});
            ops.push_back({Op::RedistWrite, v, kSgiFrame + 0x100, random_()});
            ops.push_back({Op::IccWrite, v, ICC_PMR_EL1.encoding(), 0xf8});
            ops.push_back({Op::IccWrite, v, ICC_IGRPEN0_EL1.encoding(), 1});
            ops.push_back({Op::IccWrite, v, ICC_IGRPEN1_EL1.encoding(), 1});
            ops.push_back({Op::IccWrite, v, ICC_AP0R0_EL1.encoding(), 0});
            ops.push_back({Op::IccWrite, v, ICC_AP1R0_EL1.encoding(), 0});
        }
        for (u64 n = 1; n < 32; ++n) {
            ops.push_back({Op::DistWrite, 0, 0x100 + 4 * n, random_()});
            ops.push_back({Op::DistWrite, 0, 0x380 + 4 * n, random_()});
        }
        for (Op& op : ops) op.value &= 0xffff'ffff;
        return ops;
    }
    void acknowledged(unsigned v, u64 intid, unsigned group) {
        running_[v].push_back({intid, group});
        if (running_[v].size() > 8) running_[v].pop_front();
    }

private:
    struct Running {
        u64 intid;
        unsigned group;
    };

    u64 below(u64 n) { return random_() % n; }
    u64 random_bit(u64 width) { return bit(static_cast<unsigned>(below(width))); }
    template <typename T>
    T pick(std::initializer_list<T> list) {
        return list.begin()[below(list.size())];
    }
    u64 intid() {
        const u64 last = 31 + spis_;
        return pick<u64>({0, 1, 15, 16, 27, 30, 32, 33, 34, 40, 62, 63, 64, last - 1, last,
                          below(10) == 0 ? below(1024) : 35});
    }
    u64 spi() { return std::max<u64>(32, std::min<u64>(intid(), 31 + spis_)); }
    u64 priority() { return pick<u64>({0, 0x20, 0x40, 0x48, 0x80, 0xa0, 0xa8, 0xf0, 0xf8, below(256)}); }

    // Mostly what a handler does: ends the last acknowledged interrupt, then deactivates it.
    Op eoi(unsigned v) {
        auto& running = running_[v];
        if (!running.empty() && below(8) != 0) {
            const Running last = running.back();
            running.pop_back();
            deactivate_[v] = last.intid;
            return {Op::IccWrite, v, (last.group == 0 ? ICC_EOIR0_EL1 : ICC_EOIR1_EL1).encoding(),
                    last.intid};
        }
        const u64 id = below(10) != 0 ? intid() : pick<u64>({1019, 1020, 1023, 1024, 8192, random_()});
        return {Op::IccWrite, v, pick({ICC_EOIR0_EL1, ICC_EOIR1_EL1, ICC_DIR_EL1}).encoding(), id};
    }
    Op icc_read(unsigned v) {
        return {
            Op::IccRead, v,
            pick({ICC_HPPIR0_EL1, ICC_HPPIR1_EL1, ICC_RPR_EL1, ICC_PMR_EL1, ICC_BPR0_EL1, ICC_BPR1_EL1,
                  ICC_CTLR_EL1, ICC_SRE_EL1, ICC_IGRPEN0_EL1, ICC_IGRPEN1_EL1, ICC_AP0R0_EL1, ICC_AP1R0_EL1})
                .encoding()};
    }
    Op icc_write(unsigned v) {
        switch (below(12)) {
            case 0: return {Op::IccWrite, v, ICC_BPR0_EL1.encoding(), random_()};
            case 1: return {Op::IccWrite, v, ICC_BPR1_EL1.encoding(), random_()};
            case 2: return {Op::IccWrite, v, ICC_CTLR_EL1.encoding(), random_()};
            case 3: return {Op::IccWrite, v, ICC_SRE_EL1.encoding(), random_()};
            case 4: return {Op::IccWrite, v, ICC_IGRPEN0_EL1.encoding(), below(4)};
            case 5: return {Op::IccWrite, v, ICC_IGRPEN1_EL1.encoding(), below(4)};
            case 6:
                return {
                    Op::IccWrite, v, pick({ICC_AP0R0_EL1, ICC_AP1R0_EL1}).encoding(),
                    pick<u64>({0, 0, 0, random_bit(32) << 8 & 0xffff'ffff, below(8) == 0 ? random_() : 0})};
            default:
                return {Op::IccWrite, v, ICC_PMR_EL1.encoding(), pick<u64>({0xff, 0xf8, 0xff, priority()})};
        }
    }
    Op sgi(unsigned v) {
        const u64 to = affinities_[below(affinities_.size())];
        u64 value = extract(to, 39, 32) << 48 | extract(to, 23, 16) << 32 | extract(to, 15, 8) << 16 |
                    extract(to, 7, 4) << 44 | bit(static_cast<unsigned>(extract(to, 3, 0))) |
                    pick<u64>({0, 1, 15}) << 24;
        if (below(4) == 0) value |= random_() & 0xffff;
        if (below(8) == 0) value |= bit(40);
        if (below(20) == 0) value ^= random_bit(64);
        return {Op::IccWrite, v,
                pick({ICC_SGI1R_EL1, ICC_SGI1R_EL1, ICC_SGI0R_EL1, ICC_ASGI1R_EL1}).encoding(), value};
    }
    Op wire(unsigned v) {
        if (below(3) == 0) return {Op::PrivateLevel, v, pick<u64>({16, 27, 30, 31}), below(2)};
        if (below(3) == 0) return {Op::Pulse, 0, spi()};
        return {Op::Level, 0, spi(), below(2)};
    }
    Op mmio(unsigned v) {
        const bool is_read = below(4) == 0;
        if (below(12) == 0) return control(v, is_read);
        const u64 id = below(50) == 0 ? below(1024) : intid();
        const bool is_private = id < 32 && below(20) != 0;
        Op op{is_private ? (is_read ? Op::RedistRead : Op::RedistWrite)
                         : (is_read ? Op::DistRead : Op::DistWrite),
              v};
        const u64 frame = is_private ? kSgiFrame : 0;
        switch (below(8)) {
            case 0:
                op.where = frame + 0x400 + id;
                op.size = 1;
                op.value = priority();
                if (below(4) == 0) {
                    op.where &= ~u64{3};
                    op.size = 4;
                    op.value = priority() | priority() << 8 | priority() << 16 | priority() << 24;
                }
                break;
            case 1:
                op.where = frame + 0xc00 + id / 16 * 4;
                op.value = random_() & 0xffff'ffff;
                break;
            case 2: return router(is_read);
            default:
                // Groups, enables, pending and active, one bit at a time mostly; enabling more often.
                op.where = frame +
                           pick<u64>({0x80, 0x100, 0x100, 0x180, 0x200, 0x200, 0x280, 0x300, 0x380, 0x380}) +
                           id / 32 * 4;
                op.value = below(8) == 0 ? random_() & 0xffff'ffff : bit(id % 32);
                break;
        }
        if (below(200) == 0) op.size = pick<unsigned>({1, 2, 4, 8});
        op.value &= low_mask(8 * op.size);
        return op;
    }
    Op router(bool is_read) {
        Op op{is_read ? Op::DistRead : Op::DistWrite, 0, 0x6000 + 8 * spi(), 0, 8};
        op.value = affinities_[below(affinities_.size())] & 0xff'00ff'ffff;
        if (below(2) == 0) op.value |= bit(31);
        if (below(20) == 0) op.value = random_();
        if (below(10) == 0) {
            op.where += 4 * below(2);
            op.size = 4;
            op.value &= 0xffff'ffff;
        }
        return op;
    }
    Op control(unsigned v, bool is_read) {
        const u64 mostly_on = below(4) == 0 ? below(4) : 3;
        switch (below(3)) {
            case 0: return {is_read ? Op::DistRead : Op::DistWrite, 0, 0x0, mostly_on};
            case 1: return {is_read ? Op::RedistRead : Op::RedistWrite, v, 0x14, below(3) == 0 ? 2u : 0u};
            default: return {is_read ? Op::RedistRead : Op::RedistWrite, v, 0x0, below(4) << 24};
        }
    }

    std::mt19937_64 random_;
    const std::vector<u64> affinities_;
    const u32 spis_;
    std::deque<Running> running_[8];
    u64 deactivate_[8]{};
};

// One GIC, its model and what led to the present state.
class Duel {
public:
    Duel(u64 seed, const std::vector<u64>& affinities, u32 spis)
        : seed_(seed),
          bench_(affinities, spis),
          model_(affinities, spis),
          generator_(seed, affinities, spis) {}

    // Both do the operation and must agree on its result and on every line.
    void step(const Op& op) {
        if (history_.size() == 40) history_.pop_front();
        history_.push_back(op);
        const u64 got = apply(bench_, op);
        const u64 expected = model_.apply(op);
        EXPECT_EQ(got, expected) << "result of the last operation";
        for (unsigned v = 0; v < bench_.spaces.size(); ++v) {
            EXPECT_EQ(bench_.irq(v), model_.irq(v)) << "IRQ of vCPU " << v;
            EXPECT_EQ(bench_.fiq(v), model_.fiq(v)) << "FIQ of vCPU " << v;
            interrupts_ += bench_.irq(v) || bench_.fiq(v) ? 1 : 0;
        }
        if (op.kind == Op::IccRead && got < 1020 &&
            (op.where == ICC_IAR0_EL1.encoding() || op.where == ICC_IAR1_EL1.encoding())) {
            generator_.acknowledged(op.vcpu, got, op.where == ICC_IAR0_EL1.encoding() ? 0 : 1);
            ++acknowledged_;
        }
    }
    void check_targets(u32 spis) {
        for (u32 id = 32; id < 32 + spis; ++id) {
            const auto target = bench_.gic.irq_state(bus::IntId{id}).target;
            EXPECT_EQ(target ? static_cast<int>(*target) : -1, model_.target(id)) << "INTID " << id;
        }
    }
    void run(unsigned operations, u32 spis) {
        for (unsigned i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
            if (i % 250 == 0) {
                for (const Op& op : generator_.bring_up()) step(op);
            }
            step(generator_.next());
            if (i % 100 == 0) check_targets(spis);
        }
        if (::testing::Test::HasFailure()) {
            std::string text = fmt::format("seed {}, last operations:\n", seed_);
            for (const Op& op : history_) text += "  " + op.text() + "\n";
            FAIL() << text;
        }
        // A run in which hardly anything is delivered proves nothing.
        EXPECT_GT(acknowledged_, operations / 50);
        EXPECT_GT(interrupts_, operations / 20);
    }

private:
    const u64 seed_;
    Bench bench_;
    Model model_;
    Generator generator_;
    std::deque<Op> history_;
    unsigned acknowledged_ = 0;
    unsigned interrupts_ = 0;
};

// Affinities that share levels and differ in others, and are not in order.
std::vector<u64> scattered(unsigned count) {
    const std::vector<u64> all{0x1'0000'0001, 0x0,           0x11, 0x0001'0001,
                               0x0100,        0x1'0000'0101, 0x1f, 0xff'00ff'ffff};
    return {all.begin(), all.begin() + count};
}

class Gicv3Model : public ::testing::TestWithParam<unsigned> {};

TEST_P(Gicv3Model, AgreesWithTheReference) {
    constexpr u32 kSpis = 96;
    for (u64 seed = 1; seed <= 2; ++seed) {
        Duel duel(seed * 1000 + GetParam(), scattered(GetParam()), kSpis);
        ASSERT_NO_FATAL_FAILURE(duel.run(15'000, kSpis));
    }
}
INSTANTIATE_TEST_SUITE_P(Vcpus, Gicv3Model, ::testing::Range(1u, 9u));

TEST(Gicv3ModelLarge, AgreesWithAllSpis) {
    Duel duel(77, scattered(4), 988);
    duel.run(10'000, 988);
}

}  // namespace
}  // namespace trapeze::irqchip::test
