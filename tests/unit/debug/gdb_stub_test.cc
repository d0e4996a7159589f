// The stub between a port and the machine: peers that come, go, and break off in the middle of anything.
#include "trapeze/debug/gdb.h"

#include <gmock/gmock.h>

#include "fake_machine.h"
#include "gdb/packet.h"
#include "monitor_fakes.h"

namespace trapeze::debug {
namespace {

using accel::CoreReg;
using arch::Esr;
using arch::ExceptionClass;
using gdb::frame;
using testing::EndsWith;
using testing::HasSubstr;

constexpr u64 kCode = FakeMachine::kRam + 0x5000;
constexpr u64 kWatched = FakeMachine::kRam + 0x6000;
constexpr u32 kNop = 0xd503'201f;
constexpr u32 kBrk = 0xd42f'4fc0;  // BRK #0x7a7e

class GdbStubTest : public testing::Test {
protected:
    GdbStubTest() {
        machine_.store_u64(kCode, u64{kNop} << 32 | kNop);
        machine_.start_cpus();
        stub_.serve(port_);
    }
    void raw(std::string_view bytes) {
        stub_.receive({reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
    }
    // A packet, and the payload of the last one that came back.
    std::string send(std::string_view payload) {
        port_.text.clear();
        raw(frame(payload));
        return reply();
    }
    std::string reply() const {
        const std::size_t begin = port_.text.rfind('$'), end = port_.text.rfind('#');
        return begin == std::string::npos ? "" : port_.text.substr(begin + 1, end - begin - 1);
    }
    // A gdb with a breakpoint and a watchpoint.
    void attach() {
        stub_.peer_changed(true);
        ASSERT_EQ(send("?"), "T05thread:1;");
        ASSERT_EQ(send("Z0,40005000,4"), "OK");
        ASSERT_EQ(send("Z2,40006000,8"), "OK");
        ASSERT_EQ(in_ram(), kBrk);
    }
    u32 in_ram() {
        u32 value = 0;
        EXPECT_TRUE(machine_.memory().read(mem::Gpa{kCode}, {reinterpret_cast<u8*>(&value), sizeof(value)}));
        return value;
    }
    // Nothing of a debugger is left.
    void expect_undisturbed() {
        EXPECT_EQ(in_ram(), kNop);
        for (vcpu::FakeAccel* accel : machine_.accels) EXPECT_EQ(accel->guest_debug(), accel::GuestDebug{});
    }
    void expect_running() {
        ASSERT_TRUE(machine_.is_running());
        machine_.wait_in_guest();
    }
    // Attaches, sees the guest's memory, sets a breakpoint, lets it run and is told that it was hit.
    void expect_a_new_peer_works() {
        stub_.peer_changed(true);
        EXPECT_FALSE(machine_.is_running());
        EXPECT_EQ(send("?"), "T05thread:1;");
        EXPECT_EQ(send("m40005000,4"), "1f2003d5");
        EXPECT_EQ(send("Z0,40005000,4"), "OK");
        EXPECT_EQ(send("vCont;c"), "");
        expect_running();
        hit_breakpoint(1);
        EXPECT_EQ(reply(), "T05thread:2;swbreak:;");
        EXPECT_EQ(send("z0,40005000,4"), "OK");
        EXPECT_EQ(send("D"), "OK");
        expect_running();
        stub_.peer_changed(false);
        expect_running();
        expect_undisturbed();
    }
    // A vCPU meets one of attach()'s points. The stub does not know yet.
    std::pair<std::size_t, vcpu::DebugEvent> meet(std::size_t cpu, Esr point) {
        machine_.accels[cpu]->preset(CoreReg::Pc, kCode);
        machine_.accels[cpu]->push(accel::DebugExit{point, kCode, kWatched});
        return machine_.wait_debug_event();
    }
    void hit_breakpoint(std::size_t cpu) {
        const auto [index, event] = meet(cpu, kBreakpoint);
        stub_.vcpu_stopped(index, event);
    }

    static constexpr Esr kBreakpoint = Esr::make(ExceptionClass::Brk64, vcpu::kDebuggerBrk);
    static constexpr Esr kWatchpoint = Esr::make(ExceptionClass::WatchpointLower, 0);

    FakeMachine machine_;
    TextPort port_;
    GdbStub stub_{machine_, nullptr};
};

TEST_F(GdbStubTest, APeerStopsTheMachineAndDetachingLetsItRun) {
    expect_a_new_peer_works();
    EXPECT_EQ(machine_.log, "stop cont stop cont ");
}

TEST_F(GdbStubTest, AConnectionThatBreaksLeavesARunningGuestRunning) {
    attach();
    EXPECT_EQ(send("vCont;c"), "");
    expect_running();
    EXPECT_FALSE(machine_.accels[0]->guest_debug().watchpoints.empty());
    stub_.peer_changed(false);
    expect_running();
    expect_undisturbed();
    expect_a_new_peer_works();
}

TEST_F(GdbStubTest, AConnectionThatBreaksLeavesAStoppedGuestStopped) {
    attach();
    stub_.peer_changed(false);
    EXPECT_EQ(machine_.state, RunState::Debug);
    expect_undisturbed();
    expect_a_new_peer_works();
}

TEST_F(GdbStubTest, AConnectionMayBreakInsideAPacket) {
    const std::string packet = frame("M40005000,4:00000000");
    for (std::size_t length = 1; length < packet.size(); ++length) {
        for (const bool running : {false, true}) {
            attach();
            if (running) {
                EXPECT_EQ(send("c"), "");
            }
            raw(std::string_view(packet).substr(0, length));
            stub_.peer_changed(false);
            EXPECT_EQ(machine_.is_running(), running);
            expect_undisturbed();
        }
    }
    expect_a_new_peer_works();
}

TEST_F(GdbStubTest, AConnectionMayBreakDuringAStepOfOneVcpu) {
    attach();
    EXPECT_EQ(send("vCont;r40005000,40005008:1"), "");  // vCPU 1 is held
    machine_.accels[0]->wait_idle();
    EXPECT_TRUE(machine_.accels[0]->guest_debug().single_step);
    stub_.peer_changed(false);
    expect_running();  // both
    expect_undisturbed();
    expect_a_new_peer_works();
}

TEST_F(GdbStubTest, AStopThatIsOnItsWayWhenTheConnectionBreaksIsForgotten) {
    for (const Esr point : {kBreakpoint, kWatchpoint}) {
        attach();
        EXPECT_EQ(send("vCont;c"), "");
        machine_.wait_in_guest();
        const auto [index, event] = meet(0, point);
        stub_.peer_changed(false);
        port_.text.clear();
        stub_.vcpu_stopped(index, event);
        expect_running();
        EXPECT_EQ(machine_.accels[0]->reg(CoreReg::Pc), kCode) << "where it stopped is where it goes on";
        EXPECT_EQ(port_.text, "");
        expect_undisturbed();
    }
}

TEST_F(GdbStubTest, AMachineThatNeedsAResetStaysAsItIs) {
    attach();
    machine_.state = RunState::GuestPanicked;
    stub_.peer_changed(false);
    EXPECT_EQ(machine_.state, RunState::GuestPanicked);
    expect_undisturbed();
}

TEST_F(GdbStubTest, APeerWithoutAGoodbyeIsFollowedByTheNext) {
    attach();
    EXPECT_EQ(send("c"), "");
    stub_.peer_changed(true);  // what a port says that missed the end of the one before
    EXPECT_FALSE(machine_.is_running());
    EXPECT_EQ(send("?"), "T05thread:1;");
    stub_.peer_changed(false);
    expect_undisturbed();
}

TEST_F(GdbStubTest, WhatComesAfterTheEndOfASessionMeansNothing) {
    attach();
    EXPECT_EQ(send("D"), "OK");
    raw("+" + frame("m40005000,4"));
    EXPECT_EQ(reply(), "OK");
    expect_running();
}

// Standard input tells nothing about peers: the first packet is one, noise is none.
TEST_F(GdbStubTest, OnAStreamWithoutPeersAPacketAttaches) {
    raw("+\x03");
    expect_running();
    EXPECT_EQ(send("qC"), "QC1");
    EXPECT_FALSE(machine_.is_running());
    EXPECT_EQ(send("D"), "OK");
    expect_running();
    EXPECT_EQ(send("qC"), "QC1");
    EXPECT_FALSE(machine_.is_running());
}

TEST_F(GdbStubTest, TheEndOfTheMachineIsTold) {
    attach();
    machine_.quit(ShutdownCause::HostUi);
    EXPECT_EQ(reply(), "W00");
    stub_.peer_changed(false);
}

TEST_F(GdbStubTest, InterruptsAndBreaksStop) {
    attach();
    for (const bool serial_break : {false, true}) {
        EXPECT_EQ(send("c"), "");
        if (serial_break) {
            stub_.receive_break();
        } else {
            raw("\x03");
        }
        EXPECT_EQ(reply(), "T02thread:1;");
        EXPECT_EQ(machine_.state, RunState::Debug);
    }
}

TEST_F(GdbStubTest, ThereMayBeNoMonitor) {
    attach();
    port_.text.clear();
    raw(frame("qRcmd," + gdb::to_hex(std::string_view("info status"))));
    EXPECT_THAT(port_.text, HasSubstr(gdb::to_hex(std::string_view("there is no monitor\n"))));
    raw(frame("qRcmd," + gdb::to_hex(std::string_view("catch wfx"))));
    EXPECT_THAT(port_.text, EndsWith(frame("OK")));
    EXPECT_THAT(port_.text, HasSubstr(gdb::to_hex(std::string_view("Catchpoint 1 (wfx)\n"))));
}

}  // namespace
}  // namespace trapeze::debug
