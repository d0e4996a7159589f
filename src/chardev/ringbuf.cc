// Output that is kept in memory.
#include <algorithm>
#include <vector>

#include "trapeze/base/mutex.h"
#include "trapeze/chardev/backend.h"

namespace trapeze::chardev {
namespace {

class Ring final : public RingBuffer {
public:
    explicit Ring(std::size_t bytes) : ring_(bytes) {}

    // What does not fit takes the place of the oldest.
    std::size_t send(std::span<const u8> bytes) override EXCLUDES(mutex_) {
        LockGuard lock(mutex_);
        for (const u8 byte : bytes) {
            ring_[written_++ & (ring_.size() - 1)] = byte;
            if (written_ - read_ > ring_.size()) read_ = written_ - ring_.size();
        }
        return bytes.size();
    }
    std::string read(std::size_t most) override EXCLUDES(mutex_) {
        LockGuard lock(mutex_);
        std::string text(std::min<u64>(most, written_ - read_), 0);
        for (char& byte : text) byte = static_cast<char>(ring_[read_++ & (ring_.size() - 1)]);
        return text;
    }
    void set_receiver(bus::CharReceiver*) override {}
    void receiver_ready() override {}
    bool flush(u64) override { return true; }

private:
    Mutex mutex_;  // leaf
    std::vector<u8> ring_ GUARDED_BY(mutex_);
    u64 written_ GUARDED_BY(mutex_) = 0;  // bytes, ever
    u64 read_ GUARDED_BY(mutex_) = 0;     // of them, or overwritten
};

}  // namespace

std::unique_ptr<RingBuffer> open_ringbuf(std::size_t bytes) {
    return std::make_unique<Ring>(bytes);
}

}  // namespace trapeze::chardev
