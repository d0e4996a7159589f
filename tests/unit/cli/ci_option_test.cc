#include "command_line_test.h"

namespace trapeze::cli {
namespace {

ci::Options options(std::string_view line) {
    const machine::MachineConfig config = run(line).config;
    EXPECT_TRUE(config.ci);
    return config.ci.value_or(ci::Options{});
}

TEST(CiOption, IsOffByDefault) {
    EXPECT_FALSE(run("").config.ci);
    EXPECT_FALSE(run("").config.no_reboot);
}

TEST(CiOption, AllKeys) {
    const ci::Options ci = options(
        "-name boot -ci "
        "expect=login:,fail=FAIL,expect=^ok$,timeout=60,log=c.log,junit=r.xml,symbols=vmlinux");
    EXPECT_EQ(ci.name, "boot");
    EXPECT_EQ(ci.expect, (std::vector<std::string>{"login:", "^ok$"}));
    EXPECT_EQ(ci.fail, std::vector<std::string>{"FAIL"});
    EXPECT_EQ(ci.timeout_seconds, 60u);
    EXPECT_EQ(ci.log, "c.log");
    EXPECT_EQ(ci.junit, "r.xml");
    EXPECT_EQ(ci.symbols, "vmlinux");
    EXPECT_TRUE(ci.kernel_patterns);
}

TEST(CiOption, CommasAreDoubled) {
    EXPECT_EQ(options("-ci expect=a{1,,2}=b,fail=x").expect, std::vector<std::string>{"a{1,2}=b"});
}

TEST(CiOption, Accumulates) {
    const ci::Options ci =
        options("-ci expect=a -ci expect=b,kernel-patterns=off -ci timeout=1 -ci timeout=2");
    EXPECT_EQ(ci.expect, (std::vector<std::string>{"a", "b"}));
    EXPECT_FALSE(ci.kernel_patterns);
    EXPECT_EQ(ci.timeout_seconds, 2u);
}

TEST(CiOption, EndsWithTheGuest) {
    EXPECT_TRUE(run("-ci timeout=1").config.no_reboot);
    for (const std::string_view line : {"-ci timeout=1 -no-shutdown", "-action panic=pause -ci timeout=1",
                                        "-ci timeout=1 -action shutdown=pause"}) {
        const auto parsed = parse_line("-kernel Image " + std::string(line));
        ASSERT_FALSE(parsed) << line;
        EXPECT_EQ(parsed.error().message(),
                  "-ci ends the program with the guest: it does not go with -no-shutdown or an action pause");
    }
}

TEST(CiOption, Help) {
    const auto parsed = parse_line("-ci help");
    ASSERT_TRUE(parsed);
    EXPECT_NE(std::get<PrintAndExit>(*parsed).text.find("expect=regex"), std::string::npos);
}

TEST(CiOption, Refusals) {
    for (const auto& [line, message] : {
             std::pair{"-ci timeout=0", "-ci timeout=0: must be a number from 1 to 100000000"},
             std::pair{"-ci timeout=1m", "-ci timeout=1m: must be a number from 1 to 100000000"},
             std::pair{"-ci junit=", "-ci junit=: a file name must not be empty"},
             std::pair{"-ci expect", "-ci expect: a value is missing"},
             std::pair{"-ci exptect=x", "-ci exptect=x: unknown key 'exptect' (did you mean 'expect'?)"},
             std::pair{"-ci kernel-patterns=x", "-ci kernel-patterns=x: must be on or off"},
             std::pair{"-ci ''", "-ci: the argument is empty"},
         }) {
        const auto parsed = parse_line("-kernel Image " + std::string(line));
        ASSERT_FALSE(parsed) << line;
        EXPECT_EQ(parsed.error().message(), message);
    }
}

}  // namespace
}  // namespace trapeze::cli
