// The commands of both monitors for networks.
#include <gmock/gmock.h>

#include "fake_machine.h"
#include "qmp_command.h"
#include "trapeze/debug/hmp.h"

namespace trapeze::debug {
namespace {

// Says what it is asked.
class FakeNetworks final : public NetworkControl {
public:
    std::string describe() override { return "n0: type=fake\n"; }
    std::string describe_connections() override { return "none\n"; }
    Result<> set_link(const std::string& name, bool up) override {
        if (name != "n0") return fail("Device '{}' not found", name);
        asked = fmt::format("{} {}", name, up ? "up" : "down");
        return {};
    }
    Result<> add_host_forward(const std::string& netdev, const std::string& rule) override {
        asked = fmt::format("add '{}' {}", netdev, rule);
        return {};
    }
    Result<> remove_host_forward(const std::string& netdev, const std::string& rule) override {
        if (rule == "bad") return fail("host forwarding rule for bad not found");
        asked = fmt::format("remove '{}' {}", netdev, rule);
        return {};
    }

    std::string asked;
};

class NetworkTest : public testing::Test {
protected:
    NetworkTest() { machine.network_control = &networks; }
    Result<Json> qmp(const std::string& name, Json arguments) {
        const QmpCommand* command = find_qmp_command(name);
        EXPECT_NE(command, nullptr);
        QmpCall call{.machine = machine, .arguments = std::move(arguments), .afterwards = {}};
        return command->run(call);
    }

    FakeNetworks networks;
    FakeMachine machine;
    Hmp hmp{machine};
};

TEST_F(NetworkTest, Information) {
    EXPECT_EQ(hmp.execute("info network"), "n0: type=fake\n");
    EXPECT_EQ(hmp.execute("info usernet"), "none\n");
}

TEST_F(NetworkTest, Forwards) {
    EXPECT_EQ(hmp.execute("hostfwd_add tcp::2222-:22"), "");
    EXPECT_EQ(networks.asked, "add '' tcp::2222-:22");
    EXPECT_EQ(hmp.execute("hostfwd_add n0 tcp::2222-:22"), "");
    EXPECT_EQ(networks.asked, "add 'n0' tcp::2222-:22");
    EXPECT_EQ(hmp.execute("hostfwd_remove n0 tcp::2222"), "host forwarding rule for tcp::2222 removed\n");
    EXPECT_EQ(networks.asked, "remove 'n0' tcp::2222");
    EXPECT_EQ(hmp.execute("hostfwd_remove bad"), "host forwarding rule for bad not found\n");
}

TEST_F(NetworkTest, Links) {
    EXPECT_EQ(hmp.execute("set_link n0 off"), "");
    EXPECT_EQ(networks.asked, "n0 down");
    EXPECT_EQ(hmp.execute("set_link n0 sideways"), "Parameter 'up' expects on or off\n");
    EXPECT_EQ(hmp.execute("set_link n1 on"), "Device 'n1' not found\n");
    EXPECT_TRUE(qmp("set_link", {{"name", "n0"}, {"up", true}}).has_value());
    EXPECT_EQ(networks.asked, "n0 up");
    EXPECT_FALSE(qmp("set_link", {{"name", "n1"}, {"up", true}}).has_value());
}

TEST_F(NetworkTest, MachinesWithoutNetworks) {
    machine.network_control = nullptr;
    for (const char* line : {"info network", "info usernet", "hostfwd_add tcp::1-:1", "set_link n0 on"})
        EXPECT_EQ(hmp.execute(line), "this machine has no networks\n") << line;
    EXPECT_FALSE(qmp("set_link", {{"name", "n0"}, {"up", true}}).has_value());
}

}  // namespace
}  // namespace trapeze::debug
