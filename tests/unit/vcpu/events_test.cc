// Events that interrupt a vCPU from outside (SDEI): when it asks its host for one, in which state it is then,
// and what a redirection does to the registers.
#include "vcpu_fixture.h"

namespace trapeze::vcpu {
namespace {

using accel::CoreReg;
using accel::x_reg;
using arch::ExceptionClass;
using arch::Pstate;

constexpr u64 kHandler = 0x4005'0000;
constexpr u64 kVbar = 0x4000'8000;
constexpr u64 kSpan = u64{1} << 23, kDssbs = u64{1} << 44;  // of SCTLR_EL1

// The host's part: a queue of events, and what it saw of the vCPU when it was asked.
class Events : public VcpuFixture {
protected:
    struct Seen {
        u64 pc, x0, pstate;
    };

    explicit Events(EntryFeatures features = {.pan = true, .mte = true, .ssbs = true})
        : VcpuFixture(features) {}
    void SetUp() override {
        start();
        accel_->preset(CoreReg::Pc, kPc);
        accel_->preset(CoreReg::Pstate, kEl1h);
        accel_->preset(arch::reg::VBAR_EL1, kVbar);
        accel_->preset(arch::reg::SCTLR_EL1, kSpan);
    }

    std::optional<trap::Redirect> take_event(trap::CpuPort& cpu) override {
        std::lock_guard lock(mutex_);
        ++asked_;
        changed_.notify_all();
        if (events_.empty()) return std::nullopt;
        seen_.push_back({cpu.pc(), cpu.x(0), cpu.pstate().value});
        const trap::Redirect to = events_.front();
        events_.pop_front();
        return to;
    }
    void reset_pe_state(bus::VcpuIndex) override {
        std::lock_guard lock(mutex_);
        if (drop_at_reset_) events_.clear();
    }

    // An event with a handler that gets X0 to X3.
    static trap::Redirect handler(u64 pstate = kEl1h) {
        trap::Redirect to{.pc = kHandler, .pstate = pstate, .as_exception = true, .count = 4};
        for (unsigned n = 0; n < 18; ++n) to.x[n] = 0xe0 + n;
        return to;
    }
    void prepare(const trap::Redirect& to) {
        std::lock_guard lock(mutex_);
        events_.push_back(to);
    }
    void post(const trap::Redirect& to = handler()) {
        prepare(to);
        vcpu_->post_event();
    }
    // Until it has been asked this often.
    void wait_asked(unsigned times) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return asked_ >= times; });
    }
    // Until it has taken all events and is in the guest. A run that a kick ends at once is not waited for,
    // but none of those matters here.
    void wait_taken() {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return events_.empty(); });
        }
        accel_->wait_idle();
    }
    unsigned asked() {
        std::lock_guard lock(mutex_);
        return asked_;
    }
    std::vector<Seen> seen() {
        std::lock_guard lock(mutex_);
        return seen_;
    }
    // The registers are complete and nobody writes them.
    void settle() {
        wait_taken();
        pause();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<trap::Redirect> events_;
    std::vector<Seen> seen_;
    unsigned asked_ = 0;
    bool drop_at_reset_ = false;
};

// --- When --------------------------------------------------------------------------------------------------

TEST_F(Events, AVcpuInTheGuestTakesItAtOnce) {
    post();
    settle();
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kHandler);
    ASSERT_EQ(seen().size(), 1u);
    EXPECT_EQ(seen()[0].pc, kPc);
    EXPECT_EQ(seen()[0].pstate, kEl1h);
}

TEST_F(Events, WithoutOneTheHostIsNotAsked) {
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 5, true));
    EXPECT_EQ(asked(), 0u);
}

TEST_F(Events, OneThatIsNotDueAnyLongerChangesNothing) {
    accel_->preset(x_reg(0), 0x1234);
    vcpu_->post_event();
    wait_asked(1);
    accel_->wait_idle();
    pause();
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc);
    EXPECT_EQ(accel_->reg(CoreReg::Pstate), kEl1h);
    EXPECT_EQ(accel_->reg(x_reg(0)), 0x1234u);
    EXPECT_EQ(asked(), 1u);
}

