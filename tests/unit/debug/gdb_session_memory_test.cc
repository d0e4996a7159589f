// The remote protocol, packet by packet, as the GDB manual's appendix "GDB Remote Serial Protocol" defines
// it: registers, memory and breakpoints.
#include "gdb_session_fixture.h"

namespace trapeze::debug::gdb {
namespace {

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

}  // namespace
}  // namespace trapeze::debug::gdb
