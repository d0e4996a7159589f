// The remote protocol, packet by packet, as the GDB manual's appendix "GDB Remote Serial Protocol" defines
// it: framing, running and stopping, and how a session ends.
#include "gdb_session_fixture.h"

namespace trapeze::debug::gdb {
namespace {

using testing::ElementsAre;
using testing::StartsWith;
using Action = ResumeAction;

// --- Framing ---

TEST_F(GdbSession, AcknowledgesAndChecksSums) {
    raw("$?#3f");
    EXPECT_EQ(out_, "+$T05thread:1;#d7");
    out_.clear();
    raw("$?#40");
    EXPECT_EQ(out_, "-");
}

TEST_F(GdbSession, RepeatsTheLastReplyWhenAsked) {
    (void)send("?");
    raw("-");
    EXPECT_EQ(out_, "$T05thread:1;#d7");
}

TEST_F(GdbSession, NoAckModeEndsAcknowledgements) {
    EXPECT_EQ(send("QStartNoAckMode"), "OK");
    raw("$?#00");
    EXPECT_EQ(out_, "");
    raw(frame("?"));
    EXPECT_THAT(out_, StartsWith("$T05"));
}

TEST_F(GdbSession, PacketsMayComeInPieces) {
    for (const char c : frame("?")) raw({&c, 1});
    EXPECT_EQ(take(), "T05thread:1;");
}

TEST_F(GdbSession, APacketThatIsTooLongIsAnError) {
    EXPECT_EQ(send("M" + std::string(kMaxPacket, '0')), "E16");
    EXPECT_EQ(send("?"), "T05thread:1;");
}

TEST_F(GdbSession, WhatIsNotKnownGetsAnEmptyReply) {
    for (const char* packet :
         {"vMustReplyEmpty", "!", "R00", "qSymbol::", "vFile:open:00", "Z5,0,4", "bs", "QNonStop:1"}) {
        EXPECT_EQ(send(packet), "") << packet;
    }
    EXPECT_EQ(target_.resumes, 0u);
}

// --- Running ---

TEST_F(GdbSession, ContinueAnswersWhenTheTargetStops) {
    resume_and_stop("c", {.cpu = 1, .reason = StopInfo::Reason::SoftwareBreak});
    EXPECT_THAT(target_.actions, ElementsAre(Action::Continue, Action::Continue));
    EXPECT_EQ(take(), "T05thread:2;swbreak:;");
    EXPECT_EQ(send("qC"), "QC2");
    EXPECT_EQ(send("?"), "T05thread:2;swbreak:;");
}

TEST_F(GdbSession, StopRepliesNameTheirReason) {
    resume_and_stop("c", {.cpu = 0, .reason = StopInfo::Reason::HardwareBreak});
    EXPECT_EQ(take(), "T05thread:1;hwbreak:;");
    StopInfo watch{.cpu = 0,
                   .reason = StopInfo::Reason::Watch,
                   .watch = PointKind::WriteWatch,
                   .address = 0xffff800012345678};
    resume_and_stop("c", watch);
    EXPECT_EQ(take(), "T05thread:1;watch:ffff800012345678;");
    watch.watch = PointKind::ReadWatch;
    resume_and_stop("c", watch);
    EXPECT_EQ(take(), "T05thread:1;rwatch:ffff800012345678;");
    watch.watch = PointKind::AccessWatch;
    resume_and_stop("c", watch);
    EXPECT_EQ(take(), "T05thread:1;awatch:ffff800012345678;");
}

TEST_F(GdbSession, InterruptStopsTheTarget) {
    EXPECT_EQ(send("c"), "");
    raw("\x03");
    EXPECT_EQ(target_.stops, 1u);
    session_.stopped({.cpu = 0, .signal = kSignalInterrupt});
    EXPECT_EQ(take(), "T02thread:1;");
    raw("\x03");  // already stopped
    EXPECT_EQ(target_.stops, 1u);
    EXPECT_EQ(take(), "");
}

TEST_F(GdbSession, AStopNobodyWaitsForIsNotReported) {
    session_.stopped({.cpu = 1});
    EXPECT_EQ(take(), "");
    EXPECT_EQ(send("?"), "T05thread:2;");
}

TEST_F(GdbSession, WhileRunningRegistersAndMemoryAreRefused) {
    EXPECT_EQ(send("c"), "");
    for (const char* packet :
         {"g", "p0", "m40000000,4", "M40000000,1:00", "Z0,40000000,4", "z0,40000000,4", "?", "c", "s",
          "vCont;c", "G00", "P0=00", "X40000000,0:", "x40000000,1", "qXfer:features:read:target.xml:0,9"}) {
        EXPECT_EQ(send(packet), "E01") << packet;
    }
    EXPECT_EQ(target_.resumes, 1u);
}

TEST_F(GdbSession, LegacyStepAndSignals) {
    EXPECT_EQ(send("Hc2"), "OK");
    resume_and_stop("s40000100", {.cpu = 1});
    EXPECT_THAT(target_.actions, ElementsAre(Action::Hold, Action::Step));
    EXPECT_EQ((target_.registers[{1, 1}]), 0x40000100u);
    EXPECT_EQ(take(), "T05thread:2;");
    EXPECT_EQ(send("Hc-1"), "OK");
    resume_and_stop("S05;40000200", {.cpu = 1});
    EXPECT_THAT(target_.actions, ElementsAre(Action::Continue, Action::Step));
    EXPECT_EQ((target_.registers[{1, 1}]), 0x40000200u);
    resume_and_stop("C05", {.cpu = 1});
    EXPECT_THAT(target_.actions, ElementsAre(Action::Continue, Action::Continue));
    EXPECT_EQ((target_.registers[{1, 1}]), 0x40000200u);
}

TEST_F(GdbSession, VContTakesTheLeftmostActionForEachThread) {
    EXPECT_EQ(send("vCont?"), "vCont;c;C;s;S;t;r");
    resume_and_stop("vCont;s:2;c", {.cpu = 1});
    EXPECT_THAT(target_.actions, ElementsAre(Action::Continue, Action::Step));
    resume_and_stop("vCont;s:2", {.cpu = 1});
    EXPECT_THAT(target_.actions, ElementsAre(Action::Hold, Action::Step));
    resume_and_stop("vCont;S05:p1.1;C02:p1.-1", {.cpu = 0});
    EXPECT_THAT(target_.actions, ElementsAre(Action::Step, Action::Continue));
    resume_and_stop("vCont;c;s:2", {.cpu = 0});
    EXPECT_THAT(target_.actions, ElementsAre(Action::Continue, Action::Continue));
    resume_and_stop("vCont;t:1;c:-1", {.cpu = 1});
    EXPECT_THAT(target_.actions, ElementsAre(Action::Hold, Action::Continue));
    const unsigned before = target_.resumes;
    for (const char* packet : {"vCont;", "vCont;x", "vCont;s:9", "vCont;s:p2.1", "vCont;t", "vCont;r1",
                               "vCont;r1,z:1", "vCont;:1"}) {
        EXPECT_EQ(send(packet), "E16") << packet;
    }
    EXPECT_EQ(target_.resumes, before);
}

TEST_F(GdbSession, RangeSteppingGoesOnInsideTheRange) {
    EXPECT_EQ(send("vCont;r40000100,40000108:1;c"), "");
    EXPECT_THAT(target_.actions, ElementsAre(Action::Step, Action::Continue));
    EXPECT_TRUE(session_.steps_on(0, 0x40000100));
    EXPECT_TRUE(session_.steps_on(0, 0x40000104));
    EXPECT_FALSE(session_.steps_on(0, 0x40000108));
    EXPECT_FALSE(session_.steps_on(1, 0x40000104));
    raw("\x03");
    EXPECT_FALSE(session_.steps_on(0, 0x40000104));
}

TEST_F(GdbSession, SaysWhyItCannotGoOn) {
    target_.refuse_resume = true;
    EXPECT_EQ(send("c"), "O" + to_hex(std::string_view("no\n")) + "|T05thread:1;");
}

TEST_F(GdbSession, StepFlagsAreQemus) {
    EXPECT_EQ(send("qqemu.sstepbits"), "ENABLE=1,NOIRQ=2,NOTIMER=4");
    EXPECT_EQ(send("qqemu.sstep"), "0x7");
    resume_and_stop("s", {});
    EXPECT_EQ(target_.flags, 7u);
    EXPECT_EQ(send("Qqemu.sstep=1"), "OK");
    EXPECT_EQ(send("qqemu.sstep"), "0x1");
    resume_and_stop("s", {});
    EXPECT_EQ(target_.flags, 1u);
    EXPECT_EQ(send("Qqemu.sstep=0x5"), "OK");
    EXPECT_EQ(send("Qqemu.sstep=8"), "E16");
    EXPECT_EQ(send("qqemu.sstep"), "0x5");
    EXPECT_EQ(send("qqemu.Supported"), "sstepbits;sstep;PhyMemMode");
}

// --- The end ---

TEST_F(GdbSession, DetachingLeavesTheMachineRunningWithoutBreakpoints) {
    (void)send("Z0,40000000,4");
    EXPECT_EQ(send("D;1"), "OK");
    EXPECT_TRUE(target_.points.empty());
    EXPECT_TRUE(target_.running);
    EXPECT_FALSE(session_.is_active());
    EXPECT_EQ(send("?"), "");
}

TEST_F(GdbSession, Killing) {
    EXPECT_EQ(send("vKill;1"), "OK");
    EXPECT_TRUE(target_.killed);
    session_.exited(0);
    EXPECT_EQ(take(), "");  // gdb has gone
    FakeTarget other;
    Session session(other, [](std::string_view) {});
    session.start();
    const std::string packet = frame("k");
    session.receive({reinterpret_cast<const u8*>(packet.data()), packet.size()});
    EXPECT_TRUE(other.killed);
}

TEST_F(GdbSession, TheEndOfTheMachineIsAnExit) {
    (void)send("c");
    session_.exited(3);
    EXPECT_EQ(take(), "W03");
    session_.start();
    (void)send("qSupported:multiprocess+");
    session_.killed_by_signal(15);
    EXPECT_EQ(take(), "X0f;process:1");
}

TEST_F(GdbSession, ConsoleTextComesOnlyWhileThePeerWaits) {
    session_.console("early\n");
    EXPECT_EQ(take(), "");
    (void)send("c");
    session_.console("caught\n");
    EXPECT_EQ(take(), "O" + to_hex(std::string_view("caught\n")));
}

TEST_F(GdbSession, ANewPeerStartsAfresh) {
    (void)send("QStartNoAckMode");
    (void)send("qSupported:multiprocess+");
    (void)send("Qqemu.PhyMemMode:1");
    (void)send("Hg2");
    raw("$half a pack");
    session_.start();
    raw("$?#3f");
    EXPECT_EQ(out_, "+$T05thread:1;#d7");
    EXPECT_EQ(send("qqemu.PhyMemMode"), "0");
}

}  // namespace
}  // namespace trapeze::debug::gdb
