#include "gdb/guest_code.h"

#include <algorithm>
#include <cstring>

#include "address_space.h"

namespace trapeze::debug::gdb {
namespace {

constexpr u64 kChunk = AddressSpace::kGranule;  // contiguous in any translation
constexpr u32 kBrk = vcpu::brk_instruction(vcpu::kDebuggerBrk);
constexpr u64 kInstruction = 4;

// Those of a request: physical, or a vCPU's.
class Addresses {
public:
    Addresses(MachineControl& machine, std::size_t cpu, bool physical) {
        if (!physical) space_.emplace(machine, cpu);
    }
    std::optional<mem::Gpa> find(u64 address) const {
        if (!space_) return mem::Gpa{address};
        const mem::WalkResult result = space_->translate(mem::Gva{address});
        if (!result) return std::nullopt;
        return result->pa;
    }

private:
    std::optional<AddressSpace> space_;
};

}  // namespace

std::optional<mem::Gpa> GuestCode::translate(std::size_t cpu, u64 address) {
    return Addresses(machine_, cpu, false).find(address);
}

std::optional<u32> GuestCode::instruction_at(u64 at) const {
    u8 bytes[kInstruction];
    if (!machine_.memory().read(mem::Gpa{at}, bytes)) return std::nullopt;
    u32 value = 0;
    std::memcpy(&value, bytes, sizeof(value));
    return value;
}

bool GuestCode::put(u64 at, u32 instruction) {
    u8 bytes[kInstruction];
    std::memcpy(bytes, &instruction, sizeof(instruction));
    if (!machine_.memory().write(mem::Gpa{at}, bytes)) return false;
    machine_.cpu(0).accel().instructions_written(machine_.memory().view(mem::Gpa{at}, kInstruction));
    return true;
}

void GuestCode::hide_patches(u64 at, std::span<u8> bytes) const {
    const u64 end = at + bytes.size();
    for (auto it = patches_.lower_bound(at < kInstruction ? 0 : at - kInstruction + 1);
         it != patches_.end() && it->first < end; ++it) {
        u8 original[kInstruction];
        std::memcpy(original, &it->second.original, sizeof(original));
        for (u64 i = 0; i < kInstruction; ++i) {
            const u64 where = it->first + i;
            if (where >= at && where < end) bytes[where - at] = original[i];
        }
    }
}

std::size_t GuestCode::read(std::size_t cpu, u64 address, std::span<u8> to, bool physical) {
    const Addresses addresses(machine_, cpu, physical);
    std::size_t done = 0;
    while (done < to.size()) {
        const u64 at = address + done;
        const auto part = to.subspan(done, std::min<u64>(kChunk - at % kChunk, to.size() - done));
        const auto gpa = addresses.find(at);
        if (!gpa || !machine_.memory().read(*gpa, part)) break;
        hide_patches(gpa->value, part);
        done += part.size();
    }
    return done;
}

bool GuestCode::write(std::size_t cpu, u64 address, std::span<const u8> from, bool physical) {
    const Addresses addresses(machine_, cpu, physical);
    while (!from.empty()) {
        const auto part = from.first(std::min<u64>(kChunk - address % kChunk, from.size()));
        const auto gpa = addresses.find(address);
        if (!gpa || !machine_.memory().contains(*gpa, part.size())) return false;
        // New instructions go below the patches they meet.
        std::vector<u64> met;
        for (const auto& [at, patch] : patches_) {
            if (at + kInstruction <= gpa->value || at >= gpa->value + part.size()) continue;
            met.push_back(at);
            (void)put(at, patch.original);
        }
        (void)machine_.memory().write(*gpa, part);
        machine_.cpu(0).accel().instructions_written(machine_.memory().view(*gpa, part.size()));
        for (const u64 at : met) {
            patches_[at].original = instruction_at(at).value_or(0);
            (void)put(at, kBrk);
        }
        from = from.subspan(part.size());
        address += part.size();
    }
    return true;
}

bool GuestCode::patch(mem::Gpa at) {
    if (const auto it = patches_.find(at.value); it != patches_.end()) {
        ++it->second.users;
        return true;
    }
    const auto original = instruction_at(at.value);
    if (at.value % kInstruction != 0 || !original || !put(at.value, kBrk)) return false;
    patches_[at.value] = {*original, 1};
    return true;
}

void GuestCode::unpatch(mem::Gpa at) {
    const auto it = patches_.find(at.value);
    if (it == patches_.end() || --it->second.users > 0) return;
    // The guest may have put something else there meanwhile: a freed page, another module.
    if (instruction_at(at.value) == kBrk) (void)put(at.value, it->second.original);
    patches_.erase(it);
}

void GuestCode::reapply() {
    for (auto& [at, patch] : patches_) {
        const auto now = instruction_at(at);
        if (!now || *now == kBrk) continue;
        patch.original = *now;
        (void)put(at, kBrk);
    }
}

}  // namespace trapeze::debug::gdb
