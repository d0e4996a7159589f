#include "trapeze/mem/walker.h"

#include <algorithm>
#include <bit>

#include "trapeze/arch/translation.h"
#include "trapeze/mem/guest_memory.h"
#include "walk_attributes.h"
#include "walk_parameters.h"
#include "walk_permissions.h"
#include "walk_stage2.h"

namespace trapeze::mem {
namespace {

using arch::Descriptor;

constexpr AccessRights kAll{.read = true, .write = true, .execute = true};

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
    result.attributes = flat_attributes(p, access.kind == AccessKind::Fetch);
    result.permissions = {.privileged = kAll, .unprivileged = p.unprivileged ? kAll : AccessRights{}};
    return result;
}

// AArch64.VAIsOutOfRange. There are at most 52 bits of address, and so bits to check.
bool out_of_range(const Stage1Parameters& p, Gva va) {
    const u64 address = without_tag(p, va);
    const u64 must_match = mask(p.address_top, p.walk.ia_bits);
    return (address & must_match) != (p.upper ? must_match : 0);
}

// AArch64.ContiguousBit. The address does not depend on it: where a set bit would matter, it is
// misprogrammed, and ignoring it is one of the permitted behaviours.
bool is_contiguous(const TableWalk& walk, const Leaf& leaf) {
    const int none_at = walk.granule_bits == 12 ? 0 : 1;
    return leaf.level != none_at && Descriptor::Contiguous::get(leaf.descriptor) != 0;
}

// Where stage 1 has its tables: in memory, or behind stage 2.
class Tables {
public:
    Tables(const Stage2Parameters& stage2, Purpose purpose, const DescriptorReader& read_descriptor)
        : stage2_(stage2), purpose_(purpose), read_descriptor_(read_descriptor) {}

    std::expected<u64, Fault> read(Gpa address, int level) {
        Gpa pa = address;
        if (stage2_.enabled) {
            const auto output = translate_stage2(
                stage2_, {.access = {}, .table_walk = true, .debug = purpose_ == Purpose::Debug}, address,
                read_descriptor_);
            if (!output) return std::unexpected(output.error());
            pa = output->leaf.oa;
            update_denied_.reset();
            if (!output->permissions.privileged.write)
                update_denied_ = stage2_fault(FaultKind::Permission, output->leaf.level, address, true, 0);
        }
        if (const auto word = read_descriptor_(pa)) return *word;
        return fault(FaultKind::ExternalAbort, level);
    }

    // Why stage 2 forbids hardware to set the Access flag of the descriptor that was read last.
    const std::optional<Fault>& update_denied() const { return update_denied_; }

private:
    const Stage2Parameters& stage2_;
    const Purpose purpose_;
    const DescriptorReader& read_descriptor_;
    std::optional<Fault> update_denied_;
};

// AArch64.S1Translate, in its order of checks. The level of a fault before the walk is 0, wherever the walk
// would have started.
WalkResult translate_stage1(const Stage1Parameters& p, Access access, Purpose purpose, Gva va,
                            Tables tables) {
    if (!p.enabled) return flat(p, access, va);
    if (p.txsz_faults || out_of_range(p, va)) return fault(FaultKind::Translation, 0);
    if (p.epd || (p.e0pd && !access.privileged)) return fault(FaultKind::Translation, 0);

    const std::expected<Leaf, Fault> leaf = walk_tables(
        p.walk, va.value, [&tables](Gpa address, int level) { return tables.read(address, level); });
    if (!leaf) return std::unexpected(leaf.error());

    const auto of_leaf = [size = leaf->size](Fault fault) {
        fault.size = size;
        return std::unexpected(fault);
    };
    const bool access_flag = Descriptor::AF::get(leaf->descriptor) != 0;
    if (!access_flag && !p.ha && purpose != Purpose::Debug)
        return of_leaf({.kind = FaultKind::AccessFlag, .level = static_cast<s8>(leaf->level)});
    const Stage1Permissions permissions = stage1_permissions(p, *leaf, access);
    if (const auto denied = check_permissions(permissions, access, leaf->level)) return of_leaf(*denied);
    const bool sets_access_flag = !access_flag && p.ha;
    if (sets_access_flag && purpose != Purpose::Debug && tables.update_denied())
        return of_leaf(*tables.update_denied());

    Translation result;
    result.pa = leaf->oa;
    result.size = leaf->size;
    result.level = static_cast<s8>(leaf->level);
    result.attributes = stage1_attributes(p, leaf->descriptor, access.kind == AccessKind::Fetch);
    result.permissions = permissions.effective();
    result.contiguous = is_contiguous(p.walk, *leaf);
    result.global = !p.unprivileged || Descriptor::NG::get(leaf->descriptor) == 0;
    result.descriptor = leaf->descriptor;
    result.descriptor_address = leaf->address;
    result.sets_access_flag = sets_access_flag;
    return result;
}

// What stage 2 makes of the output of stage 1.
WalkResult add_stage2(Translation result, const Stage2Parameters& p, const MmuFeatures& features,
                      Stage2Access access, const DescriptorReader& read_descriptor) {
    const auto output = translate_stage2(p, access, result.pa, read_descriptor);
    if (!output) {
        Fault fault = output.error();
        // What shares the descriptors of both stages; without one at stage 2, that of stage 1.
        fault.size = fault.size == 0 ? result.size : std::min(result.size, fault.size);
        return std::unexpected(fault);
    }
    if (result.flat) {
        result.flat = false;
        result.level = static_cast<s8>(output->leaf.level);
        result.contiguous = is_contiguous(p.walk, output->leaf);
        result.descriptor = output->leaf.descriptor;
        result.descriptor_address = output->leaf.address;
    }
    result.pa = output->leaf.oa;
    result.size = std::min(result.size, output->leaf.size);
    result.attributes = combine_attributes(result.attributes, output->attributes, features);
    result.permissions = result.permissions & output->permissions;
    result.sets_access_flag = result.sets_access_flag || output->sets_access_flag;
    return result;
}

WalkResult translate(const MmuRegisters& registers, const MmuFeatures& features, Regime regime, Stages stages,
                     Access access, Purpose purpose, Gva va, const DescriptorReader& read_descriptor) {
    Stage2Parameters stage2;
    if (regime == Regime::El10) stage2 = stage2_parameters(registers.el2, features);
    const Stage1Parameters stage1 =
        stage1_parameters(registers, features, regime, access.kind == AccessKind::Fetch, va);
    const WalkResult result =
        translate_stage1(stage1, access, purpose, va, Tables(stage2, purpose, read_descriptor));
    if (!result || !stage2.enabled || stages == Stages::One) return result;
    return add_stage2(*result, stage2, features,
                      {.access = access, .table_walk = false, .debug = purpose == Purpose::Debug},
                      read_descriptor);
}

MmuFeatures without_el2(MmuFeatures features) {
    features.el2 = false;
    return features;
}

}  // namespace

