// rVIC and rVID against the reference model: random operations; every result, every bit and every line
// compared.
#include <fmt/core.h>

#include <deque>
#include <random>

#include "rvic_fixture.h"
#include "rvic_model.h"

namespace trapeze::irqchip::test {
namespace {

namespace r = arch::rvic;

// Makes operations that are random, and yet meet each other: few interrupts and inputs, mostly enabled.
class RvicGenerator {
public:
    RvicGenerator(u64 seed, const RvicConfig& config) : random_(seed), config_(config) {}

    RvicOp next() {
        const auto v = static_cast<unsigned>(below(config_.mpidrs.size()));
        const u64 dice = below(1000);
        if (dice < 2) return {dice == 0 ? RvicOp::Reset : RvicOp::ResetCpu, v, {}};
        if (dice < 170) return {RvicOp::Call, v, {r::RVIC_ACKNOWLEDGE}};
        if (dice < 320) return {RvicOp::Call, v, {r::RVIC_CLEAR_MASKED, mpidr(), intid()}};
        if (dice < 370) return {RvicOp::Call, v, {r::RVIC_SET_MASKED, mpidr(), intid()}};
        if (dice < 450) return {RvicOp::Call, v, {r::RVIC_SIGNAL, mpidr(), intid()}};
        if (dice < 490) return {RvicOp::Call, v, {r::RVIC_CLEAR_PENDING, mpidr(), intid()}};
        if (dice < 530) return {RvicOp::Call, v, {r::RVIC_IS_PENDING, mpidr(), intid()}};
        if (dice < 560) return {RvicOp::Call, v, {r::RVIC_RESAMPLE, below(10) != 0 ? trusted() : intid()}};
        if (dice < 610) return {RvicOp::Call, v, {r::RVIC_ENABLE}};
        if (dice < 625) return {RvicOp::Call, v, {r::RVIC_DISABLE}};
        if (dice < 700) return {RvicOp::Call, v, {r::RVID_MAP, input(), mpidr(), untrusted()}};
        if (dice < 720) return {RvicOp::Call, v, {r::RVID_UNMAP, input()}};
        if (dice < 730) return odd_call(v);
        return wire(v);
    }

private:
    u64 below(u64 n) { return random_() % n; }
    u64 pick(std::initializer_list<u64> list) { return list.begin()[below(list.size())]; }

