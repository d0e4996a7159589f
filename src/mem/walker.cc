#include "trapeze/mem/walker.h"

#include <array>
#include <bit>

#include "trapeze/arch/translation.h"
#include "trapeze/mem/guest_memory.h"
#include "walk_parameters.h"
#include "walk_permissions.h"

namespace trapeze::mem {
namespace {

using arch::Descriptor;

constexpr u8 kDeviceNGnRnE = 0x00;
constexpr u8 kNormalNonCacheable = 0x44;
constexpr u8 kNormalNonCacheableXs0 = 0x40;
constexpr u8 kNormalWriteThroughRa = 0xaa;

// Whether a translation is for an access or for somebody who only looks.
enum class Purpose : u8 { Access, Debug };

std::unexpected<Fault> fault(FaultKind kind, int level) {
    return std::unexpected(Fault{.kind = kind, .level = static_cast<s8>(level)});
}

// With MTX bits [59:56] are a tag, and read as the sign.
u64 without_tag(const Stage1Parameters& p, Gva va) {
    if (!p.mtx) return va.value;
    return deposit(va.value, 59, 56, p.upper ? 0b1111 : 0);
}

// AArch64.S1DisabledOutput.
WalkResult flat(const Stage1Parameters& p, Access access, Gva va) {
    // The address must fit in the implemented size, not in TCR_EL1.IPS; with TBI its top byte is not looked
    // at.
    if ((without_tag(p, va) & mask(p.address_top, p.pa_bits)) != 0) return fault(FaultKind::AddressSize, 0);
    Translation result;
    result.pa = Gpa{va.value & low_mask(p.pa_bits)};
    result.size = bit(p.pa_bits);
    result.flat = true;
    result.attributes.attr = kDeviceNGnRnE;
    if (access.kind == AccessKind::Fetch)
        result.attributes.attr = p.instruction_cacheable ? kNormalWriteThroughRa : kNormalNonCacheable;
    result.attributes.shareability = Shareability::OuterShareable;
    constexpr AccessRights kAll{.read = true, .write = true, .execute = true};
    result.permissions = {.privileged = kAll, .unprivileged = kAll};
    return result;
}

// AArch64.VAIsOutOfRange. There are at most 52 bits of address, and so bits to check.
bool out_of_range(const Stage1Parameters& p, Gva va) {
    const u64 address = without_tag(p, va);
    const u64 must_match = mask(p.address_top, p.walk.ia_bits);
    return (address & must_match) != (p.upper ? must_match : 0);
}

MemoryAttributes attributes(const Stage1Parameters& p, u64 descriptor, bool fetch) {
    const unsigned low = 8 * static_cast<unsigned>(Descriptor::AttrIndx::get(descriptor));
    const u64 mair = p.aie && Descriptor::AttrIndx3::get(descriptor) != 0 ? p.mair2 : p.mair;
    MemoryAttributes result;
    result.attr = static_cast<u8>(extract(mair, low + 7, low));
    const bool forced_non_cacheable =
        fetch ? result.is_device() || !p.instruction_cacheable : !result.is_device() && !p.data_cacheable;
    if (forced_non_cacheable) result.attr = kNormalNonCacheable;

    const u64 sh = p.walk.ds ? p.sh : Descriptor::SH::get(descriptor);
    const bool always_outer =
        result.is_device() || result.attr == kNormalNonCacheable || result.attr == kNormalNonCacheableXs0;
    if (always_outer || sh == 0b10) {
        result.shareability = Shareability::OuterShareable;
    } else {
        // 0b01 is reserved; here, as in KVM, Non-shareable.
        result.shareability = sh == 0b11 ? Shareability::InnerShareable : Shareability::NonShareable;
    }
    return result;
}

// AArch64.ContiguousBit. The address does not depend on it: where a set bit would matter, it is
// misprogrammed, and ignoring it is one of the permitted behaviours.
bool is_contiguous(const TableWalk& walk, const Leaf& leaf) {
    const int none_at = walk.granule_bits == 12 ? 0 : 1;
    return leaf.level != none_at && Descriptor::Contiguous::get(leaf.descriptor) != 0;
}

// AArch64.S1Translate, in its order of checks. The level of a fault before the walk is 0, wherever the walk
// would have started.
WalkResult walk(const Stage1Parameters& p, Access access, Purpose purpose, Gva va,
                const DescriptorReader& read_descriptor) {
    if (!p.enabled) return flat(p, access, va);
    if (p.txsz_faults || out_of_range(p, va)) return fault(FaultKind::Translation, 0);
    if (p.epd || (p.e0pd && !access.privileged)) return fault(FaultKind::Translation, 0);

    const std::expected<Leaf, Fault> leaf = walk_tables(p.walk, va.value, read_descriptor);
    if (!leaf) return std::unexpected(leaf.error());

    const bool access_flag = Descriptor::AF::get(leaf->descriptor) != 0;
    if (!access_flag && !p.ha && purpose != Purpose::Debug) return fault(FaultKind::AccessFlag, leaf->level);
    const Stage1Permissions permissions = stage1_permissions(p, *leaf, access);
    if (const auto denied = check_permissions(permissions, access, leaf->level))
        return std::unexpected(*denied);

    Translation result;
    result.pa = leaf->oa;
    result.size = bit(leaf->offset_bits);
    result.level = static_cast<s8>(leaf->level);
    result.attributes = attributes(p, leaf->descriptor, access.kind == AccessKind::Fetch);
    result.permissions = permissions.effective();
    result.contiguous = is_contiguous(p.walk, *leaf);
    result.global = Descriptor::NG::get(leaf->descriptor) == 0;
    result.descriptor = leaf->descriptor;
    result.descriptor_address = leaf->address;
    result.sets_access_flag = !access_flag && p.ha;
    return result;
}

}  // namespace

DescriptorReader guest_memory_reader(const GuestMemory& memory) {
    return [&memory](Gpa address) -> std::optional<u64> {
        std::array<u8, 8> bytes;
        if (!memory.read(address, bytes)) return std::nullopt;
        const u64 value = std::bit_cast<u64>(bytes);
        return std::endian::native == std::endian::big ? __builtin_bswap64(value) : value;
    };
}

WalkResult walk_stage1(const El10Registers& registers, const MmuFeatures& features, Access access, Gva va,
                       const DescriptorReader& read_descriptor) {
    const bool fetch = access.kind == AccessKind::Fetch;
    return walk(stage1_parameters(registers, features, fetch, va), access, Purpose::Access, va,
                read_descriptor);
}

WalkResult translate_for_debug(const El10Registers& registers, const MmuFeatures& features, Gva va,
                               const DescriptorReader& read_descriptor) {
    return walk(stage1_parameters(registers, features, false, va), {.kind = AccessKind::Any}, Purpose::Debug,
                va, read_descriptor);
}

}  // namespace trapeze::mem
