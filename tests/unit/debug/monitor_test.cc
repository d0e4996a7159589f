#include "trapeze/debug/monitor.h"

#include "monitor_fakes.h"

namespace trapeze::debug {
namespace {

using testing::ByMove;
using testing::HasSubstr;
using testing::Return;

class MonitorTest : public testing::Test {
protected:
    void type(std::string_view text) {
        monitor.receive({reinterpret_cast<const u8*>(text.data()), text.size()});
    }
    testing::NiceMock<MockMachine> machine;
    TextPort port;
    Monitor monitor{port, machine};
};

TEST_F(MonitorTest, CommandsReachTheMachine) {
    EXPECT_CALL(machine, stop(RunState::Paused)).Times(1);
    EXPECT_CALL(machine, system_reset(ShutdownCause::HostUi)).Times(1);
    EXPECT_CALL(machine, system_powerdown()).Times(1);
    EXPECT_CALL(machine, quit(ShutdownCause::HostUi)).Times(2);
    type("stop\rsystem_reset\nsystem_powerdown\rquit\rq\r");
}

TEST_F(MonitorTest, PrintsStatusWithCarriageReturns) {
    EXPECT_CALL(machine, run_state()).WillRepeatedly(Return(RunState::Paused));
    type("info   status\r");
    EXPECT_THAT(port.text, HasSubstr("VM status: paused\r\n"));
}

TEST_F(MonitorTest, ContReportsWhyItCannot) {
    EXPECT_CALL(machine, cont()).WillOnce(Return(ByMove(Result<>(fail("a reset is required")))));
    EXPECT_EQ(monitor.execute("c"), "a reset is required\n");
}

TEST_F(MonitorTest, EditsTheLine) {
    EXPECT_CALL(machine, quit(ShutdownCause::HostUi)).Times(1);
    EXPECT_CALL(machine, stop(testing::_)).Times(0);
    type("stop\x15");
    type("quix\x7ft\r");
}

TEST_F(MonitorTest, UnknownCommandIsNamed) {
    EXPECT_EQ(monitor.execute("frobnicate now"), "unknown command: 'frobnicate'\n");
    EXPECT_EQ(monitor.execute("info bogus"), "unknown command: 'info bogus'\n");
    EXPECT_EQ(monitor.execute("   "), "");
}

TEST_F(MonitorTest, HelpListsEveryCommand) {
    const std::string text = monitor.execute("?");
    for (const char* name :
         {"cont|c", "info [subject]", "quit|q", "stop|s", "system_powerdown", "system_reset"}) {
        EXPECT_THAT(text, HasSubstr(name));
    }
}

TEST_F(MonitorTest, GreetsOnceAndPromptsOnEveryFocus) {
    monitor.focus_changed(true);
    EXPECT_THAT(port.text, HasSubstr("type 'help'"));
    port.text.clear();
    monitor.focus_changed(false);
    EXPECT_EQ(port.text, "");
    monitor.focus_changed(true);
    EXPECT_EQ(port.text, "(trapeze) ");
}

TEST_F(MonitorTest, ANewPeerIsGreetedAndStartsAfresh) {
    monitor.peer_changed(true);
    EXPECT_THAT(port.text, testing::EndsWith("(trapeze) "));
    type("sto");
    monitor.peer_changed(false);
    port.text.clear();
    monitor.peer_changed(true);
    EXPECT_THAT(port.text, HasSubstr("type 'help'"));
    EXPECT_CALL(machine, stop(testing::_)).Times(0);
    type("p\r");
}

TEST_F(MonitorTest, CursorKeysAndHistory) {
    EXPECT_CALL(machine, stop(RunState::Paused)).Times(2);
    EXPECT_CALL(machine, quit(testing::_)).Times(1);
    type(
        "top\x1b[H"
        "s\r");  // Home
    type(
        "quit\r"
        "\x1b[A\x1b[A\r");  // two lines up: stop
}

TEST_F(MonitorTest, EndsOfLinesComeInThreeKinds) {
    EXPECT_CALL(machine, system_powerdown()).Times(3);
    type("system_powerdown\rsystem_powerdown\nsystem_powerdown\r\n");
    std::size_t prompts = 0;
    for (std::size_t at = 0; (at = port.text.find("(trapeze) ", at)) != std::string::npos; ++at) ++prompts;
    EXPECT_EQ(prompts, 3u);
}

TEST_F(MonitorTest, TabCompletes) {
    type("inf\tst\t");
    EXPECT_THAT(port.text, HasSubstr("info status "));
    port.text.clear();
    type("\x15system_\t");
    EXPECT_THAT(port.text, HasSubstr("system_powerdown  system_reset"));
    EXPECT_CALL(machine, system_reset(testing::_)).Times(1);
    type("r\t\r");
}

TEST_F(MonitorTest, ASlowPeerGetsEverythingAndIsNotAskedForMore) {
    port.room = 10;
    type("help\r");
    EXPECT_EQ(monitor.receive_capacity(), 0u);
    while (monitor.receive_capacity() == 0) {
        port.room = 100;
        monitor.send_ready();
    }
    EXPECT_THAT(port.text, HasSubstr("system_reset -- reset the machine\r\n"));
    EXPECT_THAT(port.text, testing::EndsWith("(trapeze) "));
}

TEST_F(MonitorTest, SurvivesAnyBytes) {
    std::string bytes;
    for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7919 >> 3);
    type(bytes);
}

}  // namespace
}  // namespace trapeze::debug
