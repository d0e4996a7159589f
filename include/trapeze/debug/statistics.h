// How many exits a vCPU had, of what kind, and what they cost.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "trapeze/debug/exit_key.h"

namespace trapeze::debug {

// Bucket n of a histogram counts durations of 2^n up to 2^(n+1) ns; bucket 0 also those of 0, the last one
// also anything longer (9 minutes).
inline constexpr std::size_t kHistogramBuckets = 40;
std::size_t histogram_bucket(u64 ns);

// Nanoseconds. total, min, max and the histogram are of the handling in this program: from the return of
// run() to the next entry, without time spent asleep in WFI or CPU_SUSPEND, which is `blocked`. `guest` is
// from the entry to that return.
struct ExitTotals {
    u64 count = 0;
    u64 total = 0;
    u64 min = 0;  // 0 when count is
    u64 max = 0;
    u64 blocked = 0;
    u64 guest = 0;
    std::array<u64, kHistogramBuckets> histogram{};

    void merge(const ExitTotals& other);
};

struct ExitRow {
    ExitKey key;
    ExitTotals totals;
};

// One vCPU. Bounded memory, whatever the guest does: exits beyond the keys that a class may have are counted
// under kOtherDetails.
class ExitStatistics {
public:
    ExitStatistics();
    ~ExitStatistics();
    ExitStatistics(const ExitStatistics&) = delete;
    ExitStatistics& operator=(const ExitStatistics&) = delete;

    // One thread at a time.
    void add(ExitKey key, const vcpu::ObservedExit& exit);

    // Any thread, also while others add(): then an exit may be counted in one field and not yet in another.
    std::vector<ExitRow> rows() const;

private:
    struct Cell;
    Cell& cell(ExitKey key);

    static constexpr std::size_t kSlots = 4096;
    std::array<std::atomic<Cell*>, kSlots> slots_{};  // hash table of what cells_ owns; null: free
    std::vector<std::unique_ptr<Cell>> cells_;        // the adding thread's
    std::array<u32, kExitClasses> keys_{};            // likewise: how many each class has
};

// All vCPUs together, for people and for programs.
class StatisticsReport {
public:
    StatisticsReport(std::span<const ExitStatistics* const> vcpus, const ExitNames& names);

    // Sorted by total cost, highest first.
    const std::vector<ExitRow>& rows() const { return rows_; }
    const std::array<ExitTotals, kExitClasses>& classes() const { return classes_; }
    const std::vector<ExitTotals>& vcpus() const { return vcpus_; }

    std::string table() const;
    std::string json() const;  // docs/debugging.md has its fields

private:
    const ExitNames& names_;
    std::vector<ExitRow> rows_;
    std::array<ExitTotals, kExitClasses> classes_{};
    std::vector<ExitTotals> vcpus_;
};

}  // namespace trapeze::debug
