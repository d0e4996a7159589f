// The commands of both monitors for the balloon.
#include <gmock/gmock.h>

#include "fake_machine.h"
#include "qmp_command.h"
#include "trapeze/debug/hmp.h"

namespace trapeze::debug {
namespace {

struct FakeBalloon final : BalloonControl {
    void set_target(u64 bytes) override { target = bytes; }
    u64 actual() override { return 100 << 20; }
    u64 target = 0;
};

class BalloonCommandsTest : public testing::Test {
protected:
    BalloonCommandsTest() { machine.balloon_control = &balloon; }
    Result<Json> qmp(const std::string& name, Json arguments = Json::object()) {
        const QmpCommand* command = find_qmp_command(name);
        EXPECT_NE(command, nullptr);
        QmpCall call{.machine = machine, .arguments = std::move(arguments), .afterwards = {}};
        Result<Json> result = command->run(call);
        error_class = call.error_class;
        return result;
    }

    FakeBalloon balloon;
    FakeMachine machine;
    Hmp hmp{machine};
    std::string error_class;
};

TEST_F(BalloonCommandsTest, Targets) {
    EXPECT_EQ(hmp.execute("balloon 64"), "");
    EXPECT_EQ(balloon.target, 64u << 20);
    EXPECT_TRUE(qmp("balloon", {{"value", 1234567}}).has_value());
    EXPECT_EQ(balloon.target, 1234567u);
    for (const char* line : {"balloon 0", "balloon 0xffffffffffffffff", "balloon 0x80000000000"})
        EXPECT_EQ(hmp.execute(line), "Parameter 'target' expects a size\n") << line;
    EXPECT_EQ(hmp.execute("balloon 64x"), "'64x' is not a number\n");
    EXPECT_EQ(qmp("balloon", {{"value", -1}}).error().message(), "Parameter 'target' expects a size");
    EXPECT_EQ(error_class, "GenericError");
    EXPECT_EQ(balloon.target, 1234567u);
}

TEST_F(BalloonCommandsTest, Information) {
    EXPECT_EQ(hmp.execute("info balloon"), "balloon: actual=100\n");
    EXPECT_EQ(*qmp("query-balloon"), (Json{{"actual", 100 << 20}}));
}

TEST_F(BalloonCommandsTest, MachinesWithoutOne) {
    machine.balloon_control = nullptr;
    for (const char* line : {"balloon 64", "info balloon"})
        EXPECT_EQ(hmp.execute(line), "No balloon device has been activated\n") << line;
    EXPECT_EQ(qmp("query-balloon").error().message(), "No balloon device has been activated");
    EXPECT_EQ(error_class, "DeviceNotActive");
    EXPECT_FALSE(qmp("balloon", {{"value", 1}}).has_value());
}

}  // namespace
}  // namespace trapeze::debug
