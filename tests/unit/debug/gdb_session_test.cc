// The remote protocol, packet by packet, as the GDB manual's appendix "GDB Remote Serial Protocol" defines
// it.
#include <gmock/gmock.h>

#include "gdb/session.h"
#include "gdb_fake_target.h"

namespace trapeze::debug::gdb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Action = ResumeAction;

class GdbSession : public testing::Test {
protected:
    GdbSession() { session_.start(); }

    void raw(std::string_view bytes) {
        session_.receive({reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
    }
    // Sends a packet and returns all that comes back, without acknowledgements and framing; packets separated
    // by |.
    std::string send(std::string_view payload) {
        out_.clear();
        raw(frame(payload));
        return take();
    }
    std::string take() {
        std::string text;
        std::size_t at = 0;
        while ((at = out_.find('$', at)) != std::string::npos) {
            const std::size_t end = out_.find('#', at);
            if (!text.empty()) text += '|';
            text += out_.substr(at + 1, end - at - 1);
            at = end;
        }
        out_.clear();
        return text;
    }
    void resume_and_stop(std::string_view packet, const StopInfo& stop) {
        EXPECT_EQ(send(packet), "");
        target_.running = false;
        session_.stopped(stop);
    }

    FakeTarget target_;
    std::string out_;
    Session session_{target_, [this](std::string_view bytes) { out_ += bytes; }};
};

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

// --- Registers and memory ---

TEST_F(GdbSession, ReadsAndWritesAllRegisters) {
    target_.registers[{0, 0}] = 0x1122334455667788;
    target_.registers[{0, 2}] = 0xaabbccdd;
    EXPECT_EQ(send("g"),
              "8877665544332211"
              "0000000000000000"
              "ddccbbaa");
    EXPECT_EQ(send("G"
                   "0100000000000000"
                   "0200000000000000"
                   "03000000"),
              "OK");
    EXPECT_EQ((target_.registers[{0, 0}]), 1u);
    EXPECT_EQ((target_.registers[{0, 1}]), 2u);
    EXPECT_EQ((target_.registers[{0, 2}]), 3u);
    EXPECT_EQ(send("G01"), "E16");
    EXPECT_EQ(send("Gxx"), "E16");
}

TEST_F(GdbSession, ReadsAndWritesOneRegister) {
    EXPECT_EQ(send("P1=efbeadde00000000"), "OK");
    EXPECT_EQ(send("p1"), "efbeadde00000000");
    EXPECT_EQ(send("p3"), std::string(32, 'x'));
    EXPECT_EQ(send("P4=0000000000000000"), "E16");
    EXPECT_EQ(send("P1=ef"), "E16");
    for (const char* packet : {"p5", "p", "pzz", "pffffffffffff", "P5=00", "P1", "P=00"}) {
        EXPECT_EQ(send(packet), "E16") << packet;
    }
}

TEST_F(GdbSession, RegistersAreThoseOfTheChosenThread) {
    target_.registers[{1, 0}] = 7;
    EXPECT_EQ(send("Hg2"), "OK");
    EXPECT_EQ(send("p0"), "0700000000000000");
    EXPECT_EQ(send("Hg3"), "E16");
    EXPECT_EQ(send("Hx1"), "E16");
    EXPECT_EQ(send("H"), "E16");
}

TEST_F(GdbSession, ReadsAndWritesMemory) {
    EXPECT_EQ(send("M40000010,4:01020304"), "OK");
    EXPECT_EQ(send("m40000010,4"), "01020304");
    EXPECT_EQ(send("X40000020,4:ab}\x03"
                   "d"),
              "OK");  // } escapes #
    EXPECT_EQ(send("m40000020,4"), "61622364");
    EXPECT_EQ(send("x40000020,4"),
              "bab}\x03"
              "d");
    EXPECT_EQ(send("X40000000,0:"), "OK");  // gdb asks so whether X is there
    EXPECT_EQ(send("m3ffffff0,4"), "E0e");
    EXPECT_EQ(send("m40003ffe,8"), "0000");  // as much as there is
    EXPECT_EQ(send("M40003ffe,4:00000000"), "E0e");
    for (const char* packet : {"m", "m1", "m,4", "mg,4", "M40000010,4:0102", "M40000010,2", "X40000010,2",
                               "X40000010,2:abc", "m40000000,fffffffffffffffff"}) {
        EXPECT_EQ(send(packet), "E16") << packet;
    }
}

TEST_F(GdbSession, ALongReadIsCutShortInsteadOfOverflowing) {
    const std::string reply = send("m40000000,ffffffff");
    EXPECT_LE(reply.size(), kMaxPacket);
    EXPECT_GE(reply.size(), kMaxPacket - 2);
    target_.memory.assign(target_.memory.size(), '#');  // each needs an escape
    EXPECT_LE(send("x40000000,ffffffff").size(), kMaxPacket);
}

TEST_F(GdbSession, PhysicalMemoryMode) {
    target_.memory[0] = 0x5a;
    EXPECT_EQ(send("qqemu.PhyMemMode"), "0");
    EXPECT_EQ(send("m80000000,1"), "E0e");
    EXPECT_EQ(send("Qqemu.PhyMemMode:1"), "OK");
    EXPECT_EQ(send("qqemu.PhyMemMode"), "1");
    EXPECT_EQ(send("m80000000,1"), "5a");
    EXPECT_EQ(send("qXfer:memory-map:read::0,100"), "l<physical/>");
    EXPECT_EQ(send("Qqemu.PhyMemMode:0"), "OK");
    EXPECT_EQ(send("m40000000,1"), "5a");
}

// --- Breakpoints ---

TEST_F(GdbSession, InsertsAndRemovesPointsOfAllKinds) {
    EXPECT_EQ(send("Z0,40000000,4"), "OK");
    EXPECT_EQ(send("Z1,40000004,4"), "OK");
    EXPECT_EQ(send("Z2,40000008,8"), "OK");
    EXPECT_EQ(send("Z3,40000010,2;cond"), "OK");
    EXPECT_EQ(send("Z4,40000020,1"), "OK");
    EXPECT_EQ(send("Z1,40000024,4"), "E1c");  // no register is free
    EXPECT_EQ(send("Z0,10,4"), "E0e");
    EXPECT_THAT(target_.points, testing::Contains(FakeTarget::PointId{PointKind::ReadWatch, 0x40000010, 2}));
    EXPECT_EQ(target_.points.size(), 5u);
    EXPECT_EQ(send("z3,40000010,2"), "OK");
    EXPECT_EQ(send("z3,40000010,2"), "E16");
    for (const char* packet : {"Z", "Z0", "Z0,", "Z0,4", "z0x4,4", "Z0,g,4"})
        EXPECT_EQ(send(packet), "E16") << packet;
    EXPECT_EQ(target_.points.size(), 4u);
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

// --- Queries ---

TEST_F(GdbSession, SupportedFeatures) {
    const std::string reply = send("qSupported:multiprocess+;swbreak+;xmlRegisters=i386");
    for (const char* feature :
         {"PacketSize=4000", "QStartNoAckMode+", "multiprocess+", "swbreak+", "hwbreak+", "vContSupported+",
          "qXfer:features:read+", "qXfer:memory-map:read+", "qXfer:threads:read+"}) {
        EXPECT_THAT(reply, HasSubstr(feature));
    }
    EXPECT_EQ(send("?"), "T05thread:p1.1;");
    EXPECT_EQ(send("qC"), "QCp1.1");
}

TEST_F(GdbSession, Threads) {
    EXPECT_EQ(send("qfThreadInfo"), "m1,2");
    EXPECT_EQ(send("qsThreadInfo"), "l");
    EXPECT_EQ(send("T2"), "OK");
    EXPECT_EQ(send("T3"), "E16");
    EXPECT_EQ(send("T-1"), "E16");
    EXPECT_EQ(send("qThreadExtraInfo,2"), to_hex(std::string_view("CPU#1 [<on>]")));
    EXPECT_EQ(send("qThreadExtraInfo,7"), "E16");
    EXPECT_EQ(send("qAttached"), "1");
    EXPECT_EQ(send("qAttached:1"), "1");
    (void)send("qSupported:multiprocess+");
    EXPECT_EQ(send("qfThreadInfo"), "mp1.1,p1.2");
    EXPECT_EQ(send("qXfer:threads:read::0,1000"),
              "l<?xml version=\"1.0\"?>\n<threads>\n<thread id=\"p1.1\" core=\"0\">CPU}\x03"
              "0 [&lt;on&gt;]</thread>\n"
              "<thread id=\"p1.2\" core=\"1\">CPU}\x03"
              "1 [&lt;on&gt;]</thread>\n</threads>\n");
}

TEST_F(GdbSession, DocumentsComeInPieces) {
    target_.xml = "0123456789";
    EXPECT_EQ(send("qXfer:features:read:target.xml:0,4"), "m0123");
    EXPECT_EQ(send("qXfer:features:read:target.xml:4,100"), "l456789");
    EXPECT_EQ(send("qXfer:features:read:target.xml:a,4"), "l");
    EXPECT_EQ(send("qXfer:features:read:target.xml:b,4"), "E16");
    EXPECT_EQ(send("qXfer:features:read:target.xml:0"), "E16");
    EXPECT_EQ(send("qXfer:features:read:other.xml:0,4"), "E00");
    EXPECT_EQ(send("qXfer:memory-map:read::0,100"), "l<virtual/>");
    EXPECT_EQ(send("qXfer:auxv:read::0,100"), "");
}

TEST_F(GdbSession, MonitorCommands) {
    EXPECT_EQ(send("qRcmd," + to_hex(std::string_view("info cpus"))),
              "O" + to_hex(std::string_view("output\n")) + "|OK");
    EXPECT_EQ(target_.monitor_line, "info cpus");
    target_.monitor_output.clear();
    EXPECT_EQ(send("qRcmd,6869"), "OK");
    EXPECT_EQ(send("qRcmd,6"), "E16");
    target_.monitor_output.assign(3 * kMaxPacket, 'x');
    const std::string reply = send("qRcmd,6869");
    EXPECT_EQ(std::ranges::count(reply, '|'), 7);
    EXPECT_THAT(reply, testing::EndsWith("|OK"));
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
