// What a trace ring holds: fixed-size records of plain data.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <string_view>

#include "trapeze/debug/exit_key.h"

namespace trapeze::debug {

inline constexpr std::size_t kRecordWords = 15;
using RecordWords = std::array<u64, kRecordWords>;

enum class RecordKind : u8 { None, Exit, Instant };

// One exit. Times are CLOCK_MONOTONIC nanoseconds, as in vcpu::ObservedExit.
struct ExitRecord {
    static constexpr u8 kHasValue = 1;
    static constexpr u8 kException = 2;

    RecordKind kind = RecordKind::Exit;
    ExitClass exit_class = ExitClass::Other;
    u8 flags = 0;
    u8 size = 0;     // MMIO: bytes
    u32 detail = 0;  // with exit_class: an ExitKey
    u64 entered_ns = 0;
    u64 exited_ns = 0;
    u64 blocked_from_ns = 0;
    u64 blocked_until_ns = 0;
    u64 done_ns = 0;
    u64 pc = 0;
    u64 address = 0;  // MMIO
    u64 value = 0;
    std::array<u64, 4> arguments{};  // hypercalls
    u32 iss = 0;                     // undescribed MMIO, unexpected classes
    u32 reserved = 0;
    u64 reserved2 = 0;

    ExitKey key() const { return {exit_class, detail}; }
};

// One trace event that is not an exit. `text` may be cut short.
struct InstantRecord {
    RecordKind kind = RecordKind::Instant;
    u8 length = 0;
    u8 cut = 0;
    std::array<u8, 5> reserved{};
    u64 time_ns = 0;
    const TraceEvent* event = nullptr;  // static
    std::array<char, 96> text{};

    std::string_view view() const { return {text.data(), length}; }
};

static_assert(sizeof(ExitRecord) == sizeof(RecordWords));
static_assert(sizeof(InstantRecord) == sizeof(RecordWords));
static_assert(std::has_unique_object_representations_v<ExitRecord>);

inline RecordKind kind_of(const RecordWords& words) {
    RecordKind kind;
    std::memcpy(&kind, words.data(), sizeof(kind));
    return kind;
}
template <typename Record>
RecordWords to_words(const Record& record) {
    return std::bit_cast<RecordWords>(record);
}
template <typename Record>
Record from_words(const RecordWords& words) {
    return std::bit_cast<Record>(words);
}

ExitRecord make_exit_record(const vcpu::ObservedExit& exit, ExitKey key);
InstantRecord make_instant_record(const TraceEvent& event, std::string_view text, u64 time_ns);

// When the record's last event happened.
u64 end_time(const RecordWords& words);

}  // namespace trapeze::debug
