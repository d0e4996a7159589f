#include "trapeze/chardev/backend.h"

#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "fakes.h"
#include "output_queue.h"

namespace trapeze::chardev {
namespace {

constexpr u64 kPlenty = 20'000'000'000;

class BackendTest : public LoopTest {
protected:
    std::unique_ptr<Backend> open(int in, int out) {
        return std::move(open_descriptors(*loop_, in, out, "test output").value());
    }
    int null_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    Fd null_owner_{null_};
};

// Output.

TEST_F(BackendTest, WritesWhatIsSentInOrder) {
    Pipe out;
    const auto port = open(-1, out.write.get());
    EXPECT_EQ(port->send(bytes("hello ")), 6u);
    EXPECT_EQ(port->send(bytes("")), 0u);
    EXPECT_EQ(port->send(bytes("world")), 5u);
    EXPECT_EQ(out.take(11), "hello world");
    EXPECT_TRUE(port->flush(kPlenty));
}

// A port whose reader is stuck: the pipe behind it is full to the last byte, and then its queue is. Returns
// what a reader will find.
std::string fill(Backend& port, const Pipe& out) {
    const std::string page(static_cast<std::size_t>(fcntl(out.write.get(), F_SETPIPE_SZ, 4096)), 'p');
    out.put(page);
    std::string text;
    for (std::size_t i = 0; i < OutputQueue::kCapacity + 1000; ++i) text += static_cast<char>(i * 7 % 251);
    const std::size_t first = port.send(bytes(text).first(1000));
    EXPECT_EQ(first, 1000u);
    const std::size_t taken = first + port.send(bytes(text).subspan(first));
    EXPECT_EQ(taken, OutputQueue::kCapacity);
    return page + text.substr(0, taken);
}

TEST_F(BackendTest, AStuckReaderNeitherBlocksNorLoses) {
    Pipe out;
    const auto port = open(-1, out.write.get());
    FakeReceiver device;
    port->set_receiver(&device);
    const std::string sent = fill(*port, out);
    EXPECT_EQ(port->send(bytes("more")), 0u);
    EXPECT_FALSE(port->flush(1'000'000));
    spin();
    EXPECT_EQ(device.ready_calls, 0);

    std::string received;
    std::thread reader([&] { received = out.take(sent.size()); });
    run_until(device, [&] { return device.ready_calls == 1; });
    EXPECT_EQ(port->send(bytes("more")), 4u) << "there is room when it says so";
    reader.join();
    EXPECT_EQ(received, sent);
    EXPECT_EQ(out.take(4), "more");
    spin();
    EXPECT_EQ(device.ready_calls, 1) << "once per shortage";
}

TEST_F(BackendTest, ClosingWithAStuckReaderTakesBoundedTime) {
    Pipe out;
    auto port = open(-1, out.write.get());
    fill(*port, out);
    const auto start = std::chrono::steady_clock::now();
    port.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(BackendTest, ClosingWritesTheRest) {
    Pipe out;
    fcntl(out.write.get(), F_SETPIPE_SZ, 4096);
    auto port = open(-1, out.write.get());
    const std::string text(50'000, 'x');
    EXPECT_EQ(port->send(bytes(text)), text.size());
    std::string received;
    std::thread reader([&] { received = out.take(text.size()); });
    port.reset();
    reader.join();
    EXPECT_EQ(received, text);
}

TEST_F(BackendTest, AGoneReaderCostsOneWarning) {
    testing::internal::CaptureStderr();
    Pipe out;
    out.read.reset();
    {
        const auto port = open(-1, out.write.get());
        EXPECT_EQ(port->send(bytes("lost")), 4u);
        EXPECT_TRUE(port->flush(kPlenty));
        const std::string large(2 * OutputQueue::kCapacity, 'x');
        EXPECT_EQ(port->send(bytes(large)), large.size())
            << "the guest must not wait for a reader that is gone";
        EXPECT_EQ(port->send(bytes("lost")), 4u);
        EXPECT_TRUE(port->flush(kPlenty));
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "trapeze: warning: test output: output is lost from here on: Broken pipe\n");
}

TEST_F(BackendTest, NonBlockingOutputIsWaitedFor) {
    Pipe out(O_NONBLOCK);
    fcntl(out.read.get(), F_SETFL, 0);
    auto port = open(-1, out.write.get());
    const std::string sent = fill(*port, out);
    std::string received;
    std::thread reader([&] { received = out.take(sent.size()); });
    EXPECT_TRUE(port->flush(kPlenty));
    reader.join();
    EXPECT_EQ(received, sent);
}

// Input.

TEST_F(BackendTest, DeliversInput) {
    Pipe in;
    const auto port = open(in.read.get(), null_);
    FakeReceiver device;
    port->set_receiver(&device);
    in.put("abc");
    run_until(device, [&] { return device.got == "abc"; });
    in.put("def");
    run_until(device, [&] { return device.got == "abcdef"; });
}

TEST_F(BackendTest, ReadsNoMoreThanTheDeviceTakes) {
    Pipe in;
    const auto port = open(in.read.get(), null_);
    FakeReceiver device;
    device.room = 3;
    port->set_receiver(&device);
    in.put("abcdefgh");
    run_until(device, [&] { return device.got.size() == 3; });
    device.capacity_calls = 0;
    run_for_ms(20);
    EXPECT_EQ(device.got, "abc");
    EXPECT_LE(device.capacity_calls, 2) << "no spinning on input nobody wants";
    int waiting = 0;
    ioctl(in.read.get(), FIONREAD, &waiting);
    EXPECT_EQ(waiting, 5);

    device.room = 100;
    std::thread other([&] { port->receiver_ready(); });
    other.join();
    run_until(device, [&] { return device.got == "abcdefgh"; });
}

TEST_F(BackendTest, EndOfInputIsQuiet) {
    Pipe in;
    const auto port = open(in.read.get(), null_);
    FakeReceiver device;
    port->set_receiver(&device);
    in.put("last");
    in.write.reset();
    run_until(device, [&] { return device.got == "last"; });
    spin();
    device.capacity_calls = 0;
    run_for_ms(20);
    EXPECT_LE(device.capacity_calls, 1);
    port->receiver_ready();
    spin();
    EXPECT_EQ(device.got, "last");
}

TEST_F(BackendTest, ReadsRegularFiles) {
    const Fd file(::open(testing::TempDir().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    ASSERT_TRUE(file.valid());
    const std::string text(10'000, 'x');
    ASSERT_EQ(::pwrite(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    const auto port = open(file.get(), null_);
    FakeReceiver device;
    device.room = 10;
    port->set_receiver(&device);
    spin();
    EXPECT_EQ(device.got.size(), 10u);
    device.room = 100'000;
    port->receiver_ready();
    run_until(device, [&] { return device.got.size() == text.size(); });
    device.capacity_calls = 0;
    run_for_ms(20);
    EXPECT_LE(device.capacity_calls, 5);
}

TEST_F(BackendTest, NullDeviceAndClosedInputAreEmpty) {
    for (const int in : {null_, 1'000'000}) {
        const auto port = open(in, null_);
        FakeReceiver device;
        port->set_receiver(&device);
        run_for_ms(20);
        EXPECT_EQ(device.got, "");
        EXPECT_LE(device.capacity_calls, 5);
    }
}

TEST_F(BackendTest, ADetachedReceiverGetsNothing) {
    Pipe in;
    const auto port = open(in.read.get(), null_);
    {
        FakeReceiver device;
        port->set_receiver(&device);
        spin();
        in.put("x");
        port->set_receiver(nullptr);
    }
    spin();
    FakeReceiver next;
    port->set_receiver(&next);
    run_until(next, [&] { return next.got == "x"; });
}

TEST_F(BackendTest, MayDieWithWorkPending) {
    Pipe in;
    auto port = open(in.read.get(), null_);
    FakeReceiver device;
    port->set_receiver(&device);
    in.put("x");
    port.reset();
    spin();
    EXPECT_EQ(device.got, "");
}

// Files.

class FileTest : public LoopTest {
protected:
    FileTest() { std::ofstream(path_) << "old\n"; }
    ~FileTest() override { ::unlink(path_.c_str()); }
    std::string content() const {
        std::ifstream file(path_);
        std::stringstream text;
        text << file.rdbuf();
        return text.str();
    }
    void write_new(bool append) {
        const auto port = open_file(*loop_, path_, append);
        ASSERT_TRUE(port);
        EXPECT_EQ((*port)->send(bytes("new\n")), 4u);
    }
    const std::string path_ = testing::TempDir() + "/trapeze_chardev_" + std::to_string(::getpid());
};

TEST_F(FileTest, Truncates) {
    write_new(false);
    EXPECT_EQ(content(), "new\n");
}

TEST_F(FileTest, Appends) {
    write_new(true);
    EXPECT_EQ(content(), "old\nnew\n");
}

TEST_F(FileTest, CreatesReadableFiles) {
    ::unlink(path_.c_str());
    const mode_t mask = ::umask(022);
    write_new(true);
    ::umask(mask);
    struct stat info {};
    ASSERT_EQ(::stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0644u);
}

TEST_F(FileTest, SaysWhyItCannot) {
    const auto port = open_file(*loop_, path_ + "/x", false);
    ASSERT_FALSE(port);
    EXPECT_EQ(port.error().message(), "could not open '" + path_ + "/x': Not a directory");
}

TEST(NullPort, TakesEverything) {
    const auto port = open_null();
    EXPECT_EQ(port->send(bytes(std::string(1 << 20, 'x'))), std::size_t{1} << 20);
    EXPECT_TRUE(port->flush(0));
    port->set_receiver(nullptr);
    port->receiver_ready();
}

}  // namespace
}  // namespace trapeze::chardev
