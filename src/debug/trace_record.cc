#include "trace_record.h"

#include <algorithm>

namespace trapeze::debug {

ExitRecord make_exit_record(const vcpu::ObservedExit& exit, ExitKey key) {
    ExitRecord record;
    record.exit_class = key.exit_class;
    record.detail = key.detail;
    record.flags = static_cast<u8>((exit.value ? ExitRecord::kHasValue : 0u) |
                                   (exit.exception ? ExitRecord::kException : 0u));
    record.entered_ns = exit.entered_ns;
    record.exited_ns = exit.exited_ns;
    record.blocked_from_ns = exit.blocked_from_ns;
    record.blocked_until_ns = exit.blocked_until_ns;
    record.done_ns = exit.done_ns;
    record.pc = exit.pc;
    record.value = exit.value.value_or(0);
    record.arguments = exit.arguments;
    if (!exit.trap) return record;
    if (const auto* mmio = std::get_if<trap::MmioTrap>(&*exit.trap)) {
        record.address = mmio->address.value;
        record.size = mmio->size;
    } else if (const auto* undescribed = std::get_if<trap::UndescribedMmioTrap>(&*exit.trap)) {
        record.address = undescribed->address.value;
        record.iss = undescribed->iss;
    } else if (const auto* unexpected = std::get_if<trap::UnexpectedTrap>(&*exit.trap)) {
        record.iss = unexpected->iss;
    }
    return record;
}

InstantRecord make_instant_record(const TraceEvent& event, std::string_view text, u64 time_ns) {
    InstantRecord record;
    record.length = static_cast<u8>(std::min(text.size(), record.text.size()));
    record.cut = text.size() > record.text.size() ? 1 : 0;
    record.time_ns = time_ns;
    record.event = &event;
    std::copy_n(text.data(), record.length, record.text.data());
    return record;
}

u64 end_time(const RecordWords& words) {
    if (kind_of(words) == RecordKind::Exit) return from_words<ExitRecord>(words).done_ns;
    return from_words<InstantRecord>(words).time_ns;
}

}  // namespace trapeze::debug
