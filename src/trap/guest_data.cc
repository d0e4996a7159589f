#include "guest_data.h"

#include <algorithm>
#include <array>

#include "trapeze/arch/esr.h"
#include "trapeze/arch/translation.h"
#include "trapeze/base/bits.h"
#include "trapeze/base/log.h"
#include "trapeze/mem/walker_registers.h"
#include "trapeze/trap/trace_events.h"

namespace trapeze::trap {
namespace {

// The smallest granule: what is contiguous in virtual addresses is so in physical ones within it.
constexpr u64 kPage = 4096;

// "AArch64.BigEndian": by the Exception level, not by the privilege of the access.
bool data_is_big_endian(const mem::MmuFeatures& features, const mem::El10Registers& registers, unsigned el) {
    if (!features.mixed_endian) return false;
    const u64 sctlr = registers.SCTLR_EL1;
    return (el == 0 ? arch::SctlrEl1::E0E::get(sctlr) : arch::SctlrEl1::EE::get(sctlr)) != 0;
}

// The next access of a transfer of `left` bytes.
unsigned access_size(mem::Gpa at, u64 left) {
    unsigned size = 8;
    while (size > left || at.value % size != 0) size /= 2;
    return size;
}

u64 load_le(std::span<const u8> bytes) {
    u64 value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

void store_le(std::span<u8> bytes, u64 value) {
    for (u8& byte : bytes) {
        byte = static_cast<u8>(value);
        value >>= 8;
    }
}

}  // namespace

GuestData::GuestData(CpuPort& cpu, const Handlers& handlers)
    : cpu_(cpu),
      handlers_(handlers),
      pstate_(cpu.pstate()),
      features_(cpu.mmu_features()),
      registers_(mem::read_el10_registers(features_, [&cpu](arch::SysReg reg) { return cpu.sysreg(reg); })),
      read_descriptor_(mem::guest_memory_reader(handlers.memory)),
      big_endian_(data_is_big_endian(features_, registers_, pstate_.el())) {}

mem::WalkResult GuestData::walk(mem::AccessKind kind, bool unprivileged, u64 va) const {
    // UAO makes LDTR and STTR of EL1 privileged.
    const bool as_el0 = pstate_.el() == 0 || (unprivileged && arch::Pstate::Uao::get(pstate_.value) == 0);
    const mem::Access access{
        .kind = kind,
        .privileged = !as_el0,
        .pan = kind != mem::AccessKind::Fetch && arch::Pstate::Pan::get(pstate_.value) != 0};
    return mem::walk_stage1(registers_, features_, access, mem::Gva{va}, read_descriptor_);
}

std::optional<u32> GuestData::instruction() const {
    const mem::WalkResult at = walk(mem::AccessKind::Fetch, false, cpu_.pc());
    std::array<u8, 4> bytes;
    if (!at || !handlers_.memory.read(at->pa, bytes)) return std::nullopt;
    return static_cast<u32>(load_le(bytes));
}

std::expected<mem::Gpa, GuestData::Abort> GuestData::translate_page(const Request& request, u64 va) const {
    const auto as = [&](bool is_write) -> std::expected<mem::Gpa, Abort> {
        const auto kind = is_write ? mem::AccessKind::Write : mem::AccessKind::Read;
        const mem::WalkResult at = walk(kind, request.unprivileged, va);
        if (!at) {
            const u64 status = arch::ParEl1::FST::get(mem::encode_par(at));
            return std::unexpected(Abort{va, static_cast<u8>(status), is_write});
        }
        if (at->attributes.is_device() && request.va % request.alignment != 0)
            return std::unexpected(Abort{va, arch::DataAbortIss::kAlignment, request.writes});
        return at->pa;
    };
    // An atomic needs both permissions, and lacks that to read first ("ISS encoding ... Data Abort", WnR).
    if (!request.writes) return as(false);
    if (request.reads) {
        if (const auto at = as(false); !at) return at;
    }
    return as(true);
}

std::expected<GuestData::Place, GuestData::Abort> GuestData::translate(const Request& request) const {
    Place place;
    const auto first = translate_page(request, request.va);
    if (!first) return std::unexpected(first.error());
    place.first = place.second = *first;
    place.on_first = static_cast<unsigned>(std::min<u64>(request.bytes, kPage - (request.va & (kPage - 1))));
    if (place.on_first < request.bytes) {
        const auto second = translate_page(request, request.va + place.on_first);
        if (!second) return std::unexpected(second.error());
        place.second = *second;
    }
    return place;
}

bool GuestData::touches_ram(const Place& place) const {
    return handlers_.memory.contains(place.first, 1) || handlers_.memory.contains(place.second, 1);
}

void GuestData::read(const Place& place, unsigned offset, std::span<u8> to) const {
    while (!to.empty()) {
        const mem::Gpa at = place.at(offset);
        const unsigned size = access_size(at, to.size());
        if (!handlers_.memory.read(at, to.first(size))) {
            const u64 value = handlers_.mmio.read(at, size, cpu_.index());
            TRACE(kvm_mmio_read, "{}: {:#x} size {} value {:#x}", cpu_.index(), at.value, size, value);
            store_le(to.first(size), value);
        }
        to = to.subspan(size);
        offset += size;
    }
}

void GuestData::write(const Place& place, unsigned offset, std::span<const u8> from) const {
    while (!from.empty()) {
        const mem::Gpa at = place.at(offset);
        const unsigned size = access_size(at, from.size());
        if (!handlers_.memory.write(at, from.first(size))) {
            const u64 value = load_le(from.first(size));
            TRACE(kvm_mmio_write, "{}: {:#x} size {} value {:#x}", cpu_.index(), at.value, size, value);
            handlers_.mmio.write(at, size, value, cpu_.index());
        }
        from = from.subspan(size);
        offset += size;
    }
}

}  // namespace trapeze::trap