TEST_F(Events, AVcpuThatSleepsInWfiWakesUpBehindIt) {
    const unsigned runs = accel_->runs();
    begin_trap(ExceptionClass::Wfx, 0);
    while (!vcpu_->asleep()) std::this_thread::yield();
    EXPECT_EQ(accel_->runs(), runs);
    post();
    settle();
    EXPECT_EQ(seen().at(0).pc, kPc + 4);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kHandler);
}

// The race that loses wake-ups: the event comes at any moment around the start of the sleep.
TEST_F(Events, NoneIsLostWhereverTheVcpuIs) {
    for (unsigned i = 0; i < 1000; ++i) {
        begin_trap(ExceptionClass::Wfx, 0);
        for (unsigned spin = i % 97; spin > 0; --spin) static_cast<void>(accel_->runs());
        post();
        wait_asked(i + 1);  // hangs when an event is lost
        // It may have come before the sleep, which then does not end by itself.
        vcpu_->set_interrupt_lines(true, false);
        accel_->wait_idle();
        vcpu_->set_interrupt_lines(false, false);
    }
}

TEST_F(Events, APausedVcpuTakesItWhenItIsResumed) {
    pause();
    const unsigned runs = accel_->runs();
    post();
    EXPECT_EQ(asked(), 0u);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc);
    vcpu_->resume();
    settle();
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kHandler);
    EXPECT_GT(accel_->runs(), runs);
}

TEST_F(Events, SeveralAreTakenOneInsideTheOther) {
    pause();
    trap::Redirect second = handler(0x3c4);
    second.pc = kHandler + 0x100;
    prepare(handler());
    prepare(second);
    // The host that has another one says so, from the vCPU's thread or from elsewhere.
    vcpu_->post_event();
    vcpu_->resume();
    wait_asked(1);
    vcpu_->post_event();
    settle();
    ASSERT_EQ(seen().size(), 2u);
    EXPECT_EQ(seen()[1].pc, kHandler);
    EXPECT_EQ(seen()[1].x0, 0xe0u);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kHandler + 0x100);
}

TEST_F(Events, AnMmioAccessInFlightIsCompletedFirst) {
    // A device sees the access, and an event comes before the accelerator has finished it.
    prepare(handler());
    accel_->finish_at(kPc + 4);
    device_.on_read = [this] { vcpu_->post_event(); };
    play(accel::MmioExit{mem::Gpa{kDevice + 8}, 4, false, 0});
    settle();
    EXPECT_EQ(accel_->mmio_data(), 8u);
    ASSERT_EQ(seen().size(), 1u);  // the fake accelerator CHECKs that nobody looks at registers before
    EXPECT_EQ(seen()[0].pc, kPc + 4);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kHandler);
}

TEST_F(Events, TheResultOfACallIsThereBeforeTheEvent) {
    call_owner_.on_version = [this] { post(); };
    accel_->preset(x_reg(0), kVersionCall);
    trap(ExceptionClass::Hvc64, 0, kPc + 4);
    settle();
    ASSERT_EQ(seen().size(), 1u);
    EXPECT_EQ(seen()[0].pc, kPc + 4);
    EXPECT_EQ(seen()[0].x0, kVersion);
}

TEST_F(Events, ATrappedInstructionIsDoneBeforeTheEvent) {
    for (unsigned n = 1; n <= 20; ++n) {
        prepare(handler());
        accel_->preset(x_reg(0), 0);
        begin_trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 0, true));
        vcpu_->post_event();
        wait_taken();
        // Before the trap, or behind it with its result; never in between.
        const Seen s = seen().back();
        EXPECT_EQ(s.x0, s.pc == kPc + 4 ? regs_.value : 0u);
        EXPECT_TRUE(s.pc == kPc || s.pc == kPc + 4) << s.pc;
    }
}

