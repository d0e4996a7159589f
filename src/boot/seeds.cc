#include "seeds.h"

#include <sys/random.h>

#include <cerrno>
#include <span>

namespace trapeze::boot {
namespace {

Result<> fill_random(std::span<u8> bytes) {
    while (!bytes.empty()) {
        const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(errno, "could not get random numbers");
        bytes = bytes.subspan(static_cast<size_t>(got));
    }
    return {};
}

}  // namespace

Result<Seeds> random_seeds() {
    Seeds seeds;
    TRY(fill_random({reinterpret_cast<u8*>(&seeds.kaslr), sizeof(seeds.kaslr)}));
    TRY(fill_random(seeds.rng));
    return seeds;
}

}  // namespace trapeze::boot
