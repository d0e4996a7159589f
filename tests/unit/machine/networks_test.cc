// What monitors ask of network devices, which have threads of their own.
#include "networks.h"

#include <gmock/gmock.h>

#include "devices/fakes.h"

namespace trapeze::machine {
namespace {

using testing::HasSubstr;

NetConfig user_network(std::string id) {
    net::UserConfig user;
    EXPECT_TRUE(user.complete().has_value());
    NetConfig device;
    device.host_id = std::move(id);
    device.host = user;
    device.mac = {0x52, 0x54, 0, 1, 2, 3};
    return device;
}

class NetworksTest : public testing::Test {
protected:
    void build() {
        ASSERT_TRUE(memory.add_ram({mem::Gpa{0x4000'0000}, 1 << 20}).has_value());
        auto created = VirtioSlots::create(config, memory, irqs);
        ASSERT_TRUE(created.has_value()) << created.error().message();
        slots = *std::move(created);
        networks = std::make_unique<Networks>(config, *slots);
    }
    void add(std::string id, NetConfig device) {
        config.virtio.push_back({.id = std::move(id), .slot = std::nullopt, .device = std::move(device)});
    }

    MachineConfig config;
    mem::GuestMemory memory;
    devices::FakeIrqSink irqs;
    std::unique_ptr<VirtioSlots> slots;
    std::unique_ptr<Networks> networks;
};

TEST_F(NetworksTest, MachinesWithoutAny) {
    config.virtio.push_back({.id = "rng", .slot = std::nullopt, .device = RngConfig{}});
    build();
    EXPECT_TRUE(networks->empty());
    EXPECT_EQ(networks->describe(), "");
}

TEST_F(NetworksTest, AreDescribedAsQemuDoes) {
    add("nic0", user_network("n0"));
    add("", {});
    build();
    EXPECT_EQ(networks->describe(),
              "nic0: index=0,type=nic,model=virtio-net-device,macaddr=52:54:00:01:02:03\n"
              " \\ n0: index=0,type=user,net=10.0.2.0,restrict=off\n"
              "virtio-net-device.1: index=0,type=nic,model=virtio-net-device,macaddr=00:00:00:00:00:00\n"
              " \\ #net: index=0,no peer\n");
    EXPECT_THAT(networks->describe_connections(), HasSubstr("Network n0:\n"));
}

TEST_F(NetworksTest, LinksHaveTheNameOfEitherEnd) {
    add("nic0", user_network("n0"));
    build();
    EXPECT_TRUE(networks->set_link("n0", false).has_value());
    EXPECT_THAT(networks->describe(), HasSubstr("link=off"));
    EXPECT_TRUE(networks->set_link("nic0", true).has_value());
    EXPECT_THAT(networks->describe(), testing::Not(HasSubstr("link=off")));
    const auto failed = networks->set_link("", true);
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().message(), "Device '' not found");
}

TEST_F(NetworksTest, ForwardsNeedOneUserNetwork) {
    add("nic0", user_network("n0"));
    add("nic1", user_network("n1"));
    build();
    EXPECT_FALSE(networks->add_host_forward("", "tcp:127.0.0.1:0-:22").has_value());
    EXPECT_FALSE(networks->add_host_forward("n2", "tcp:127.0.0.1:0-:22").has_value());
    EXPECT_TRUE(networks->add_host_forward("n1", "tcp:127.0.0.1:0-:22").has_value());
    EXPECT_FALSE(networks->remove_host_forward("n1", "tcp:127.0.0.1:1").has_value());
    EXPECT_THAT(networks->describe_connections(), HasSubstr("HOST_FORWARD"));
}

TEST_F(NetworksTest, ANetworkThatCannotBeMadeFailsTheMachine) {
    NetConfig device;
    device.host_id = "s";
    device.host = net::StreamConfig{.address = {.path = "/nonexistent"}};
    add("nic0", device);
    const auto created = VirtioSlots::create(config, memory, irqs);
    ASSERT_FALSE(created.has_value());
    EXPECT_THAT(created.error().message(), HasSubstr("netdev s: could not connect to unix:/nonexistent"));
}

}  // namespace
}  // namespace trapeze::machine
