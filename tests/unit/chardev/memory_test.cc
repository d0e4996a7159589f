// Back ends without a host: the test device and the ring buffer. And files that are read.
#include <unistd.h>

#include "fakes.h"
#include "trapeze/chardev/backend.h"

namespace trapeze::chardev {
namespace {

class TestdevTest : public LoopTest {
protected:
    int status_of(std::initializer_list<std::string_view> packets) {
        int status = -1;
        const auto port = open_testdev(*loop_, [&](int value) { status = value; });
        for (const std::string_view packet : packets) EXPECT_EQ(port->send(bytes(packet)), packet.size());
        EXPECT_EQ(status, -1) << "not on this thread";
        spin();
        return status;
    }
};

TEST_F(TestdevTest, EndsWithAStatus) {
    EXPECT_EQ(status_of({"0q"}), 1);
    EXPECT_EQ(status_of({"1q"}), 3);
    EXPECT_EQ(status_of({"q"}), 1);
    EXPECT_EQ(status_of({"1", "2", "q"}), 25);
    EXPECT_EQ(status_of({" 7 q\n"}), 15);
    EXPECT_EQ(status_of({"127q"}), 255);
    EXPECT_EQ(status_of({"128q"}), 1) << "as exit() has it";
    EXPECT_EQ(status_of({"99999999999999999999x3q"}), 7) << "unknown commands are ignored";
    EXPECT_EQ(status_of({"2q5q"}), 5) << "the first one counts";
    EXPECT_EQ(status_of({"", "12"}), -1);
}

TEST(Ringbuf, KeepsTheLastBytes) {
    const auto ring = open_ringbuf(8);
    EXPECT_EQ(ring->read(10), "");
    EXPECT_EQ(ring->send(bytes("abcde")), 5u);
    EXPECT_EQ(ring->read(2), "ab");
    EXPECT_EQ(ring->send(bytes("fghijkl")), 7u);
    EXPECT_EQ(ring->read(100), "efghijkl");
    EXPECT_EQ(ring->read(100), "");
    EXPECT_EQ(ring->send(bytes("0123456789")), 10u);
    EXPECT_EQ(ring->read(3), "234");
    EXPECT_EQ(ring->read(3), "567");
}

TEST_F(LoopTest, AFileMayHaveInput) {
    char in[] = "/tmp/trapeze-in-XXXXXX";
    char out[] = "/tmp/trapeze-out-XXXXXX";
    const Fd in_file(::mkstemp(in));
    const Fd out_file(::mkstemp(out));
    ASSERT_EQ(::write(in_file.get(), "typed", 5), 5);
    {
        const auto port = open_file(*loop_, out, false, in);
        ASSERT_TRUE(port.has_value());
        FakeReceiver device;
        device.room = 2;
        (*port)->set_receiver(&device);
        run_until(device, [&] { return device.got == "ty"; });
        device.room = 100;
        (*port)->receiver_ready();
        run_until(device, [&] { return device.got == "typed"; });
        (*port)->send(bytes("shown"));
    }
    char shown[6] = {};
    EXPECT_EQ(::pread(out_file.get(), shown, 5, 0), 5);
    EXPECT_STREQ(shown, "shown");
    EXPECT_FALSE(open_file(*loop_, out, false, "/nowhere/at/all").has_value());
    ::unlink(in);
    ::unlink(out);
}

}  // namespace
}  // namespace trapeze::chardev