TEST_F(Events, AVcpuThatIsOffTakesNoneBeforeItIsReset) {
    drop_at_reset_ = true;
    accel_->preset(x_reg(0), kCpuOffCall);
    begin_trap(ExceptionClass::Hvc64, 0, kPc + 4);
    while (vcpu_->power_state() != PowerState::Off) std::this_thread::yield();
    post();
    EXPECT_EQ(vcpu_->power_on(0x5000'0000, 9), PowerOnResult::Success);
    wait_asked(1);
    settle();
    EXPECT_TRUE(seen().empty());
    EXPECT_EQ(accel_->reg(CoreReg::Pc), 0x5000'0000u);
    EXPECT_EQ(accel_->reg(x_reg(0)), 9u);
}

// Another vCPU's thread can have one for it until the machine has ended all of them.
TEST_F(Events, PostingToAVcpuThatEndsIsHarmless) {
    std::atomic<bool> done{false};
    std::thread other([&] {
        while (!done) vcpu_->post_event();
    });
    wait_asked(1);
    vcpu_->quit();
    done = true;
    other.join();
}

// --- Under a debugger --------------------------------------------------------------------------------------

TEST_F(Events, AStepWithoutInterruptsHoldsThemBack) {
    pause();
    DebugSettings step;
    step.guest.single_step = true;
    step.guest.mask_interrupts = true;
    ASSERT_TRUE(vcpu_->set_debug(step));
    post();
    vcpu_->resume();
    accel_->preset(CoreReg::Pc, kPc + 4);
    accel_->push(accel::DebugExit{arch::Esr::make(ExceptionClass::SoftwareStepLower, 0), kPc + 4, 0});
    while (!vcpu_->is_debug_stopped()) std::this_thread::yield();
    pause();
    EXPECT_EQ(asked(), 0u);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
    ASSERT_TRUE(vcpu_->set_debug({}));
    vcpu_->resume();
    settle();
    EXPECT_EQ(seen().at(0).pc, kPc + 4);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kHandler);
}

TEST_F(Events, AStepWithInterruptsEndsInTheHandler) {
    pause();
    DebugSettings step;
    step.guest.single_step = true;
    ASSERT_TRUE(vcpu_->set_debug(step));
    post();
    vcpu_->resume();
    settle();
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kHandler);
}

TEST_F(Events, AVcpuThatADebuggerHoldsTakesNone) {
    pause();
    ASSERT_TRUE(vcpu_->set_debug({.guest = {}, .held = true, .catches = {}}));
    post();
    vcpu_->resume();
    pause();
    EXPECT_EQ(asked(), 0u);
    ASSERT_TRUE(vcpu_->set_debug({}));
    vcpu_->resume();
    settle();
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kHandler);
}

// --- What a redirection does -------------------------------------------------------------------------------

TEST_F(Events, ARedirectionWritesTheRegistersItHasAndNoOthers) {
    for (unsigned n = 0; n < 31; ++n) accel_->preset(x_reg(n), 0x700 + n);
    accel_->preset(CoreReg::ElrEl1, 0x11);
    accel_->preset(CoreReg::SpsrEl1, 0x22);
    accel_->preset(arch::reg::ESR_EL1, 0x33);
    post();
    settle();
    for (unsigned n = 0; n < 4; ++n) EXPECT_EQ(accel_->reg(x_reg(n)), 0xe0 + n) << n;
    for (unsigned n = 4; n < 31; ++n) EXPECT_EQ(accel_->reg(x_reg(n)), 0x700 + n) << n;
    EXPECT_EQ(accel_->reg(CoreReg::ElrEl1), 0x11u);
    EXPECT_EQ(accel_->reg(CoreReg::SpsrEl1), 0x22u);
    EXPECT_EQ(accel_->get(arch::reg::ESR_EL1), 0x33u);
}

