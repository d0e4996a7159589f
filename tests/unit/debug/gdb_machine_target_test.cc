// The machine as gdb's target: registers by number, points, and what the vCPUs are told when they go on.
#include "gdb/machine_target.h"

#include <gmock/gmock.h>

#include "fake_machine.h"

namespace trapeze::debug::gdb {
namespace {

using accel::CoreReg;
using arch::Esr;
using arch::ExceptionClass;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Kind = vcpu::DebugEvent::Kind;
using Reason = StopInfo::Reason;

constexpr u64 kRam = FakeMachine::kRam;
constexpr u64 kCode = kRam + 0x5000;
constexpr u32 kNop = 0xd503'201f;
constexpr u32 kBrk = 0xd42f'4fc0;  // BRK #0x7a7e
constexpr u64 kEl1h = 0x3c5;

class GdbMachineTarget : public testing::Test {
protected:
    GdbMachineTarget() {
        for (u64 at = kCode; at < kCode + 0x40; at += 8) machine_.store_u64(at, u64{kNop} << 32 | kNop);
    }
    u64 reg(unsigned number, std::size_t cpu = 0) {
        u64 value = 0;
        EXPECT_TRUE(target_.read_register(cpu, number, bytes_of(value, number)));
        return value;
    }
    bool set_reg(unsigned number, u64 value, std::size_t cpu = 0) {
        return target_.write_register(cpu, number, bytes_of(value, number));
    }
    std::span<u8> bytes_of(u64& value, unsigned number) {
        EXPECT_LE(target_.register_size(number), sizeof(value));
        return {reinterpret_cast<u8*>(&value), target_.register_size(number)};
    }
    // gdb's number of a register, from the description it is given.
    unsigned number_of(const std::string& name) {
        const std::string xml(target_.description_xml());
        const std::size_t at = xml.find("<reg name=\"" + name + "\"");
        EXPECT_NE(at, std::string::npos) << name;
        return at == std::string::npos
                   ? 0
                   : static_cast<unsigned>(std::stoul(xml.substr(xml.find("regnum=\"", at) + 8)));
    }
    u32 in_ram(u64 address) {
        u32 value = 0;
        EXPECT_TRUE(
            machine_.memory().read(mem::Gpa{address}, {reinterpret_cast<u8*>(&value), sizeof(value)}));
        return value;
    }
    PointResult insert(PointKind kind, u64 address, u64 length = 4) {
        return target_.insert(0, kind, address, length);
    }
    bool resume(std::vector<ResumeAction> actions, unsigned flags = kStepEnable | kStepNoIrq) {
        return target_.resume(actions, flags, error_);
    }
    // As the stub does it when the machine stops.
    void stop() {
        target_.stop();
        target_.settle();
    }
    accel::GuestDebug debug(std::size_t cpu) { return machine_.accels[cpu]->guest_debug(); }

