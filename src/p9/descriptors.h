// Descriptors of the host: counted if it is the guest who decides how long they stay, and opened so that
// nothing outside of the share can be reached.
#pragma once

#include <array>
#include <string_view>

#include "trapeze/base/fd.h"
#include "wire.h"

namespace trapeze::p9 {

// The program may have as many descriptors as the host lets it; call before anything is shared. A part of
// them is kept for everything that is not a share.
void raise_descriptor_limit();
// That the program has `limit` of them, for tests.
void limit_descriptors(u64 limit);

// One of the descriptors that all shares together may have.
class Held {
public:
    Held() = default;
    Held(Held&&) noexcept = default;
    Held& operator=(Held&& other) noexcept;
    ~Held();

    // EMFILE if there are too many. `fd` below 0: errno.
    static OrErrno<Held> take(int fd);

    int get() const { return fd_.get(); }
    bool valid() const { return fd_.valid(); }

private:
    explicit Held(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

// Opens `name`, which is a single component and not "..", in the directory; never through a symbolic link.
// A descriptor, or -1 and errno.
int open_in(int directory, std::string_view name, int flags, unsigned mode = 0);

// A path to what an O_PATH descriptor stands for, for calls that take no such descriptor. It leads to that
// file itself, even if it is a symbolic link.
class PathOf {
public:
    explicit PathOf(int fd);
    const char* c_str() const { return text_.data(); }

private:
    std::array<char, 32> text_;
};

}  // namespace trapeze::p9
