// The GICv2 against the reference model: random operations, every read and every CPU line compared.
#include "gicv2_model.h"

#include <fmt/core.h>

#include <deque>
#include <random>

#include "gicv2_fixture.h"

namespace trapeze::irqchip::gicv2_test {
namespace {

u64 apply(Bench& b, const Op& op) {
    const bus::IntId id{static_cast<u32>(op.where)};
    switch (op.kind) {
        case Op::DistRead: return b.dist(op.where, op.vcpu, op.size);
        case Op::DistWrite: b.dist_write(op.where, op.value, op.vcpu, op.size); break;
        case Op::CpuRead: return b.cpu(op.where, op.vcpu, op.size);
        case Op::CpuWrite: b.cpu_write(op.where, op.value, op.vcpu, op.size); break;
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
    Generator(u64 seed, unsigned vcpus, u32 spis) : random_(seed), vcpus_(vcpus), spis_(spis) {}

    Op next() {
        const auto v = static_cast<unsigned>(below(vcpus_));
        const u64 dice = below(1000);
        if (dice < 1) return {below(4) == 0 ? Op::Reset : Op::ResetCpu, v};
        if (dice < 200) return {Op::CpuRead, v, pick({gicc::kIar, gicc::kIar, gicc::kAiar})};
        if (dice < 320) return end(v);
        if (dice < 360) return {Op::CpuWrite, v, gicc::kDir, deactivate_[v]};
        if (dice < 410) return cpu_read(v);
        if (dice < 500) return cpu_write(v);
        if (dice < 580) return sgi(v);
        if (dice < 720) return wire(v);
        return dist(v);
    }
    // The state that makes things happen at all; what next() disturbs, it is sent again from time to time.
    std::vector<Op> bring_up() {
        std::vector<Op> ops{{Op::DistWrite, 0, gicd::kCtlr, 3}};
        for (unsigned v = 0; v < vcpus_; ++v) {
            ops.push_back({Op::DistWrite, v, gicd::kIsenabler, random_()});
            ops.push_back({Op::DistWrite, v, gicd::kIcactiver, random_()});
            ops.push_back({Op::CpuWrite, v, gicc::kPmr, 0xf8});
            ops.push_back({Op::CpuWrite, v, gicc::kCtlr, 3 | (random_() & 0x21c)});
            ops.push_back({Op::CpuWrite, v, gicc::kApr0, 0});
            ops.push_back({Op::CpuWrite, v, gicc::kNsapr0, 0});
        }
        for (u64 n = 1; n < 32; ++n) {
            ops.push_back({Op::DistWrite, 0, gicd::kIsenabler + 4 * n, random_()});
            ops.push_back({Op::DistWrite, 0, gicd::kIcactiver + 4 * n, random_()});
        }
        for (u64 id = 32; id < 72; id += 4)
            ops.push_back({Op::DistWrite, 0, gicd::kItargetsr + id, random_()});
        for (Op& op : ops) op.value &= 0xffff'ffff;
        return ops;
    }
    void acknowledged(unsigned v, u64 value, bool alias) {
        running_[v].push_back({value, alias});
        if (running_[v].size() > 8) running_[v].pop_front();
    }

private:
    struct Running {
        u64 value;
        bool alias;
    };

    u64 below(u64 n) { return random_() % n; }
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
    Op end(unsigned v) {
        auto& running = running_[v];
        if (!running.empty() && below(8) != 0) {
            const Running last = running.back();
            running.pop_back();
            deactivate_[v] = last.value;
            return {Op::CpuWrite, v, last.alias ? gicc::kAeoir : gicc::kEoir, last.value};
        }
        const u64 id = below(10) != 0 ? intid() | below(vcpus_) << 10 : pick<u64>({1020, 1023, random_()});
        return {Op::CpuWrite, v, pick({gicc::kEoir, gicc::kAeoir, gicc::kDir}), id & 0xffff'ffff};
    }
    Op cpu_read(unsigned v) {
        return {Op::CpuRead, v,
                pick({gicc::kHppir, gicc::kHppir, gicc::kAhppir, gicc::kRpr, gicc::kRpr, gicc::kPmr,
                      gicc::kBpr, gicc::kAbpr, gicc::kCtlr, gicc::kApr0, gicc::kNsapr0, gicc::kIidr,
                      gicc::kEoir, gicc::kDir})};
    }
    Op cpu_write(unsigned v) {
        switch (below(12)) {
            case 0: return {Op::CpuWrite, v, gicc::kBpr, random_() & 0xffff'ffff};
            case 1: return {Op::CpuWrite, v, gicc::kAbpr, random_() & 0xffff'ffff};
            case 2: return {Op::CpuWrite, v, gicc::kCtlr, random_() & 0xffff'ffff};
            case 3:
            case 4: return {Op::CpuWrite, v, gicc::kCtlr, 3 | (random_() & 0x21c)};
            case 5:
                return {Op::CpuWrite, v, pick({gicc::kApr0, gicc::kNsapr0}),
                        pick<u64>({0, 0, 0, bit(static_cast<unsigned>(8 + below(24)))})};
            case 6:
                return {Op::CpuWrite, v, below(0x40) * 4, random_() & 0xffff'ffff, pick<unsigned>({1, 2, 8})};
            default: return {Op::CpuWrite, v, gicc::kPmr, pick<u64>({0xff, 0xf8, 0xff, priority()})};
        }
    }
    Op sgi(unsigned v) {
        if (below(4) == 0) {
            const u64 id = pick<u64>({0, 1, 15, below(16)});
            const u64 offset = pick({gicd::kCpendsgir, gicd::kSpendsgir});
            const auto kind = pick({Op::DistRead, Op::DistWrite, Op::DistWrite});
            if (below(4) == 0) return {kind, v, offset + id / 4 * 4, random_() & random_() & 0xffff'ffff};
            return {kind, v, offset + id, bit(static_cast<unsigned>(below(vcpus_))), 1};
        }
        const u64 filter = pick<u64>({0, 0, 0, 0, 1, 2, below(4)});
        const u64 list = below(3) == 0 ? below(256) : bit(static_cast<unsigned>(below(vcpus_)));
        return {Op::DistWrite, v, gicd::kSgir,
                filter << 24 | list << 16 | pick<u64>({0, 1, 15, below(1 << 16)})};
    }
    Op wire(unsigned v) {
        if (below(3) == 0) return {Op::PrivateLevel, v, pick<u64>({16, 27, 30, 31}), below(2)};
        if (below(3) == 0) return {Op::Pulse, 0, spi()};
        return {Op::Level, 0, spi(), below(2)};
    }
    Op dist(unsigned v) {
        Op op{below(4) == 0 ? Op::DistRead : Op::DistWrite, v};
        if (below(30) == 0) {
            op.value = below(4) == 0 ? below(4) : 3;
            return op;  // GICD_CTLR
        }
        const u64 id = below(50) == 0 ? below(1024) : intid();
        switch (below(8)) {
            case 0: bytes(op, gicd::kIpriorityr, id, priority(), priority()); break;
            case 1:
                bytes(op, gicd::kItargetsr, below(8) == 0 ? id : spi(),
                      bit(static_cast<unsigned>(below(vcpus_))), below(256));
                break;
            case 2:
                op.where = gicd::kIcfgr + id / 16 * 4;
                op.value = random_() & 0xffff'ffff;
                break;
            default:
                // Groups, enables, pending and active, one bit at a time mostly; enabling more often.
                op.where = pick({gicd::kIgroupr, gicd::kIsenabler, gicd::kIsenabler, gicd::kIcenabler,
                                 gicd::kIspendr, gicd::kIspendr, gicd::kIcpendr, gicd::kIsactiver,
                                 gicd::kIcactiver, gicd::kIcactiver}) +
                           id / 32 * 4;
                op.value = below(8) == 0 ? random_() & 0xffff'ffff : bit(id % 32);
                break;
        }
        if (below(200) == 0) op.size = pick<unsigned>({1, 2, 4, 8});
        op.value &= low_mask(8 * op.size);
        return op;
    }
    // One byte of a bank, or the word around it with the two values by turns.
    void bytes(Op& op, u64 bank, u64 id, u64 value, u64 other) {
        op.where = bank + id % 1020;
        op.size = 1;
        op.value = value;
        if (below(4) != 0) return;
        op.where &= ~u64{3};
        op.size = 4;
        op.value = value | other << 8 | value << 16 | other << 24;
    }

    std::mt19937_64 random_;
    const unsigned vcpus_;
    const u32 spis_;
    std::deque<Running> running_[8];
    u64 deactivate_[8]{};
};

// One GIC, its model and what led to the present state.
class Duel {
public:
    Duel(u64 seed, unsigned vcpus, u32 spis)
        : seed_(seed),
          vcpus_(vcpus),
          bench_(vcpus, spis),
          model_(vcpus, spis),
          generator_(seed, vcpus, spis) {}

    // Both do the operation and must agree on its result and on every line.
    void step(const Op& op) {
        if (history_.size() == 40) history_.pop_front();
        history_.push_back(op);
        const u64 got = apply(bench_, op);
        const u64 expected = model_.apply(op);
        EXPECT_EQ(got, expected) << "result of the last operation";
        for (unsigned v = 0; v < vcpus_; ++v) {
            EXPECT_EQ(bench_.irq(v), model_.irq(v)) << "IRQ of vCPU " << v;
            EXPECT_EQ(bench_.fiq(v), model_.fiq(v)) << "FIQ of vCPU " << v;
            interrupts_ += bench_.irq(v) ? 1 : 0;
            fiqs_ += bench_.fiq(v) ? 1 : 0;
        }
        if (op.kind == Op::CpuRead && (op.where == gicc::kIar || op.where == gicc::kAiar) &&
            (got & 0x3ff) < 1020) {
            generator_.acknowledged(op.vcpu, got, op.where == gicc::kAiar);
            ++acknowledged_;
            if ((got & 0x3ff) < 16) ++sgis_;
        }
    }
    void check_senders() {
        for (unsigned v = 0; v < vcpus_; ++v) {
            for (u32 sgi = 0; sgi < 16; ++sgi) {
                const auto sender = bench_.gic.irq_state(bus::IntId{sgi}, v).active_from;
                EXPECT_EQ(sender ? static_cast<int>(*sender) : -1, model_.active_sender(v, sgi))
                    << "SGI " << sgi;
            }
        }
    }
    void run(unsigned operations) {
        for (unsigned i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
            if (i % 250 == 0) {
                for (const Op& op : generator_.bring_up()) step(op);
            }
            step(generator_.next());
            if (i % 50 == 0) check_senders();
        }
        if (::testing::Test::HasFailure()) {
            std::string text = fmt::format("seed {}, last operations:\n", seed_);
            for (const Op& op : history_) text += "  " + op.text() + "\n";
            FAIL() << text;
        }
        // A run in which hardly anything is delivered proves nothing.
        EXPECT_GT(acknowledged_, operations / 50);
        EXPECT_GT(sgis_, operations / 500);
        EXPECT_GT(interrupts_, operations / 20);
        EXPECT_GT(fiqs_, operations / 100);
    }

private:
    const u64 seed_;
    const unsigned vcpus_;
    Bench bench_;
    Model model_;
    Generator generator_;
    std::deque<Op> history_;
    unsigned acknowledged_ = 0;
    unsigned sgis_ = 0;
    unsigned interrupts_ = 0;
    unsigned fiqs_ = 0;
};

class Gicv2Model : public ::testing::TestWithParam<unsigned> {};

TEST_P(Gicv2Model, AgreesWithTheReference) {
    for (u64 seed = 1; seed <= 2; ++seed) {
        Duel duel(seed * 1000 + GetParam(), GetParam(), 96);
        ASSERT_NO_FATAL_FAILURE(duel.run(8'000));
    }
}
INSTANTIATE_TEST_SUITE_P(Vcpus, Gicv2Model, ::testing::Range(1u, 9u));

TEST(Gicv2ModelLarge, AgreesWithAllSpis) {
    Duel duel(77, 4, 988);
    duel.run(5'000);
}

}  // namespace
}  // namespace trapeze::irqchip::gicv2_test
