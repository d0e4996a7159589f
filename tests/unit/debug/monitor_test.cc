#include "trapeze/debug/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trapeze::debug {
namespace {

using testing::ByMove;
using testing::HasSubstr;
using testing::Return;

class MockMachine : public MachineControl {
public:
    MOCK_METHOD(std::size_t, cpu_count, (), (const, override));
    MOCK_METHOD(vcpu::Vcpu&, cpu, (std::size_t), (override));
    MOCK_METHOD(u64, cpu_affinity, (std::size_t), (const, override));
    MOCK_METHOD(mem::GuestMemory&, memory, (), (override));
    MOCK_METHOD(std::string, machine_name, (), (const, override));
    MOCK_METHOD(RunState, run_state, (), (const, override));
    MOCK_METHOD(void, add_observer, (MachineObserver&), (override));
    MOCK_METHOD(void, remove_observer, (MachineObserver&), (override));
    MOCK_METHOD(void, stop, (RunState), (override));
    MOCK_METHOD(Result<>, cont, (), (override));
    MOCK_METHOD(void, system_reset, (ShutdownCause), (override));
    MOCK_METHOD(void, system_powerdown, (), (override));
    MOCK_METHOD(void, quit, (ShutdownCause), (override));
};

class TextPort : public bus::CharPort {
public:
    std::size_t send(std::span<const u8> bytes) override {
        text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return bytes.size();
    }
    void set_receiver(bus::CharReceiver*) override {}
    void receiver_ready() override {}
    std::string text;
};

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
    EXPECT_EQ(monitor.execute("frobnicate now"), "unknown command: 'frobnicate now'\n");
    EXPECT_EQ(monitor.execute("   "), "");
}

TEST_F(MonitorTest, HelpListsEveryCommand) {
    const std::string text = monitor.execute("?");
    for (const char* name :
         {"cont|c", "info status", "quit|q", "stop|s", "system_powerdown", "system_reset"}) {
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

TEST_F(MonitorTest, SurvivesAnyBytes) {
    std::string bytes;
    for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7919 >> 3);
    type(bytes);
}

}  // namespace
}  // namespace trapeze::debug
