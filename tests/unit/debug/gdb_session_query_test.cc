// The remote protocol, packet by packet, as the GDB manual's appendix "GDB Remote Serial Protocol" defines
// it: queries.
#include "gdb_session_fixture.h"

namespace trapeze::debug::gdb {
namespace {

using testing::HasSubstr;

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

}  // namespace
}  // namespace trapeze::debug::gdb