TEST_F(Events, AReturnHasThePstateThatItSays) {
    trap::Redirect to = handler(0x6080'0c10);
    to.as_exception = false;
    to.count = 18;
    for (unsigned n = 0; n < 31; ++n) accel_->preset(x_reg(n), 0x700 + n);
    post(to);
    settle();
    EXPECT_EQ(accel_->reg(CoreReg::Pstate), 0x6080'0c10u);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kHandler);
    for (unsigned n = 0; n < 18; ++n) EXPECT_EQ(accel_->reg(x_reg(n)), 0xe0 + n) << n;
    for (unsigned n = 18; n < 31; ++n) EXPECT_EQ(accel_->reg(x_reg(n)), 0x700 + n) << n;
}

TEST_F(Events, AReturnToAnExceptionHasElrAndSpsr) {
    trap::Redirect to = handler(Pstate::kModeEl0t);
    to.exception_return = {{.elr_el1 = 0x1234, .spsr_el1 = 0x8000'0000}};
    post(to);
    settle();
    EXPECT_EQ(accel_->reg(CoreReg::ElrEl1), 0x1234u);
    EXPECT_EQ(accel_->reg(CoreReg::SpsrEl1), 0x8000'0000u);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kHandler);
    EXPECT_EQ(accel_->reg(CoreReg::Pstate), kEl1h | Pstate::Tco::kMask);
}

// DDI0487 "Exception entry": what survives, what is cleared, what SCTLR_EL1 decides.
TEST_F(Events, AnEntryMakesPstateThatOfAnException) {
    struct Row {
        u64 before, sctlr, after;
    };
    constexpr u64 kTco = Pstate::Tco::kMask, kPan = Pstate::Pan::kMask, kSsbs = Pstate::Ssbs::kMask;
    constexpr u64 kCleared =
        Pstate::Uao::kMask | Pstate::Ss::kMask | Pstate::Il::kMask | Pstate::Btype::kMask;
    constexpr u64 kAArch32Thumb = 0x30, kAArch32Flags = u64{0x0a0f'fc00};
    constexpr Row kRows[] = {
        {Pstate::kModeEl0t, kSpan, kEl1h | kTco},
        {Pstate::kModeEl1t | kCleared, kSpan, kEl1h | kTco},
        {kEl1h | kSsbs, kSpan, kEl1h | kTco},
        {kEl1h, kSpan | kDssbs, kEl1h | kTco | kSsbs},
        {kEl1h, 0, kEl1h | kTco | kPan},
        {kEl1h | kPan, kSpan, kEl1h | kTco | kPan},
        {0xf000'0000 | Pstate::Dit::kMask, kSpan, 0xf000'0000 | Pstate::Dit::kMask | kEl1h | kTco},
        {0x9000'0000 | kAArch32Thumb | kAArch32Flags, kSpan, 0x9000'0000 | kEl1h | kTco},
    };
    for (const Row& row : kRows) {
        accel_->preset(arch::reg::SCTLR_EL1, row.sctlr);
        post(handler(row.before));
        settle();
        EXPECT_EQ(accel_->reg(CoreReg::Pstate), row.after) << std::hex << row.before;
        vcpu_->resume();
        accel_->wait_idle();
    }
}

// As the outcome of a call: SDEI_EVENT_COMPLETE. The instruction is not skipped afterwards.
TEST_F(Events, ACallCanRedirectWhicheverConduitItUsed) {
    for (const ExceptionClass ec : {ExceptionClass::Hvc64, ExceptionClass::Smc64}) {
        accel_->preset(CoreReg::Pstate, kEl1h);
        accel_->preset(x_reg(0), kRedirectCall);
        trap(ec, 0, ec == ExceptionClass::Hvc64 ? kPc + 4 : kPc);
        EXPECT_EQ(accel_->reg(CoreReg::Pc), kRedirected);
        EXPECT_EQ(accel_->reg(x_reg(0)), 0x55u);
        EXPECT_EQ(accel_->reg(CoreReg::Pstate), u64{Pstate::kModeEl0t});
    }
}

}  // namespace
}  // namespace trapeze::vcpu