std::vector<GvaRange> address_ranges(const MmuRegisters& registers, const MmuFeatures& features,
                                     Regime regime) {
    std::vector<GvaRange> ranges;
    for (const u64 half : {u64{0}, bit(55)}) {
        const Stage1Parameters p = stage1_parameters(registers, features, regime, false, Gva{half});
        if (!p.enabled) return {{.first = Gva{0}, .last = Gva{low_mask(p.pa_bits)}}};
        if (p.upper != (half != 0) || p.txsz_faults || p.epd) continue;
        const u64 offset = low_mask(p.walk.ia_bits);
        ranges.push_back(p.upper ? GvaRange{.first = Gva{~offset}, .last = Gva{~u64{0}}}
                                 : GvaRange{.first = Gva{0}, .last = Gva{offset}});
    }
    return ranges;
}

DescriptorReader guest_memory_reader(const GuestMemory& memory) {
    return [&memory](Gpa address) -> std::optional<u64> {
        const std::optional<u64> value = memory.load(address);
        return value && std::endian::native == std::endian::big ? __builtin_bswap64(*value) : value;
    };
}

WalkResult walk(const MmuRegisters& registers, const MmuFeatures& features, Regime regime, Stages stages,
                Access access, Gva va, const DescriptorReader& read_descriptor) {
    return translate(registers, features, regime, stages, access, Purpose::Access, va, read_descriptor);
}

WalkResult walk_stage2(const El2Registers& registers, const MmuFeatures& features, Access access, Gpa ipa,
                       const DescriptorReader& read_descriptor) {
    Translation stage1;
    stage1.pa = ipa;
    stage1.size = bit(features.pa_bits);
    stage1.flat = true;
    stage1.attributes = {.attr = kNormalWriteBack, .shareability = Shareability::NonShareable};
    stage1.permissions = {.privileged = kAll, .unprivileged = kAll};
    const Stage2Parameters p = stage2_parameters(registers, features);
    if (p.enabled)
        return add_stage2(stage1, p, features, {.access = access, .table_walk = false, .debug = false},
                          read_descriptor);
    if ((ipa.value & ~low_mask(features.pa_bits)) != 0) return fault(FaultKind::AddressSize, 0);
    return stage1;
}

WalkResult walk_stage1(const El10Registers& registers, const MmuFeatures& features, Access access, Gva va,
                       const DescriptorReader& read_descriptor) {
    return translate({.el10 = registers, .el2 = {}}, without_el2(features), Regime::El10, Stages::One, access,
                     Purpose::Access, va, read_descriptor);
}

WalkResult translate_for_debug(const MmuRegisters& registers, const MmuFeatures& features, Regime regime,
                               Gva va, const DescriptorReader& read_descriptor) {
    return translate(registers, features, regime, Stages::Both, {.kind = AccessKind::Any}, Purpose::Debug, va,
                     read_descriptor);
}

WalkResult translate_for_debug(const El10Registers& registers, const MmuFeatures& features, Gva va,
                               const DescriptorReader& read_descriptor) {
    return translate_for_debug({.el10 = registers, .el2 = {}}, without_el2(features), Regime::El10, va,
                               read_descriptor);
}

}  // namespace trapeze::mem
