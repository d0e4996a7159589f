// -netdev, -nic, -net and -device virtio-net-device.
#include <gmock/gmock.h>

#include "command_line_test.h"
#include "trapeze/virtio/net_features.h"

namespace trapeze::cli {
namespace {

using machine::NetConfig;
using testing::ElementsAre;
using testing::IsEmpty;

NetConfig net(std::string_view line, std::size_t n = 0) {
    const auto devices = config(line).virtio;
    EXPECT_GT(devices.size(), n) << line;
    return std::get<NetConfig>(devices.at(n).device);
}

template <typename Config>
Config host(std::string_view line) {
    return std::get<Config>(net(line).host);
}

TEST(Networks, NoneByDefault) {
    EXPECT_THAT(config("-M virt").virtio, IsEmpty());
    EXPECT_THAT(config("-nic none -net none -net type=none").virtio, IsEmpty());
}

TEST(Networks, User) {
    const auto user = host<net::UserConfig>(
        "-device virtio-net,netdev=n -netdev 'user,id=n,net=192.168.5.0/24,dhcpstart=192.168.5.40,restrict=y,"
        "hostname=h,domainname=d,dnssearch=a,dnssearch=b,hostfwd=tcp::2222-:22,hostfwd=udp:127.0.0.1:53-:53,"
        "guestfwd=tcp:192.168.5.100:80-cmd:nc -N host 80,tftp=/srv,bootfile=/b,ipv6=off'");
    EXPECT_EQ(user.network.text(), "192.168.5.0");
    EXPECT_EQ(user.host->text(), "192.168.5.2");
    EXPECT_EQ(user.dhcp_start->text(), "192.168.5.40");
    EXPECT_TRUE(user.restricted);
    EXPECT_FALSE(user.ipv6);
    EXPECT_THAT(user.search_domains, ElementsAre("a", "b"));
    ASSERT_EQ(user.host_forwards.size(), 2u);
    EXPECT_EQ(user.host_forwards[1].host.text(), "127.0.0.1");
    EXPECT_EQ(user.guest_forwards.at(0).command, "nc -N host 80");
    EXPECT_EQ(host<net::UserConfig>("-nic user,net=10.1.2.3/255.255.0.0").network.text(), "10.1.0.0");
    EXPECT_EQ(host<net::UserConfig>("-nic user,net=192.168.1.0").mask.text(), "255.255.255.0");
}

TEST(Networks, TapStreamAndDatagram) {
    const auto tap =
        host<net::TapConfig>("-nic tap,ifname=tap0,script=no,downscript=no,vhost=off,vnet_hdr=off");
    EXPECT_EQ(tap.name, "tap0");
    EXPECT_FALSE(tap.header);
    EXPECT_EQ(host<net::TapConfig>("-nic tap,fd=7").fd, 7);
    // As passt's manual has it.
    const auto passt = host<net::StreamConfig>(
        "-device virtio-net-device,netdev=s -netdev "
        "stream,id=s,server=off,addr.type=unix,addr.path=/tmp/passt_1.socket");
    EXPECT_EQ(passt.address.path, "/tmp/passt_1.socket");
    EXPECT_FALSE(passt.server);
    EXPECT_EQ(host<net::StreamConfig>("-nic stream,addr.type=inet,addr.host=::1,addr.port=5,reconnect=2")
                  .reconnect_ms,
              2000u);
    EXPECT_TRUE(host<net::StreamConfig>("-nic socket,listen=:1234").server);
    EXPECT_EQ(host<net::StreamConfig>("-nic socket,connect=127.0.0.1:1234").address.text(),
              "tcp:127.0.0.1:1234");
    EXPECT_EQ(host<net::StreamConfig>("-nic socket,fd=5").address.fd, 5);
    const auto dgram = host<net::DatagramConfig>(
        "-nic dgram,local.type=inet,local.host=127.0.0.1,local.port=1,remote.type=inet,remote.host=127.0.0.1,"
        "remote.port=2");
    EXPECT_EQ(dgram.remote.port, 2);
}

TEST(Networks, DeviceProperties) {
    const NetConfig device = net(
        "-netdev user,id=n -device virtio-net-device,netdev=n,mac=52:54:00:AB-cd:ef,host_mtu=9000,csum=off,"
        "mrg_rxbuf=off");
    EXPECT_EQ(device.mac, (virtio::MacAddress{0x52, 0x54, 0, 0xab, 0xcd, 0xef}));
    EXPECT_EQ(device.mtu, 9000);
    EXPECT_EQ(device.without, virtio::net::kCsum | virtio::net::kMrgRxbuf);
    EXPECT_EQ(device.host_id, "n");
}

TEST(Networks, AddressesAreQemus) {
    const std::string_view line = "-nic user -nic user,mac=52:54:00:12:34:56 -nic user -nic user";
    EXPECT_EQ(net(line, 0).mac[5], 0x57);
    EXPECT_EQ(net(line, 1).mac[5], 0x56);
    EXPECT_EQ(net(line, 2).mac[5], 0x58);
    EXPECT_EQ(net(line, 3).mac[5], 0x59);
}

TEST(Networks, LegacyHalvesAreJoined) {
    const std::string_view line =
        "-net nic,model=virtio,macaddr=52:54:00:12:34:58 -net user,hostfwd=tcp::22-:22";
    EXPECT_EQ(net(line).mac[5], 0x58);
    EXPECT_EQ(host<net::UserConfig>(line).host_forwards.size(), 1u);
    EXPECT_EQ(host<net::UserConfig>("-netdev user,id=x,restrict=on -net nic,netdev=x").restricted, true);
    EXPECT_TRUE(std::holds_alternative<net::NoConfig>(net("-net nic").host));
}

// Those on the board come first, so a -nic has the highest place.
TEST(Networks, Order) {
    const auto devices = config("-device virtio-rng-device -nic user").virtio;
    EXPECT_TRUE(std::holds_alternative<NetConfig>(devices.at(0).device));
    EXPECT_TRUE(std::holds_alternative<machine::RngConfig>(devices.at(1).device));
}

TEST(Networks, HalvesWithoutAnotherAreWarnedOf) {
    EXPECT_THAT(run("-netdev user,id=lonely").warnings, ElementsAre("netdev lonely has no peer"));
    EXPECT_THAT(run("-net user").warnings, ElementsAre("a network of -net has no device"));
    EXPECT_THAT(run("-net nic").warnings, ElementsAre("-net nic has no network: there is no other -net"));
    EXPECT_THAT(run("-device virtio-net-device").warnings,
                ElementsAre("device virtio-net-device has no netdev"));
    EXPECT_THAT(run("-nic user -net nic -net user -netdev user,id=a -device virtio-net,netdev=a").warnings,
                IsEmpty());
}

TEST(Networks, ANetworkHasOneDevice) {
    EXPECT_EQ(error("-netdev user,id=a -device virtio-net,netdev=a -device virtio-net,netdev=a"),
              "-device virtio-net,netdev=a: netdev 'a' has a device already");
}

}  // namespace
}  // namespace trapeze::cli
