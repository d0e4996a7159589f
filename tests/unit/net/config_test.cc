#include "trapeze/net/config.h"

#include <gmock/gmock.h>

namespace trapeze::net {
namespace {

using testing::HasSubstr;

TEST(HostForward, Parts) {
    const auto rule = parse_host_forward("udp:127.0.0.1:5555-10.0.2.16:53");
    ASSERT_TRUE(rule.has_value());
    EXPECT_TRUE(rule->udp);
    EXPECT_EQ(rule->host.text(), "127.0.0.1");
    EXPECT_EQ(rule->host_port, 5555);
    EXPECT_EQ(rule->guest.text(), "10.0.2.16");
    EXPECT_EQ(rule->guest_port, 53);
}

TEST(HostForward, WhatMayBeLeftOut) {
    const auto rule = parse_host_forward("::0-:22");
    ASSERT_TRUE(rule.has_value());
    EXPECT_FALSE(rule->udp);
    EXPECT_EQ(rule->host, Ipv4{});
    EXPECT_EQ(rule->host_port, 0);
    EXPECT_EQ(rule->guest, Ipv4{});
}

TEST(HostForward, Nonsense) {
    for (const char* text :
         {"", "tcp", "tcp::", "tcp::22", "tcp::22-", "tcp::22-22", "tcp::22-:0", "tcp::22-:65536",
          "tcp::x-:22", "icmp::22-:22", "tcp:localhost:22-:22", "tcp::22-:22x", "tcp::-1-:22"}) {
        EXPECT_FALSE(parse_host_forward(text).has_value()) << text;
    }
}

TEST(GuestForward, Targets) {
    const auto command = parse_guest_forward("tcp:10.0.2.100:80-cmd:nc -N a-b 80");
    ASSERT_TRUE(command.has_value());
    EXPECT_EQ(command->command, "nc -N a-b 80");
    EXPECT_EQ(command->port, 80);
    const auto host = parse_guest_forward(":10.0.2.100:80-tcp:[::1]:8080");
    ASSERT_TRUE(host.has_value());
    EXPECT_EQ(host->target.text(), "tcp:[::1]:8080");
    const auto path = parse_guest_forward("tcp:10.0.2.100:80-unix:/tmp/x");
    ASSERT_TRUE(path.has_value());
    EXPECT_EQ(path->target.path, "/tmp/x");
    for (const char* text :
         {"", "tcp:10.0.2.100:80", "tcp:10.0.2.100:80-cmd:", "tcp:10.0.2.100:80-stdio",
          "tcp:10.0.2.100:80-unix:", "tcp:10.0.2.100:80-tcp:host", "udp:10.0.2.100:80-cmd:x"}) {
        EXPECT_FALSE(parse_guest_forward(text).has_value()) << text;
    }
}

TEST(UserConfig, DefaultsAreQemus) {
    UserConfig config;
    ASSERT_TRUE(config.complete().has_value());
    EXPECT_EQ(config.host->text(), "10.0.2.2");
    EXPECT_EQ(config.dns->text(), "10.0.2.3");
    EXPECT_EQ(config.dhcp_start->text(), "10.0.2.15");
    UserConfig wide{.network = {0x0a01'0203}, .mask = {0xff00'0000}};
    ASSERT_TRUE(wide.complete().has_value());
    EXPECT_EQ(wide.network.text(), "10.0.0.0");
    EXPECT_EQ(wide.host->text(), "10.0.2.2");
}

TEST(UserConfig, WhatDoesNotFit) {
    const auto why = [](UserConfig config) {
        const Result<> result = config.complete();
        return result ? std::string() : result.error().message();
    };
    EXPECT_THAT(why({.ipv4 = false, .ipv6 = false}), HasSubstr("has to be on"));
    EXPECT_THAT(why({.host = Ipv4{0x0b00'0002}}), HasSubstr("is not in the network"));
    EXPECT_THAT(why({.dns = Ipv4{0x0b00'0002}}), HasSubstr("is not in the network"));
    EXPECT_THAT(why({.dhcp_start = Ipv4{0x0b00'0002}}), HasSubstr("is not in the network"));
    EXPECT_THAT(why({.host = Ipv4{0x0a00'0203}}), HasSubstr("must differ"));
    EXPECT_THAT(why({.mask = Ipv4{0xffff'fff8}}), HasSubstr("too small"));
    EXPECT_THAT(why({.boot_file = std::string(200, 'x')}), HasSubstr("longer than"));
    UserConfig forwards;
    forwards.guest_forwards.push_back(*parse_guest_forward("tcp:10.0.2.2:80-cmd:x"));
    EXPECT_THAT(why(forwards), HasSubstr("not its host"));
    forwards.guest_forwards = {*parse_guest_forward("tcp:10.0.2.100:80-cmd:x"),
                               *parse_guest_forward("tcp:10.0.2.100:80-cmd:y")};
    EXPECT_THAT(why(forwards), HasSubstr("forwarded already"));
    forwards.guest_forwards.pop_back();
    EXPECT_EQ(why(forwards), "");
    forwards.ipv4 = false;
    EXPECT_THAT(why(forwards), HasSubstr("forwards need IPv4"));
}

}  // namespace
}  // namespace trapeze::net
