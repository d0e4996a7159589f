// What kvm-unit-tests end with: commands of a guest to its host.
#include <cctype>

#include "trapeze/base/mutex.h"
#include "trapeze/chardev/backend.h"

namespace trapeze::chardev {
namespace {

class TestDevice final : public Backend {
public:
    TestDevice(EventLoop& loop, std::function<void(int)> exit) : loop_(loop), exit_(std::move(exit)) {}

    std::size_t send(std::span<const u8> bytes) override EXCLUDES(mutex_) {
        LockGuard lock(mutex_);
        for (const u8 byte : bytes) take(byte);
        return bytes.size();
    }
    void set_receiver(bus::CharReceiver*) override {}
    void receiver_ready() override {}
    bool flush(u64) override { return true; }

private:
    void take(u8 byte) REQUIRES(mutex_) {
        if (std::isspace(byte) != 0) return;
        if (std::isdigit(byte) != 0) {
            number_ = number_ * 10 + (byte - u32{'0'});  // wraps around
            return;
        }
        // The first one counts.
        if (byte == 'q' && !std::exchange(ended_, true))
            loop_.post(
                [exit = exit_, status = static_cast<int>((number_ << 1 | 1) & 0xff)] { exit(status); });
        number_ = 0;
    }

    EventLoop& loop_;
    const std::function<void(int)> exit_;

    Mutex mutex_;  // before the loop's
    u32 number_ GUARDED_BY(mutex_) = 0;
    bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<Backend> open_testdev(EventLoop& loop, std::function<void(int status)> exit) {
    return std::make_unique<TestDevice>(loop, std::move(exit));
}

}  // namespace trapeze::chardev
