#include "trapeze/virtio/balloon.h"

#include <algorithm>
#include <cstring>

#include "trapeze/base/buffers.h"

namespace trapeze::virtio {
namespace {

// 5.5.3 "Feature bits".
constexpr u64 kDeflateOnOom = 1 << 2;
constexpr u64 kPagePoison = 1 << 4;
constexpr u64 kPageReporting = 1 << 5;

// 5.5.2 "Virtqueues". The one for reports has the number 4. Linux counts only the queues that are there, and
// as those for statistics and for free page hints are not, it has the number 2 there. Neither number can be
// for anything else, so what comes behind the first two is a report.
enum : u16 { kInflate, kDeflate, kFirstReporting };
constexpr u16 kSizes[] = {128, 128, 128, 128, 128};

// 5.5.4 "Device configuration layout".
struct Config {
    u32 num_pages = 0;
    u32 actual = 0;
    u32 free_page_hint_cmd_id = 0;
    u32 poison_val = 0;
};

// What is done before other work of the thread gets its turn: so many pages one by one, which is the slowest
// way. Where many are given back at once, kCheapPages cost as much as one.
constexpr u64 kBudget = 4096;
constexpr u64 kCheapPages = 16;
// Pages that are sorted and joined. Linux sends up to 256 at once.
constexpr std::size_t kMostJoined = 1024;
// Of a report, what is done in one piece.
constexpr u64 kPieceBytes = 16 << 20;

// Drivers of the legacy interface write byte by byte.
void overwrite(std::atomic<u32>& field, u32 offset, std::span<const u8> from) {
    u32 value = field;
    if (offset >= sizeof value || from.empty()) return;
    std::memcpy(reinterpret_cast<u8*>(&value) + offset, from.data(),
                std::min(from.size(), sizeof value - offset));
    field = value;
}

}  // namespace

Balloon::Balloon(mem::GuestMemory& memory, Options options) : memory_(memory), options_(options) {
    pages_.reserve(kMostJoined);
}

Balloon::~Balloon() = default;

// Poisoning is of interest to those who report only: Linux that poisons its free pages reports none of them
// to a device that does not know.
u64 Balloon::features() const {
    return (options_.deflate_on_oom ? kDeflateOnOom : 0) |
           (options_.free_page_reporting ? kPageReporting | kPagePoison : 0);
}

std::span<const u16> Balloon::queue_sizes() const {
    static_assert(std::size(kSizes) == kQueues);
    return std::span(kSizes).first(options_.free_page_reporting ? kQueues : std::size_t{kFirstReporting});
}

void Balloon::read_config(u32 offset, std::span<u8> to) {
    const Config config{.num_pages = target_, .actual = actual_, .poison_val = poison_};
    copy_config({reinterpret_cast<const u8*>(&config), sizeof config}, offset, to);
}

void Balloon::write_config(u32 offset, std::span<const u8> from) {
    const u32 before = actual_;
    overwrite(actual_, offset - u32{offsetof(Config, actual)}, from);
    overwrite(poison_, offset - u32{offsetof(Config, poison_val)}, from);
    if (actual_ != before && changed_) changed_();
}

void Balloon::set_target(u32 pages) {
    if (target_.exchange(pages) != pages && session_.host != nullptr) session_.host->config_changed();
}

void Balloon::start(Session session) {
    session_ = std::move(session);
    for (u16 queue = 0; queue < kQueues; ++queue) notified(queue);
}

// A guest that starts anew has all its memory.
void Balloon::stop(std::function<void()> stopped) {
    session_ = {};
    for (Work& work : work_) work.begun = false;
    poison_ = 0;
    if (actual_.exchange(0) != 0 && changed_) changed_();
    stopped();
}

void Balloon::notified(u16 n) {
    Queue* queue = session_.queue(n);
    if (queue == nullptr || n >= kQueues) return;
    Work& work = work_[n];
    u64 budget = kBudget;
    while (true) {
        if (budget == 0) {
            session_.host->notify_again(n);
            break;
        }
        if (!work.begun) {
            if (!queue->pop(work.request)) {
                if (queue->rearm()) continue;
                break;
            }
            work.begun = true;
            work.done = 0;
        }
        // What leaves the balloon needs nothing: the host gives memory to whoever touches it.
        const bool done = n == kDeflate || (n == kInflate ? inflate(work, budget) : report(work, budget));
        if (!done) continue;
        queue->push(work.request, 0);
        work.begun = false;
        budget -= std::min<u64>(budget, 1);
    }
    complete(session_, n);
}

// 5.5.6 "Device Operation": numbers of pages, in any order. Neighbours go together, which saves time, and
// where the host's pages are larger there is no other way to find whole ones.
bool Balloon::inflate(Work& work, u64& budget) {
    const u64 left = (work.request.readable_bytes - work.done) / sizeof(u32);
    if (left == 0) return true;
    pages_.resize(std::min<u64>({left, budget, kMostJoined}));
    const std::span bytes(reinterpret_cast<u8*>(pages_.data()), pages_.size() * sizeof(u32));
    copy_from(work.request.readable, work.done, bytes);
    work.done += bytes.size();
    budget -= pages_.size();
    std::ranges::sort(pages_);
    for (std::size_t begin = 0, end = 0; begin < pages_.size(); begin = end) {
        for (end = begin + 1; end < pages_.size() && pages_[end] - pages_[end - 1] <= 1;) ++end;
        const u64 first = pages_[begin];
        memory_.discard({mem::Gpa{first * kPageBytes}, (u64{pages_[end - 1]} - first + 1) * kPageBytes});
    }
    return work.done / sizeof(u32) == work.request.readable_bytes / sizeof(u32);
}

// 5.5.6.7 "Free Page Reporting": the buffers are the pages, which read as zeros, or as they were, when the
// guest gets them back. It may count on another value.
bool Balloon::report(Work& work, u64& budget) {
    const bool wanted = session_.has(kPageReporting) && !(session_.has(kPagePoison) && poison_ != 0);
    if (!wanted) return true;
    const u64 bytes = std::min(work.request.writable_bytes - work.done, kPieceBytes);
    u64 cost = bytes / kPageBytes / kCheapPages;
    for_each_piece(work.request.writable, work.done, bytes, [&](std::span<u8> piece) {
        memory_.discard(piece);
        ++cost;
    });
    work.done += bytes;
    budget -= std::min(budget, cost);
    return work.done == work.request.writable_bytes;
}

}  // namespace trapeze::virtio
