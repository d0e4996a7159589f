// The commands of both monitors for ring buffers.
#include <gtest/gtest.h>

#include "base64.h"
#include "fake_machine.h"
#include "qmp_command.h"
#include "trapeze/debug/hmp.h"

namespace trapeze::debug {
namespace {

class RingMachine final : public FakeMachine {
public:
    Result<std::string> read_ring(const std::string& device, u64 most) override {
        if (device != "r") return fail("Device '{}' not found", device);
        const std::string taken = kept.substr(0, most);
        kept.erase(0, taken.size());
        return taken;
    }
    Result<> write_ring(const std::string& device, std::string_view bytes) override {
        if (device != "r") return fail("Device '{}' not found", device);
        kept += bytes;
        return {};
    }
    std::string kept;
};

class RingbufTest : public testing::Test {
protected:
    Result<Json> qmp(const std::string& name, Json arguments) {
        const QmpCommand* command = find_qmp_command(name);
        EXPECT_NE(command, nullptr);
        TRY(check_qmp_arguments(*command, arguments));
        QmpCall call{.machine = machine, .arguments = std::move(arguments), .afterwards = {}};
        return command->run(call);
    }
    std::string error(const std::string& name, Json arguments) {
        const auto result = qmp(name, std::move(arguments));
        return result ? std::string() : result.error().message();
    }

    RingMachine machine;
    Hmp hmp{machine};
};

TEST_F(RingbufTest, ForPeople) {
    EXPECT_EQ(hmp.execute("ringbuf_write r some text"), "");
    EXPECT_EQ(hmp.execute("ringbuf_read r 4"), "some\n");
    EXPECT_EQ(hmp.execute("ringbuf_read r 100"), " text\n");
    EXPECT_EQ(hmp.execute("ringbuf_read r 100"), "\n");
    machine.kept = "a\\b\r\n\tc\x1b\x7f";
    EXPECT_EQ(hmp.execute("ringbuf_read r 100"), "a\\\\b\\u000D\n\tc\\u001B\\u007F\n");
    EXPECT_EQ(hmp.execute("ringbuf_read s 1"), "Device 's' not found\n");
    EXPECT_EQ(hmp.execute("ringbuf_write s x"), "Device 's' not found\n");
}

TEST_F(RingbufTest, ForPrograms) {
    EXPECT_TRUE(qmp("ringbuf-write", {{"device", "r"}, {"data", "abc"}}).has_value());
    EXPECT_EQ(qmp("ringbuf-read", {{"device", "r"}, {"size", 2}}).value(), "ab");
    EXPECT_TRUE(qmp("ringbuf-write", {{"device", "r"}, {"data", "ZGU="}, {"format", "base64"}}).has_value());
    EXPECT_EQ(qmp("ringbuf-read", {{"device", "r"}, {"size", 9}, {"format", "base64"}}).value(), "Y2Rl");
    EXPECT_EQ(error("ringbuf-write", {{"device", "r"}, {"data", "?"}, {"format", "base64"}}),
              "Parameter 'data' is not base64");
    EXPECT_EQ(error("ringbuf-read", {{"device", "r"}, {"size", 0}}), "size must be greater than zero");
    EXPECT_EQ(error("ringbuf-read", {{"device", "r"}, {"size", 1}, {"format", "x"}}),
              "Parameter 'format' does not accept value 'x'");
    EXPECT_EQ(error("ringbuf-read", {{"device", "s"}, {"size", 1}}), "Device 's' not found");
}

TEST(Base64, GoesBothWays) {
    struct {
        std::string_view bytes, text;
    } const cases[] = {{"", ""},
                       {"f", "Zg=="},
                       {"fo", "Zm8="},
                       {"foo", "Zm9v"},
                       {"foob", "Zm9vYg=="},
                       {"fooba", "Zm9vYmE="},
                       {"\xff\xfe", "//4="},
                       {"\xfb", "+w=="}};
    for (const auto& c : cases) {
        EXPECT_EQ(to_base64(c.bytes), c.text);
        EXPECT_EQ(from_base64(c.text), c.bytes);
    }
    for (const std::string_view text : {"Zg", "Zg=", "Zg==Zg==", "Zm9?", "Z m9"})
        EXPECT_FALSE(from_base64(text).has_value()) << text;
}

}  // namespace
}  // namespace trapeze::debug