    FakeMachine machine_;
    MachineTarget target_{machine_, [](std::string_view line) { return std::string(line) + "!\n"; }};
    std::string error_;
};

// --- Registers ---

TEST_F(GdbMachineTarget, CoreRegisters) {
    machine_.accels[1]->preset(accel::x_reg(30), 0x1234);
    machine_.accels[1]->preset(CoreReg::Pc, kCode);
    EXPECT_EQ(reg(30, 1), 0x1234u);
    EXPECT_EQ(reg(kPcNumber, 1), kCode);
    EXPECT_EQ(target_.pc(1), kCode);
    target_.set_pc(1, kCode + 4);
    EXPECT_EQ(reg(kPcNumber, 1), kCode + 4);
    EXPECT_TRUE(set_reg(0, 7, 1));
    EXPECT_EQ(machine_.accels[1]->reg(CoreReg::X0), 7u);
    EXPECT_EQ(machine_.accels[0]->reg(CoreReg::X0), 0u);
    EXPECT_EQ(target_.register_size(100'000), 0u);
}

TEST_F(GdbMachineTarget, SpIsTheOneThatPstateSelects) {
    machine_.accels[0]->preset(CoreReg::Sp, 0x1000);
    machine_.accels[0]->preset(CoreReg::SpEl1, 0x2000);
    for (const u64 mode : {0b0000u, 0b0100u}) {
        machine_.accels[0]->preset(CoreReg::Pstate, mode);
        EXPECT_EQ(reg(kSpNumber), 0x1000u);
    }
    machine_.accels[0]->preset(CoreReg::Pstate, kEl1h);
    EXPECT_EQ(reg(kSpNumber), 0x2000u);
    EXPECT_TRUE(set_reg(kSpNumber, 0x3000));
    EXPECT_EQ(machine_.accels[0]->reg(CoreReg::SpEl1), 0x3000u);
    EXPECT_EQ(machine_.accels[0]->reg(CoreReg::Sp), 0x1000u);
    EXPECT_EQ(reg(number_of("SP_EL0")), 0x1000u);
    EXPECT_EQ(reg(number_of("SP_EL1")), 0x3000u);
}

TEST_F(GdbMachineTarget, CpsrKeepsTheHighHalfAndRefusesOtherModes) {
    machine_.accels[0]->preset(CoreReg::Pstate, u64{1} << 34 | kEl1h);
    EXPECT_EQ(reg(kCpsrNumber), kEl1h);
    EXPECT_TRUE(set_reg(kCpsrNumber, 0x6000'0004));
    EXPECT_EQ(machine_.accels[0]->reg(CoreReg::Pstate), u64{1} << 34 | 0x6000'0004u);
    for (const u64 mode : {0b01001u, 0b01101u, 0b10011u, 0b00001u}) EXPECT_FALSE(set_reg(kCpsrNumber, mode));
    EXPECT_EQ(machine_.accels[0]->reg(CoreReg::Pstate), u64{1} << 34 | 0x6000'0004u);
}

TEST_F(GdbMachineTarget, SystemRegistersByName) {
    machine_.accels[0]->preset(arch::reg::VBAR_EL1, 0x8000);
    const unsigned vbar = number_of("VBAR_EL1");
    EXPECT_EQ(reg(vbar), 0x8000u);
    EXPECT_TRUE(set_reg(vbar, 0x9000));
    EXPECT_EQ(machine_.accels[0]->get(arch::reg::VBAR_EL1), 0x9000u);
    machine_.accels[0]->preset(CoreReg::ElrEl1, kCode);
    EXPECT_EQ(reg(number_of("ELR_EL1")), kCode);
    EXPECT_TRUE(set_reg(number_of("SPSR_EL1"), kEl1h));
    EXPECT_EQ(machine_.accels[0]->reg(CoreReg::SpsrEl1), kEl1h);
    EXPECT_FALSE(set_reg(number_of("MIDR_EL1"), 1)) << "the guest's CPU is what it is";
    EXPECT_FALSE(set_reg(number_of("ID_AA64PFR0_EL1"), 1));
    EXPECT_TRUE(set_reg(number_of("CSSELR_EL1"), 2)) << "op1 2: no identification";
}

TEST_F(GdbMachineTarget, VectorRegistersAreTheAccelerators) {
    std::vector<u8> value(16, 0x5a);
    const unsigned v3 = number_of("v3");
    ASSERT_EQ(target_.register_size(v3), 16u);
    EXPECT_TRUE(target_.write_register(0, v3, value));
    std::vector<u8> back(16);
    EXPECT_TRUE(target_.read_register(0, v3, back));
    EXPECT_EQ(back, value);
    EXPECT_TRUE(set_reg(number_of("fpcr"), 0x01000000));
    EXPECT_EQ(reg(number_of("fpcr")), 0x01000000u);
}

TEST_F(GdbMachineTarget, TheDescriptionFollowsTheCpu) {
    EXPECT_THAT(target_.description_xml(), Not(HasSubstr("aarch64.sve")));
    EXPECT_THAT(target_.description_xml(), Not(HasSubstr("pauth")));
    FakeMachine machine;
    machine.accels[0]->preset_vector_length(32);
    machine.accels[0]->preset(arch::reg::ID_AA64ISAR1_EL1, 1 << 8);                         // API
    machine.accels[0]->preset(arch::reg::TCR_EL1, u64{1} << 37 | u64{25} << 16 | u64{25});  // TBI0, 39 bits
    MachineTarget target(machine, {});
    const std::string xml(target.description_xml());
    EXPECT_THAT(xml, HasSubstr("aarch64.sve"));
    EXPECT_THAT(xml, HasSubstr("<reg name=\"z0\" bitsize=\"256\" regnum=\"34\""));
    const unsigned vg = 85;
    ASSERT_THAT(xml, HasSubstr("<reg name=\"vg\" bitsize=\"64\" regnum=\"85\""));
    u64 value = 0;
    const std::span<u8> bytes(reinterpret_cast<u8*>(&value), sizeof(value));
    EXPECT_TRUE(target.read_register(0, vg, bytes));
    EXPECT_EQ(value, 4u);
    EXPECT_FALSE(target.write_register(0, vg, bytes));
    // The masks follow it: data and code, low and high half.
    const u64 without_tag = 0x00ff'ff80'0000'0000, whole = 0xffff'ff80'0000'0000;
    const u64 masks[] = {without_tag, without_tag, whole, whole};
    for (unsigned n = 0; n < 4; ++n) {
        EXPECT_TRUE(target.read_register(0, vg + 1 + n, bytes));
        EXPECT_EQ(value, masks[n]) << n;
        EXPECT_FALSE(target.write_register(0, vg + 1 + n, bytes));
    }
}

TEST_F(GdbMachineTarget, MemoryMaps) {
    EXPECT_THAT(target_.memory_map_xml(true),
                HasSubstr("<memory type=\"ram\" start=\"0x40000000\" length=\"0x200000\"/>\n</memory-map>"));
    EXPECT_THAT(
        target_.memory_map_xml(false),
        HasSubstr("<memory type=\"ram\" start=\"0x0\" length=\"0x8000000000000000\"/>\n"
                  "<memory type=\"ram\" start=\"0x8000000000000000\" length=\"0x8000000000000000\"/>"));
}

TEST_F(GdbMachineTarget, TheMonitorAndTheEnd) {
    EXPECT_EQ(target_.monitor("info status"), "info status!\n");
    target_.kill();
    EXPECT_EQ(machine_.log, "quit ");
}

// --- Points ---

TEST_F(GdbMachineTarget, SoftwareBreakpointsAreInMemory) {
    EXPECT_EQ(insert(PointKind::Software, kCode), PointResult::Done);
    EXPECT_EQ(insert(PointKind::Software, kCode), PointResult::Done) << "gdb may insert again";
    EXPECT_EQ(in_ram(kCode), kBrk);
    u8 bytes[4] = {};
    EXPECT_EQ(target_.read_memory(0, kCode, bytes, false), 4u);
    EXPECT_EQ(bytes[0], kNop & 0xff);
    EXPECT_EQ(target_.remove(PointKind::Software, kCode, 4), PointResult::Done);
    EXPECT_EQ(in_ram(kCode), kNop);
    EXPECT_EQ(target_.remove(PointKind::Software, kCode, 4), PointResult::Failed);
    EXPECT_EQ(insert(PointKind::Software, kCode + 2), PointResult::Failed);
    EXPECT_EQ(insert(PointKind::Software, kCode, 2), PointResult::Failed) << "Thumb";
}

TEST_F(GdbMachineTarget, TwoNamesOfAPageShareItsBreakpoint) {
    machine_.map_page(0, 0x1000, kCode);
    machine_.map_page(0, 0x2000, kCode);
    EXPECT_EQ(insert(PointKind::Software, 0x1000), PointResult::Done);
    EXPECT_EQ(insert(PointKind::Software, 0x2000), PointResult::Done);
    EXPECT_EQ(target_.remove(PointKind::Software, 0x1000, 4), PointResult::Done);
    EXPECT_EQ(in_ram(kCode), kBrk);
    target_.remove_all();
    EXPECT_EQ(in_ram(kCode), kNop);
}

TEST_F(GdbMachineTarget, ThereAreAsManyHardwarePointsAsTheCpuHas) {  // two of each
    EXPECT_EQ(insert(PointKind::Hardware, kCode), PointResult::Done);
    EXPECT_EQ(insert(PointKind::Hardware, kCode + 4), PointResult::Done);
    EXPECT_EQ(insert(PointKind::Hardware, kCode + 8), PointResult::Unsupported);
    EXPECT_EQ(insert(PointKind::Software, kCode + 8), PointResult::Done) << "needs none";
    EXPECT_EQ(insert(PointKind::WriteWatch, 0x1000, 8), PointResult::Done);
    EXPECT_EQ(insert(PointKind::ReadWatch, 0x2004, 8), PointResult::Unsupported) << "two doublewords";
    EXPECT_EQ(insert(PointKind::ReadWatch, 0x2004, 4), PointResult::Done);
    EXPECT_EQ(insert(PointKind::AccessWatch, 0x3000, 1), PointResult::Unsupported);
    EXPECT_EQ(insert(PointKind::AccessWatch, 0x3000, 0), PointResult::Failed);
    EXPECT_EQ(insert(PointKind::AccessWatch, 0x3000, ~u64{0}), PointResult::Unsupported);
    EXPECT_EQ(target_.remove(PointKind::Hardware, kCode, 4), PointResult::Done);
    EXPECT_EQ(insert(PointKind::Hardware, kCode + 8), PointResult::Done);
}

TEST_F(GdbMachineTarget, WhereNothingIsMappedYetHardwareStandsIn) {
    machine_.start_cpus();
    stop();
    constexpr u64 kNotYet = 0xffff'8000'0808'0000;
    EXPECT_EQ(insert(PointKind::Software, kNotYet), PointResult::Done);
    EXPECT_EQ(insert(PointKind::Software, kNotYet + 4), PointResult::Done);
    EXPECT_EQ(insert(PointKind::Software, kNotYet + 8), PointResult::Failed);
    EXPECT_TRUE(resume({ResumeAction::Continue, ResumeAction::Continue}));
    EXPECT_THAT(debug(0).breakpoints, ElementsAre(kNotYet, kNotYet + 4));
    EXPECT_FALSE(debug(0).software_breakpoints);
    const auto stop = target_.explain(0, {.kind = Kind::HardwareBreakpoint, .pc = kNotYet});
    ASSERT_TRUE(stop);
    EXPECT_EQ(stop->reason, Reason::SoftwareBreak) << "what gdb asked for";
}

// --- Why it stopped ---

TEST_F(GdbMachineTarget, ExplainsBreakpoints) {
    insert(PointKind::Software, kCode);
    insert(PointKind::Hardware, kCode + 4);
    const auto software = target_.explain(1, {.kind = Kind::SoftwareBreakpoint, .pc = kCode});
    ASSERT_TRUE(software);
    EXPECT_EQ(software->cpu, 1u);
    EXPECT_EQ(software->signal, kSignalTrap);
    EXPECT_EQ(software->reason, Reason::SoftwareBreak);
    EXPECT_EQ(target_.explain(0, {.kind = Kind::HardwareBreakpoint, .pc = kCode + 4})->reason,
              Reason::HardwareBreak);
    EXPECT_EQ(target_.explain(0, {.kind = Kind::Step, .pc = kCode})->reason, Reason::None);
    EXPECT_FALSE(target_.explain(0, {.kind = Kind::SoftwareBreakpoint, .pc = kCode + 8}))
        << "a BRK of the guest's own";
    EXPECT_FALSE(target_.explain(0, {.kind = Kind::SoftwareBreakpoint, .pc = 0xffff'8000'0000'0000}))
        << "nothing is mapped there by now";
}

TEST_F(GdbMachineTarget, ExplainsWatchpointsByTheNearest) {
    const auto watch = [this](u64 address) {
        const auto stop = target_.explain(0, {.kind = Kind::Watchpoint, .pc = kCode, .address = address});
        EXPECT_TRUE(stop);
        return std::pair(stop->watch, stop->reason == Reason::Watch ? stop->address : 0);
    };
    EXPECT_EQ(watch(0x1000).second, 0u) << "it has been removed since";
    insert(PointKind::WriteWatch, 0x1010, 4);
    insert(PointKind::ReadWatch, 0x1020, 8);
    EXPECT_EQ(watch(0x1012), std::pair(PointKind::WriteWatch, u64{0x1012}));
    EXPECT_EQ(watch(0x1024), std::pair(PointKind::ReadWatch, u64{0x1024}));
    EXPECT_EQ(watch(0x1008), std::pair(PointKind::WriteWatch, u64{0x1010}))
        << "an access that reaches into it";
    EXPECT_EQ(watch(0x101c), std::pair(PointKind::ReadWatch, u64{0x1020}));
    EXPECT_EQ(watch(0x1040), std::pair(PointKind::ReadWatch, u64{0x1020}));
}

// --- Running ---

TEST_F(GdbMachineTarget, EachVcpuGoesOnWithItsAction) {
    machine_.start_cpus();
    stop();
    insert(PointKind::Software, kCode);
    insert(PointKind::WriteWatch, 0x1003, 7);
    const unsigned runs = machine_.accels[1]->runs();
    EXPECT_TRUE(resume({ResumeAction::Step, ResumeAction::Hold}));
    EXPECT_TRUE(target_.is_running());
    EXPECT_TRUE(debug(0).single_step);
    EXPECT_TRUE(debug(0).mask_interrupts);
    EXPECT_TRUE(debug(0).software_breakpoints);
    EXPECT_THAT(debug(0).watchpoints, ElementsAre(accel::Watchpoint{0x1003, 5, accel::WatchKind::Write},
                                                  accel::Watchpoint{0x1008, 2, accel::WatchKind::Write}));
    machine_.accels[0]->wait_idle();
    stop();
    EXPECT_EQ(machine_.accels[1]->runs(), runs) << "it was held";
    EXPECT_FALSE(debug(0).single_step) << "a step ends with the stop";
    EXPECT_FALSE(debug(0).mask_interrupts);
    EXPECT_TRUE(resume({ResumeAction::Step, ResumeAction::Continue}, kStepEnable));
    EXPECT_FALSE(debug(0).mask_interrupts) << "interrupts were asked for";
    EXPECT_FALSE(debug(1).single_step);
    machine_.wait_in_guest();
}

TEST_F(GdbMachineTarget, SaysWhyItCannotGoOn) {
    machine_.start_cpus();
    stop();
    machine_.state = RunState::GuestPanicked;
    EXPECT_FALSE(resume({ResumeAction::Continue, ResumeAction::Continue}));
    EXPECT_EQ(error_, "a reset is needed");
    machine_.state = RunState::Debug;
    machine_.accels[1]->refuse_guest_debug(true);
    EXPECT_FALSE(resume({ResumeAction::Continue, ResumeAction::Step}));
    EXPECT_EQ(error_, "no debugging today");
    EXPECT_FALSE(target_.is_running());
}

TEST_F(GdbMachineTarget, StepsAgainWithoutStoppingTheOthers) {
    machine_.start_cpus();
    stop();
    EXPECT_TRUE(resume({ResumeAction::Step, ResumeAction::Continue}));
    machine_.wait_in_guest();
    machine_.accels[0]->push(accel::DebugExit{Esr::make(ExceptionClass::SoftwareStepLower, 0), kCode, 0});
    EXPECT_EQ(machine_.wait_debug_event().second.kind, Kind::Step);
    const unsigned others = machine_.accels[1]->runs();
    EXPECT_TRUE(target_.step_again(0));
    machine_.accels[0]->wait_idle();
    EXPECT_TRUE(debug(0).single_step);
    EXPECT_EQ(machine_.accels[1]->runs(), others);
    machine_.accels[0]->refuse_guest_debug(true);
    EXPECT_FALSE(target_.step_again(0)) << "the caller stops the machine";
}

TEST_F(GdbMachineTarget, ABrkOfTheGuestIsReflectedIfItIsThere) {
    machine_.accels[0]->preset(arch::reg::VBAR_EL1, 0x8000);
    machine_.start_cpus();
    stop();
    insert(PointKind::Software, kCode + 0x20);
    EXPECT_TRUE(resume({ResumeAction::Continue, ResumeAction::Continue}));
    machine_.wait_in_guest();
    const auto meet_brk = [this] {
        machine_.accels[0]->preset(CoreReg::Pc, kCode);
        machine_.accels[0]->push(
            accel::DebugExit{Esr::make(ExceptionClass::Brk64, vcpu::kDebuggerBrk), kCode, 0});
        EXPECT_EQ(machine_.wait_debug_event().second.kind, Kind::SoftwareBreakpoint);
        target_.reflect(0);
        machine_.accels[0]->wait_idle();
    };
    meet_brk();
    EXPECT_EQ(machine_.accels[0]->reg(CoreReg::Pc), kCode) << "the breakpoint has been removed meanwhile";
    machine_.store_u64(kCode, u64{kNop} << 32 | kBrk);
    meet_brk();
    EXPECT_EQ(machine_.accels[0]->reg(CoreReg::Pc), 0x8200u);
    EXPECT_EQ(machine_.accels[0]->reg(CoreReg::ElrEl1), kCode);
    EXPECT_EQ(machine_.accels[0]->get(arch::reg::ESR_EL1),
              Esr::make(ExceptionClass::Brk64, vcpu::kDebuggerBrk).value);
}

TEST_F(GdbMachineTarget, AVcpuThatTurnsOnShowsWhereItWillStart) {
    machine_.start_cpus();
    stop();
    machine_.cpu(1).power_off_paused();
    EXPECT_EQ(target_.cpu_description(1), "CPU#1 [off]");
    ASSERT_EQ(machine_.cpu(1).power_on(kCode, 5), vcpu::PowerOnResult::Success);
    EXPECT_EQ(target_.cpu_description(1), "CPU#1 [turning on]");
    target_.settle();
    EXPECT_EQ(target_.cpu_description(1), "CPU#1 [running]");
    EXPECT_EQ(target_.pc(1), kCode);
    EXPECT_EQ(reg(0, 1), 5u);
}

TEST_F(GdbMachineTarget, BreakpointsSurviveAReset) {
    insert(PointKind::Software, kCode);
    machine_.store_u64(kCode, u64{kNop} << 32 | kNop);  // the kernel is loaded again
    target_.was_reset();
    EXPECT_EQ(in_ram(kCode), kBrk);
    target_.remove_all();
    EXPECT_EQ(in_ram(kCode), kNop);
}

}  // namespace
}  // namespace trapeze::debug::gdb
