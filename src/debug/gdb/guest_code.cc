#include "gdb/guest_code.h"

#include <algorithm>
#include <cstring>

#include "trapeze/mem/walker_registers.h"

namespace trapeze::debug::gdb {
namespace {

constexpr u64 kChunk = 4096;  // the smallest granule: contiguous in any translation
constexpr u32 kBrk = vcpu::brk_instruction(vcpu::kDebuggerBrk);
constexpr u64 kInstruction = 4;

}  // namespace

const mem::MmuFeatures& GuestCode::features() {
    if (!features_) {
        vcpu::Vcpu& cpu = machine_.cpu(0);
        features_ =
            mem::read_mmu_features([&cpu](arch::SysReg reg) { return cpu.read_sysreg(reg).value_or(0); });
    }
    return *features_;
}

mem::El10Registers GuestCode::translation_registers(std::size_t cpu) {
    accel::Vcpu& accel = machine_.cpu(cpu).accel();
    return mem::read_el10_registers(
        features(), [&accel](arch::SysReg reg) { return accel.get(reg).value_or(0); });
}

std::optional<mem::Gpa> GuestCode::translate(const mem::El10Registers& registers, u64 address) {
    const auto result = mem::translate_for_debug(registers, features(), mem::Gva{address},
                                                 mem::guest_memory_reader(machine_.memory()));
    if (!result) return std::nullopt;
    return result->pa;
}

std::optional<mem::Gpa> GuestCode::translate(std::size_t cpu, u64 address) {
    return translate(translation_registers(cpu), address);
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
    const mem::El10Registers regs = physical ? mem::El10Registers{} : translation_registers(cpu);
    std::size_t done = 0;
    while (done < to.size()) {
        const u64 at = address + done;
        const auto part = to.subspan(done, std::min<u64>(kChunk - at % kChunk, to.size() - done));
        const auto gpa = physical ? mem::Gpa{at} : translate(regs, at);
        if (!gpa || !machine_.memory().read(*gpa, part)) break;
        hide_patches(gpa->value, part);
        done += part.size();
    }
    return done;
}

bool GuestCode::write(std::size_t cpu, u64 address, std::span<const u8> from, bool physical) {
    const mem::El10Registers regs = physical ? mem::El10Registers{} : translation_registers(cpu);
    while (!from.empty()) {
        const auto part = from.first(std::min<u64>(kChunk - address % kChunk, from.size()));
        const auto gpa = physical ? mem::Gpa{address} : translate(regs, address);
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