    // Now and then one that does not exist, or has bits that do not count.
    u64 mpidr() {
        const u64 one = config_.mpidrs[below(config_.mpidrs.size())];
        switch (below(40)) {
            case 0: return random_();
            case 1: return one | 0xffff'ff00'ff00'0000;
            case 2: return one ^ 1;
            default: return one;
        }
    }
    u64 total() const { return config_.nr_trusted + config_.nr_untrusted; }
    u64 intid() {
        switch (below(40)) {
            case 0: return random_();
            case 1: return total() - 1 + below(3);
            case 2: return below(total()) | random_() << 32;
            default: return below(2) == 0 ? trusted() : untrusted();
        }
    }
    u64 trusted() { return pick({0, 1, 15, 16, 27, 30, config_.nr_trusted - 1}); }
    u64 untrusted() {
        if (below(40) == 0) return pick({0, config_.nr_trusted - 1, total(), random_()});
        return config_.nr_trusted + pick({0, 1, 2, 3, config_.nr_untrusted - 1});
    }
    u64 input() {
        if (below(40) == 0) return pick({config_.nr_untrusted, random_(), below(config_.nr_untrusted)});
        return pick({0, 1, 2, 5, config_.first_msi_input, config_.nr_untrusted - 1});
    }
    RvicOp odd_call(unsigned v) {
        switch (below(4)) {
            case 0: return {RvicOp::Call, v, {r::RVIC_INFO, pick({0, 1, 2, random_()})}};
            case 1: return {RvicOp::Call, v, {pick({r::RVIC_VERSION, r::RVID_VERSION}), random_()}};
            default:
                return {RvicOp::Call,
                        v,
                        {0xc500'0100 + below(2) * 0x100 + below(14), random_(), random_(), random_()}};
        }
    }
    RvicOp wire(unsigned v) {
        switch (below(4)) {
            case 0: return {RvicOp::TrustedWire, v, {0, trusted(), below(2)}};
            case 1: return {RvicOp::Pulse, 0, {0, pick({0, 1, 2, 5, config_.first_msi_input - 1u})}};
            case 2:
                return {RvicOp::Message,
                        0,
                        {0, below(20) == 0 ? random_() : kRvicMsiAddress,
                         pick({0, config_.first_msi_input, config_.nr_untrusted - 1u, config_.nr_untrusted,
                               below(1u << 31)})}};
            default:
                return {RvicOp::Wire, 0, {0, pick({0, 1, 2, 5, config_.first_msi_input - 1u}), below(2)}};
        }
    }

    std::mt19937_64 random_;
    const RvicConfig config_;
};

// One controller, its model and what led to the present state.
class RvicDuel {
public:
    RvicDuel(u64 seed, const RvicConfig& config)
        : seed_(seed),
          bench_(config),
          model_(config.mpidrs, config.nr_trusted, config.nr_untrusted, config.first_msi_input),
          generator_(seed, config) {}

    void run(unsigned operations) {
        for (unsigned i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
            step(generator_.next());
            if (i % 50 == 0) compare_everything();
            if (i % 500 == 0) move_to_another();
        }
        if (testing::Test::HasFailure()) {
            std::string text = fmt::format("seed {}, last operations:\n", seed_);
            for (const RvicOp& op : history_) text += "  " + op.text() + "\n";
            FAIL() << text;
        }
        // A run in which hardly anything is delivered proves nothing.
        EXPECT_GT(acknowledged_, operations / 20);
        EXPECT_GT(interrupts_, operations / 20);
        EXPECT_GT(queued_at_once_, 3u);
    }

private:
    RvicModel::Answer apply(const RvicOp& op) {
        const auto number = static_cast<u32>(op.x[1]);
        const bool level = op.x[2] != 0;
        Rvic& rvic = bench_.rvic;
        switch (op.kind) {
            case RvicOp::Call: return call(op);
            case RvicOp::Wire: rvic.set_level(bus::spi(number), level); break;
            case RvicOp::Pulse: rvic.pulse(bus::spi(number)); break;
            case RvicOp::TrustedWire: rvic.set_private_level(op.vcpu, bus::IntId{number}, level); break;
            case RvicOp::Message: rvic.send_msi(op.x[1], static_cast<u32>(op.x[2])); break;
            case RvicOp::Reset: rvic.reset(); break;
            case RvicOp::ResetCpu: rvic.reset_cpu(op.vcpu); break;
        }
        return {};
    }
    RvicModel::Answer call(const RvicOp& op) {
        trap::FakeCpu& cpu = bench_.cpus[op.vcpu];
        for (unsigned n = 0; n < 4; ++n) cpu.set_x(n, op.x[n]);
        const trap::Outcome outcome = bench_.space.handle({trap::Conduit::Hvc, 0}, cpu);
        const auto& result = std::get<trap::CallResult>(outcome);
        EXPECT_EQ(result.x[2] | result.x[3], 0u);
        return {result.x[0], result.x[1]};
    }

    // Both do the operation and must agree on its result and on every line.
    void step(const RvicOp& op) {
        if (history_.size() == 40) history_.pop_front();
        history_.push_back(op);
        const RvicModel::Answer got = apply(op);
        const RvicModel::Answer expected = model_.apply(op);
        EXPECT_EQ(got.x0, expected.x0) << "status of the last operation";
        EXPECT_EQ(got.x1, expected.x1) << "value of the last operation";
        for (unsigned v = 0; v < bench_.cpus.size(); ++v) {
            EXPECT_EQ(bench_.irq(v), model_.irq(v)) << "IRQ of vCPU " << v;
            interrupts_ += bench_.irq(v) ? 1 : 0;
        }
        if (op.kind == RvicOp::Call && op.x[0] == r::RVIC_ACKNOWLEDGE && got.x0 == 0) ++acknowledged_;
    }
    void compare_everything() {
        for (unsigned v = 0; v < bench_.cpus.size(); ++v) {
            for (u32 i = 0; i < bench_.rvic.intid_count(); ++i) {
                const RvicIrqState expected{model_.pending(v, i), model_.masked(v, i), model_.level(v, i)};
                EXPECT_EQ(bench_.state(i, v), expected) << "vCPU " << v << " INTID " << i;
            }
            queued_at_once_ = std::max(queued_at_once_, bench_.rvic.cpu_state(v).queue.size());
        }
    }
    // A restored controller does as the one that was saved.
    void move_to_another() {
        const RvicSnapshot snapshot = bench_.rvic.save();
        bench_.rvic.reset();
        EXPECT_TRUE(bench_.rvic.restore(snapshot));
        EXPECT_EQ(bench_.rvic.save(), snapshot);
    }

    const u64 seed_;
    RvicBench bench_;
    RvicModel model_;
    RvicGenerator generator_;
    std::deque<RvicOp> history_;
    unsigned acknowledged_ = 0;
    unsigned interrupts_ = 0;
    std::size_t queued_at_once_ = 0;
};

RvicConfig scattered(unsigned vcpus, u32 trusted, u32 untrusted) {
    const std::vector<u64> all{0x1'0000'0001, 0x0, 0x11, 0x0001'0001, 0x0100, 0xff'00ff'ffff};
    RvicConfig config;
    config.mpidrs = {all.begin(), all.begin() + vcpus};
    config.nr_trusted = trusted;
    config.nr_untrusted = untrusted;
    config.first_msi_input = 32;
    return config;
}

class RvicModelTest : public testing::TestWithParam<unsigned> {};

TEST_P(RvicModelTest, AgreesWithTheReference) {
    for (u64 seed = 1; seed <= 3; ++seed) {
        RvicDuel duel(seed * 1000 + GetParam(), scattered(GetParam(), 32, 64));
        ASSERT_NO_FATAL_FAILURE(duel.run(20'000));
    }
}
INSTANTIATE_TEST_SUITE_P(Vcpus, RvicModelTest, testing::Range(1u, 7u));

TEST(RvicModelLarge, AgreesWithAsManyInterruptsAsThereCanBe) {
    RvicDuel duel(77, scattered(3, 64, 1984));
    duel.run(10'000);
}

}  // namespace
}  // namespace trapeze::irqchip::test
