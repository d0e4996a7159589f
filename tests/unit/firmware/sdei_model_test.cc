// SDEI against the reference model: random operations; every result, every wire, who has to be told, and all
// of the state compared. On the way it moves to another machine now and then.
#include <fmt/core.h>

#include <deque>
#include <memory>
#include <random>

#include "sdei_fixture.h"
#include "sdei_model.h"

namespace trapeze::firmware::test {
namespace {

constexpr u32 kWires = 48;  // INTIDs 32 to 79

// Makes operations that are random, and yet meet each other: few interrupts, mostly enabled.
class SdeiGenerator {
public:
    SdeiGenerator(u64 seed, const SdeiConfig& config) : random_(seed), config_(config) {}

    SdeiOp next() {
        const auto pe = static_cast<unsigned>(below(config_.mpidrs.size()));
        const u64 dice = below(1000);
        if (dice < 240) return {SdeiOp::Deliver, pe, {0, random_() & ~u64{3}, pstate(), below(8)}};
        if (dice < 280) return {SdeiOp::Call, pe, {s::SDEI_EVENT_COMPLETE, below(3)}};
        if (dice < 310) return {SdeiOp::Call, pe, {s::SDEI_EVENT_COMPLETE_AND_RESUME, address()}};
        if (dice < 370)
            return {SdeiOp::Call, pe, {s::SDEI_EVENT_SIGNAL, below(50) == 0 ? event() : 0, mpidr()}};
        if (dice < 470) return {SdeiOp::Inject, pe, {0, event()}};
        if (dice < 475) return {SdeiOp::InjectNmi};
        if (dice < 560) return wire(pe);
        if (dice < 572) return other(pe);
        return call(pe);
    }

private:
    u64 below(u64 n) { return random_() % n; }
    u64 pick(std::initializer_list<u64> list) { return list.begin()[below(list.size())]; }

