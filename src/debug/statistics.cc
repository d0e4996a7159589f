#include "trapeze/debug/statistics.h"

#include <algorithm>
#include <bit>

#include "trapeze/base/check.h"

namespace trapeze::debug {
namespace {

// Keys that a class may have. A guest that tries all encodings or function ids gets no more memory than this;
// Linux uses about forty registers and ten functions. Together well below the number of slots.
constexpr u32 key_limit(ExitClass c) {
    switch (c) {
        case ExitClass::SysRegRead:
        case ExitClass::SysRegWrite: return 384;
        case ExitClass::Hvc:
        case ExitClass::Smc:
        case ExitClass::Unexpected: return 64;
        case ExitClass::MmioRead:
        case ExitClass::MmioWrite:
        case ExitClass::MmioUndescribed: return 256;
        default: return 8;
    }
}

}  // namespace

std::size_t histogram_bucket(u64 ns) {
    const auto bucket = static_cast<std::size_t>(std::bit_width(ns | 1) - 1);
    return std::min(bucket, kHistogramBuckets - 1);
}

void ExitTotals::merge(const ExitTotals& other) {
    if (other.count == 0) return;
    min = count == 0 ? other.min : std::min(min, other.min);
    max = std::max(max, other.max);
    count += other.count;
    total += other.total;
    blocked += other.blocked;
    guest += other.guest;
    for (std::size_t n = 0; n < kHistogramBuckets; ++n) histogram[n] += other.histogram[n];
}

// One writer, so plain arithmetic on relaxed atomics loses nothing.
struct ExitStatistics::Cell {
    using Counter = std::atomic<u64>;

    explicit Cell(ExitKey k) : key(k) {}
    const ExitKey key;
    Counter count{0}, total{0}, min{0}, max{0}, blocked{0}, guest{0};
    std::array<Counter, kHistogramBuckets> histogram{};

    static u64 get(const Counter& counter) { return counter.load(std::memory_order_relaxed); }
    static void set(Counter& counter, u64 value) { counter.store(value, std::memory_order_relaxed); }
    static void increase(Counter& counter, u64 by) { set(counter, get(counter) + by); }
};

ExitStatistics::ExitStatistics() = default;
ExitStatistics::~ExitStatistics() = default;

ExitStatistics::Cell& ExitStatistics::cell(ExitKey key) {
    const u64 number = u64{key.detail} << 8 | static_cast<u64>(key.exit_class);
    std::size_t slot = number * 0x9e37'79b9'7f4a'7c15u >> 52;  // multiplicative hashing; 12 bits
    static_assert(kSlots == 1u << 12);
    for (;; slot = (slot + 1) % kSlots) {
        Cell* const found = slots_[slot].load(std::memory_order_relaxed);
        if (found == nullptr) break;
        if (found->key == key) return *found;
    }
    u32& keys = keys_[static_cast<std::size_t>(key.exit_class)];
    if (keys >= key_limit(key.exit_class) && key.detail != kOtherDetails) {
        return cell({key.exit_class, kOtherDetails});
    }
    ++keys;
    CHECK(cells_.size() < kSlots / 2);
    Cell& added = *cells_.emplace_back(std::make_unique<Cell>(key));
    slots_[slot].store(&added, std::memory_order_release);
    return added;
}

void ExitStatistics::add(ExitKey key, const vcpu::ObservedExit& exit) {
    Cell& c = cell(key);
    const u64 ns = exit.handling_ns();
    if (Cell::get(c.count) == 0 || ns < Cell::get(c.min)) Cell::set(c.min, ns);
    if (ns > Cell::get(c.max)) Cell::set(c.max, ns);
    Cell::increase(c.count, 1);
    Cell::increase(c.total, ns);
    Cell::increase(c.blocked, exit.blocked_ns());
    Cell::increase(c.guest, exit.guest_ns());
    Cell::increase(c.histogram[histogram_bucket(ns)], 1);
}

std::vector<ExitRow> ExitStatistics::rows() const {
    std::vector<ExitRow> rows;
    for (const auto& slot : slots_) {
        const Cell* const c = slot.load(std::memory_order_acquire);
        if (c == nullptr) continue;
        ExitRow row{c->key, {}};
        row.totals.count = Cell::get(c->count);
        row.totals.total = Cell::get(c->total);
        row.totals.min = Cell::get(c->min);
        row.totals.max = Cell::get(c->max);
        row.totals.blocked = Cell::get(c->blocked);
        row.totals.guest = Cell::get(c->guest);
        for (std::size_t n = 0; n < kHistogramBuckets; ++n)
            row.totals.histogram[n] = Cell::get(c->histogram[n]);
        rows.push_back(row);
    }
    return rows;
}

}  // namespace trapeze::debug
