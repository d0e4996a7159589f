#include "translation_text.h"

#include <fmt/core.h>

#include "trapeze/base/bits.h"

namespace trapeze::debug {
namespace {

// One level of cache: DDI0487 "MAIR_EL1, Memory Attribute Indirection Register (EL1)".
std::string describe_cache(unsigned nibble) {
    constexpr std::string_view kAllocations[] = {"", "W", "R", "RW"};
    if (nibble == 0b0100) return "NC";
    const bool transient = (nibble & 0b1000) == 0;
    const std::string_view type = (nibble & 0b0100) != 0 ? "WB" : "WT";
    return fmt::format("{}({}{})", type, transient ? "T" : "", kAllocations[nibble & 0b11]);
}

std::string describe_device(u8 attr) {
    constexpr std::string_view kTypes[] = {"nGnRnE", "nGnRE", "nGRE", "GRE"};
    if ((attr & 0b10) != 0) return "reserved";
    return fmt::format("Device-{}{}", kTypes[attr >> 2], (attr & 1) != 0 ? " XS=0" : "");
}

std::string_view kind_name(mem::FaultKind kind) {
    switch (kind) {
        case mem::FaultKind::AddressSize: return "Address size fault";
        case mem::FaultKind::Translation: return "Translation fault";
        case mem::FaultKind::AccessFlag: return "Access flag fault";
        case mem::FaultKind::Permission: return "Permission fault";
        case mem::FaultKind::ExternalAbort: return "External abort";
    }
    return "";
}

std::string describe_rights(const mem::AccessRights& r) {
    return {r.read ? 'r' : '-', r.write ? 'w' : '-', r.execute ? 'x' : '-'};
}

}  // namespace

std::string describe_memory_type(u8 attr) {
    if ((attr & 0xf0) == 0) return describe_device(attr);
    switch (attr) {
        case 0x40: return "Normal NC XS=0";
        case 0xa0: return "Normal WT(R) XS=0";
        case 0xe0: return "Normal WB(RW) Tagged, no access to tags";
        case 0xf0: return "Normal WB(RW) Tagged";
        default: break;
    }
    const unsigned outer = attr >> 4;
    const unsigned inner = attr & 0b1111;
    if (inner == 0) return "reserved";
    if (outer == inner) return "Normal " + describe_cache(outer);
    return fmt::format("Normal outer {} inner {}", describe_cache(outer), describe_cache(inner));
}

std::string_view shareability_name(mem::Shareability shareability) {
    switch (shareability) {
        case mem::Shareability::NonShareable: return "NSH";
        case mem::Shareability::OuterShareable: return "OSH";
        case mem::Shareability::InnerShareable: return "ISH";
    }
    return "";
}

std::string describe_permissions(const mem::Permissions& permissions) {
    return describe_rights(permissions.privileged) + "/" + describe_rights(permissions.unprivileged);
}

std::string describe_fault(const mem::Fault& fault) {
    std::string text(kind_name(fault.kind));
    if (fault.overlay) text += " (overlay)";
    if (fault.dirty_bit) text += " (nDirty)";
    text += fmt::format(", level {}, stage {}", fault.level, fault.stage2 ? 2 : 1);
    if (fault.stage2) text += fmt::format(" at {:#x}", fault.ipa.value);
    if (fault.on_walk) text += ", on the walk of stage 1";
    return text;
}

std::string describe_size(u64 bytes) {
    constexpr std::string_view kUnits[] = {"", "K", "M", "G", "T", "P"};
    std::size_t unit = 0;
    while (unit + 1 < std::size(kUnits) && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        ++unit;
    }
    return fmt::format("{}{}", bytes, kUnits[unit]);
}

}  // namespace trapeze::debug