    // Now and then one that does not exist, or has bits that do not count.
    u64 mpidr() {
        const u64 one = config_.mpidrs[below(config_.mpidrs.size())];
        switch (below(30)) {
            case 0: return random_();
            case 1: return one | 0xffff'ff00'ff00'0000;
            case 2: return one ^ 1;
            default: return one;
        }
    }
    u64 event() {
        if (below(60) == 0)
            return pick({1, 0xffff'ffff, 0x4000'0004, 0x8000'0000, kPrivateSlot + 8, random_()});
        if (below(12) == 0) return pick({kPrivateSlot + below(8), kSharedSlot + below(16)});
        return pick({0, kPrivateCritical, kPrivateCritical, kShared, kSharedCritical, kSharedCritical,
                     kPrivateSlot, kSharedSlot, kSharedSlot + 1});
    }
    u64 shared_intid() { return 40 + (below(8) == 0 ? below(24) : below(4)); }
    u64 private_intid() { return pick({16, 23, 27, 31, 16 + below(16)}); }
    u64 address() { return below(20) == 0 ? random_() : random_() & ~u64{3}; }
    u64 pstate() { return pick({0x3c5, 0x5, 0x4, 0x0, 0x10, 0x6080'03c5, 0x8060'0c05}); }
    u64 flags() { return below(30) == 0 ? pick({4, random_(), u64{1} << 63}) : below(4); }

    SdeiOp wire(unsigned pe) {
        switch (below(5)) {
            case 0: return {SdeiOp::Pulse, 0, {0, shared_intid()}};
            case 1:
            case 2: return {SdeiOp::PrivateWire, pe, {0, private_intid(), below(2)}};
            default: return {SdeiOp::Wire, 0, {0, shared_intid(), below(2)}};
        }
    }
    SdeiOp other(unsigned pe) {
        const u64 dice = below(100);
        if (dice < 40)
            return {SdeiOp::Activity,
                    0,
                    {0, pick({shared_intid(), private_intid()}), below(3) == 0 ? below(4) : 0}};
        if (dice < 60) return {SdeiOp::ResetPe, pe};
        if (dice < 62) return {SdeiOp::Reset};
        if (dice < 80) {  // anything at all
            return {SdeiOp::Call,
                    pe,
                    {0xc400'0020 + below(22), random_(), random_(), random_(), random_(), random_()}};
        }
        return {SdeiOp::Call, pe, {pick({s::SDEI_VERSION, s::SDEI_FEATURES}), below(3)}};
    }
    SdeiOp call(unsigned pe) {
        const u64 dice = below(300);
        if (dice < 70)
            return {
                SdeiOp::Call, pe, {s::SDEI_EVENT_REGISTER, event(), address(), random_(), flags(), mpidr()}};
        if (dice < 140) return {SdeiOp::Call, pe, {s::SDEI_EVENT_ENABLE, event()}};
        if (dice < 155) return {SdeiOp::Call, pe, {s::SDEI_EVENT_DISABLE, event()}};
        if (dice < 170) return {SdeiOp::Call, pe, {s::SDEI_EVENT_UNREGISTER, event()}};
        if (dice < 190) return {SdeiOp::Call, pe, {s::SDEI_EVENT_STATUS, event()}};
        if (dice < 200) return {SdeiOp::Call, pe, {s::SDEI_EVENT_GET_INFO, event(), below(6)}};
        if (dice < 210) return {SdeiOp::Call, pe, {s::SDEI_EVENT_CONTEXT, below(19)}};
        if (dice < 222)
            return {SdeiOp::Call, pe, {s::SDEI_EVENT_ROUTING_SET, event(), below(20) / 9, mpidr()}};
        if (dice < 228) return {SdeiOp::Call, pe, {s::SDEI_PE_MASK}};
        if (dice < 268) return {SdeiOp::Call, pe, {s::SDEI_PE_UNMASK}};
        if (dice < 288)
            return {SdeiOp::Call,
                    pe,
                    {s::SDEI_INTERRUPT_BIND, pick({shared_intid(), private_intid(), below(90)})}};
        if (dice < 297) return {SdeiOp::Call, pe, {s::SDEI_INTERRUPT_RELEASE, event()}};
        if (below(4) != 0) return {SdeiOp::Call, pe, {s::SDEI_EVENT_ENABLE, event()}};
        return {SdeiOp::Call, pe, {pick({s::SDEI_PRIVATE_RESET, s::SDEI_SHARED_RESET})}};
    }

    std::mt19937_64 random_;
    const SdeiConfig config_;
};

// SDEI, its model and what led to the present state.
class SdeiDuel {
public:
    SdeiDuel(u64 seed, const SdeiConfig& config, SdeiFault fault = SdeiFault::None)
        : seed_(seed),
          bench_(std::make_unique<SdeiBench>(config)),
          model_(config.mpidrs, config.shared_wires, config.private_wires, fault),
          generator_(seed, config) {}

    // The first difference; empty: there is none.
    std::string run(unsigned operations) {
        for (unsigned i = 0; i < operations; ++i) {
            std::string difference = step(aim(generator_.next()));
            if (difference.empty() && i % 20 == 0) difference = compare_state();
            if (difference.empty() && i % 500 == 0) difference = move_to_another();
            if (difference.empty()) continue;
            difference += fmt::format("\nseed {}, operation {}; the last ones:\n", seed_, i);
            for (const SdeiOp& op : history_) difference += "  " + op.text() + "\n";
            return difference;
        }
        return "";
    }
    void expect_something_happened(unsigned operations) const {
        EXPECT_GT(delivered_, operations / 40);
        EXPECT_GT(nested_, operations / 1000);
        EXPECT_GT(bound_, operations / 200);
        EXPECT_GT(completed_, operations / 50);
    }

private:
    using Answer = SdeiModel::Answer;

    // Most of the time something is looked for, or completed, where there is something.
    SdeiOp aim(SdeiOp op) const {
        const bool completes = op.kind == SdeiOp::Call && (op.x[0] == s::SDEI_EVENT_COMPLETE ||
                                                           op.x[0] == s::SDEI_EVENT_COMPLETE_AND_RESUME);
        const std::size_t pes = bench_->cpus.size();
        for (std::size_t n = 0; n < pes; ++n) {
            const auto pe = static_cast<unsigned>((op.pe + n) % pes);
            const bool fits = completes ? model_.depth(pe) != 0 : bench_->posted(pe);
            if (!fits || (!completes && op.kind != SdeiOp::Deliver)) continue;
            op.pe = pe;
            break;
        }
        return op;
    }

    std::string step(const SdeiOp& op) {
        if (history_.size() == 40) history_.pop_front();
        history_.push_back(op);
        const std::vector<u64> registers(bench_->cpus[op.pe].regs.begin(),
                                         bench_->cpus[op.pe].regs.begin() + 18);
        const bool was_running = model_.depth(op.pe) != 0;
        const Answer got = apply(op);
        const Answer expected = model_.apply(op, registers, kVbar + op.pe * 0x1'0000);
        if (got != expected) return fmt::format("SDEI: {}\nmodel: {}", got.text(), expected.text());
        count(op, got, was_running);
        for (Pe pe = 0; pe < bench_->cpus.size(); ++pe) {
            if (model_.due(pe) && !bench_->posted(pe)) return fmt::format("PE {} has not been told", pe);
        }
        if (bench_->controller.high != model_.controller_wires()) return "the controller's shared wires";
        if (bench_->controller.private_high != model_.controller_private_wires()) return "its private wires";
        if (bench_->controller.pulses.size() != model_.controller_pulses()) return "its pulses";
        return "";
    }
    std::string compare_state() {
        if (bench_->sdei.save() != model_.snapshot()) return "the state:\n" + bench_->sdei.describe_state();
        return "";
    }
    // A restored one does as the one that was saved.
    std::string move_to_another() {
        auto other = std::make_unique<SdeiBench>(bench_->config);
        const SdeiSnapshot snapshot = bench_->sdei.save();
        if (const Result<> restored = other->sdei.restore(snapshot); !restored)
            return restored.error().message();
        if (other->sdei.save() != snapshot) return "what was restored";
        for (Pe pe = 0; pe < bench_->cpus.size(); ++pe) other->cpus[pe].regs = bench_->cpus[pe].regs;
        other->controller = bench_->controller;
        other->host.activities = bench_->host.activities;
        bench_ = std::move(other);
        return "";
    }

    Answer apply(const SdeiOp& op) {
        const auto number = static_cast<u32>(op.x[1]);
        const bool level = op.x[2] != 0;
        switch (op.kind) {
            case SdeiOp::Call: return call(op);
            case SdeiOp::Wire: bench_->wire(number, level); break;
            case SdeiOp::Pulse: bench_->pulse(number); break;
            case SdeiOp::PrivateWire: bench_->private_wire(number, level, op.pe); break;
            case SdeiOp::Inject: {
                const Result<std::string> result = bench_->sdei.inject(number, op.pe);
                return {.x0 = !result ? -1 : result->empty() ? 1 : 2};
            }
            case SdeiOp::InjectNmi: return {.x0 = bench_->sdei.inject_nmi() ? 2 : -1};
            case SdeiOp::Deliver: return deliver(op);
            case SdeiOp::Activity:
                bench_->host.activities[number] = {(op.x[2] & 1) != 0, (op.x[2] & 2) != 0};
                break;
            case SdeiOp::Reset: bench_->sdei.reset(); break;
            case SdeiOp::ResetPe: bench_->sdei.reset_pe(op.pe); break;
        }
        return {};
    }
    Answer call(const SdeiOp& op) {
        SdeiCpu& cpu = bench_->cpus[op.pe];
        std::copy_n(op.x, 6, cpu.regs.begin());
        const trap::Outcome outcome = bench_->space.handle({trap::Conduit::Hvc, 0}, cpu);
        if (const auto* to = std::get_if<trap::Redirect>(&outcome)) return follow(cpu, *to);
        const auto& result = std::get<trap::CallResult>(outcome);
        EXPECT_EQ(result.count, 4);
        std::copy_n(result.x.begin(), 4, cpu.regs.begin());
        return {.x0 = static_cast<s64>(result.x[0])};
    }
    Answer deliver(const SdeiOp& op) {
        SdeiCpu& cpu = bench_->cpus[op.pe];
        cpu.program_counter = op.x[1];
        cpu.flags = op.x[2];
        const bool told = bench_->host.posted[op.pe].exchange(false);
        if (!told && op.x[3] != 0) return {};
        const std::optional<trap::Redirect> to = bench_->sdei.take_event(cpu);
        return to ? follow(cpu, *to) : Answer{};
    }
    static Answer follow(SdeiCpu& cpu, const trap::Redirect& to) {
        cpu.go(to);
        Answer answer{.goes = true, .pc = to.pc, .pstate = to.pstate, .as_exception = to.as_exception};
        answer.x.assign(to.x.begin(), to.x.begin() + to.count);
        if (to.exception_return)
            answer.exception_return = {to.exception_return->elr_el1, to.exception_return->spsr_el1};
        return answer;
    }
    // A run in which hardly anything happens proves nothing.
    void count(const SdeiOp& op, const Answer& got, bool was_running) {
        if (op.kind == SdeiOp::Deliver && got.goes) {
            ++delivered_;
            nested_ += was_running ? 1 : 0;
            bound_ += SdeiModel::is_slot(static_cast<u32>(got.x[0])) ? 1 : 0;
        }
        completed_ += op.kind == SdeiOp::Call && got.goes ? 1 : 0;
    }

    const u64 seed_;
    std::unique_ptr<SdeiBench> bench_;
    SdeiModel model_;
    SdeiGenerator generator_;
    std::deque<SdeiOp> history_;
    unsigned delivered_ = 0, nested_ = 0, bound_ = 0, completed_ = 0;
};

SdeiConfig scattered(unsigned pes) {
    const std::vector<u64> all{0x1'0000'0001,  0x0,         0x11,         0x0001'0001, 0x0100,
                               0xff'00ff'ffff, 0x8000'0002, 0x2'0000'0000};
    SdeiConfig config;
    config.mpidrs = {all.begin(), all.begin() + pes};
    config.shared_wires = kWires;
    return config;
}

class SdeiModelTest : public testing::TestWithParam<unsigned> {};

TEST_P(SdeiModelTest, AgreesWithTheReference) {
    constexpr unsigned kOperations = 5'000;
    for (u64 seed = 1; seed <= 2; ++seed) {
        SdeiDuel duel(seed * 1000 + GetParam(), scattered(GetParam()));
        const std::string difference = duel.run(kOperations);
        ASSERT_EQ(difference, "") << difference;
        duel.expect_something_happened(kOperations);
    }
}
INSTANTIATE_TEST_SUITE_P(Pes, SdeiModelTest, testing::Range(1u, 9u));

TEST(SdeiModelWithoutPrivateWires, AgreesWithTheReference) {
    SdeiConfig config = scattered(3);
    config.private_wires = false;
    const std::string difference = SdeiDuel(99, config).run(6'000);
    EXPECT_EQ(difference, "") << difference;
}

// The comparison can fail: each rule that is broken in the model is noticed.
TEST(SdeiModelFaults, AreAllNoticed) {
    for (unsigned n = 1; n < static_cast<unsigned>(SdeiFault::Count); ++n) {
        EXPECT_NE(SdeiDuel(5, scattered(3), static_cast<SdeiFault>(n)).run(20'000), "") << "fault " << n;
    }
}

}  // namespace
}  // namespace trapeze::firmware::test
