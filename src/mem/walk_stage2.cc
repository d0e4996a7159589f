#include "walk_stage2.h"

#include "trapeze/arch/translation.h"
#include "walk_granule.h"
#include "walk_hcr.h"
#include "walk_permissions.h"

namespace trapeze::mem {
namespace {

using arch::Descriptor;
using arch::Stage2Descriptor;
using arch::VtcrEl2;

// Up to this many first tables lie side by side, which saves a level above them.
constexpr unsigned kConcatenatedBits = 4;

// How VTCR_EL2.{SL2,SL0} gives the level where a walk starts. In AArch64.S2InvalidSL a combination is
// invalid if the implementation's physical addresses are too small to need that many levels.
struct StartLevel {
    int level = 0;
    unsigned least_pa_bits = 0;
    bool reserved = false;
};

// AArch64.S2StartLevel and AArch64.S2InvalidSL.
StartLevel decode_start_level(u64 vtcr, const TableWalk& walk, const MmuFeatures& f) {
    const u64 sl0 = VtcrEl2::SL0::get(vtcr);
    switch (walk.granule_bits) {
        case k4K: {
            // SL2 exists for 52-bit addresses only.
            const bool sl2 = walk.ds && VtcrEl2::SL2::get(vtcr) != 0;
            if (sl2) return {.level = -1, .least_pa_bits = 52, .reserved = sl0 != 0};
            constexpr int kLevels[] = {2, 1, 0, 3};
            return {
                .level = kLevels[sl0], .least_pa_bits = sl0 == 2 ? 44u : 0u, .reserved = sl0 == 3 && !f.ttst};
        }
        case k16K: {
            constexpr unsigned kLeast[] = {0, 0, 42, 52};
            return {.level = 3 - static_cast<int>(sl0),
                    .least_pa_bits = kLeast[sl0],
                    .reserved = sl0 == 3 && !walk.ds};
        }
        default:
            return {.level = 3 - static_cast<int>(sl0),
                    .least_pa_bits = sl0 == 2 ? 44u : 0u,
                    .reserved = sl0 == 3};
    }
}

// AArch64.S2InconsistentSL: the input address has bits for the first table, and at most for 16 of them.
bool inconsistent_start_level(const TableWalk& walk) {
    const unsigned least = walk.offset_bits(walk.start_level) + 1;
    const unsigned most = walk.offset_bits(walk.start_level) + walk.stride() + kConcatenatedBits;
    return walk.ia_bits < least || walk.ia_bits > most;
}

// AArch64.S2MinTxSZ: the input address may be no larger than physical addresses are. As at stage 1, what is
// out of bounds always faults here.
bool txsz_faults(unsigned txsz, const TableWalk& walk, const MmuFeatures& f) {
    const unsigned format_bits = walk.ds || walk.granule_bits == k64K ? 52 : 48;
    const unsigned most_bits = f.pa_bits < format_bits ? f.pa_bits : format_bits;
    return txsz < 64 - most_bits || txsz > max_txsz(walk.granule_bits, f);
}

void set_walk(Stage2Parameters& p, const El2Registers& r, const MmuFeatures& f) {
    const u64 vtcr = r.VTCR_EL2;
    TableWalk& walk = p.walk;
    walk.granule_bits =
        effective_granule(decode_tg0(VtcrEl2::TG0::get(vtcr)), {f.s2_gran4k, f.s2_gran16k, f.s2_gran64k});
    walk.ds = VtcrEl2::DS::get(vtcr) != 0 &&
              ((walk.granule_bits == k4K && f.s2_lpa2_4k) || (walk.granule_bits == k16K && f.s2_lpa2_16k));
    const unsigned txsz = static_cast<unsigned>(VtcrEl2::T0SZ::get(vtcr));
    const StartLevel start = decode_start_level(vtcr, walk, f);
    walk.start_level = start.level;
    p.faults = txsz_faults(txsz, walk, f) || start.reserved || f.pa_bits < start.least_pa_bits;
    if (p.faults) return;
    walk.ia_bits = 64 - txsz;
    p.faults = inconsistent_start_level(walk);
    if (p.faults) return;
    set_output(walk, VtcrEl2::PS::get(vtcr), r.VTTBR_EL2, arch::SctlrEl2::EE::get(r.SCTLR_EL2) != 0, f);
}

// AArch64.S2DirectBasePermissions. Execution does not need permission to read.
Permissions permissions_of(const Stage2Parameters& p, u64 descriptor) {
    const bool read = Stage2Descriptor::S2AP0::get(descriptor) != 0;
    const bool write =
        Stage2Descriptor::S2AP1::get(descriptor) != 0 || (p.hd && Descriptor::DBM::get(descriptor) != 0);
    const bool xn1 = Stage2Descriptor::XN1::get(descriptor) != 0;
    const bool xn0 = p.xnx && Stage2Descriptor::XN0::get(descriptor) != 0;
    // XN[1:0]: 0b00 everybody, 0b01 only EL0, 0b10 nobody, 0b11 only EL1.
    return {.privileged = {.read = read, .write = write, .execute = xn1 == xn0},
            .unprivileged = {.read = read, .write = write, .execute = !xn1}};
}

Stage2Attributes attributes_of(const Stage2Parameters& p, Stage2Access access, u64 descriptor) {
    const bool fetch = access.access.kind == AccessKind::Fetch;
    return {.mem_attr = static_cast<u8>(Stage2Descriptor::MemAttr::get(descriptor)),
            .shareability = p.walk.ds ? p.sh : decode_shareability(Descriptor::SH::get(descriptor)),
            .fnxs = Stage2Descriptor::FnXS::get(descriptor) != 0,
            .fwb = p.fwb,
            .non_cacheable = fetch ? p.id : p.cd,
            .fetch = fetch};
}

// AArch64.S2CheckPermissions.
bool permitted(const Stage2Parameters& p, Stage2Access access, const Stage2Output& output) {
    if (access.debug) return true;
    if (access.table_walk) {
        if (p.ptw && output.attributes.is_device()) return false;
        return output.permissions.privileged.read;
    }
    return grants(access.access.privileged ? output.permissions.privileged : output.permissions.unprivileged,
                  access.access.kind);
}

}  // namespace

Stage2Parameters stage2_parameters(const El2Registers& r, const MmuFeatures& f) {
    const HypervisorControls h = hypervisor_controls(r, f);
    Stage2Parameters p;
    p.enabled = h.vm;
    if (!p.enabled) return p;
    p.ha = f.haf && VtcrEl2::HA::get(r.VTCR_EL2) != 0;
    p.hd = p.ha && f.hdbs && VtcrEl2::HD::get(r.VTCR_EL2) != 0;
    p.ptw = h.ptw;
    p.xnx = f.xnx;
    p.fwb = h.fwb;
    p.cd = h.cd;
    p.id = h.id;
    p.sh = decode_shareability(VtcrEl2::SH0::get(r.VTCR_EL2));
    set_walk(p, r, f);
    return p;
}

Fault stage2_fault(FaultKind kind, int level, Gpa ipa, bool table_walk, u64 size) {
    return {.kind = kind,
            .level = static_cast<s8>(level),
            .stage2 = true,
            .on_walk = table_walk,
            .ipa = ipa,
            .size = size};
}

std::expected<Stage2Output, Fault> translate_stage2(const Stage2Parameters& p, Stage2Access access, Gpa ipa,
                                                    const DescriptorReader& read_descriptor) {
    const auto fault = [&](FaultKind kind, int level, u64 size) {
        return std::unexpected(stage2_fault(kind, level, ipa, access.table_walk, size));
    };
    // Before the walk all faults are at level 0.
    if (p.faults) return fault(FaultKind::Translation, 0, 0);
    if ((ipa.value & ~low_mask(p.walk.ia_bits)) != 0)
        return fault(FaultKind::Translation, 0, bit(p.walk.ia_bits));
    const auto read = [&](Gpa address, int level) -> std::expected<u64, Fault> {
        if (const auto word = read_descriptor(address)) return *word;
        return fault(FaultKind::ExternalAbort, level, 0);  // the walk knows the size
    };
    const std::expected<Leaf, Fault> leaf = walk_tables(p.walk, ipa.value, read);
    if (!leaf) return fault(leaf.error().kind, leaf.error().level, leaf.error().size);

    const bool access_flag = Descriptor::AF::get(leaf->descriptor) != 0;
    if (!access_flag && !p.ha && !access.debug) return fault(FaultKind::AccessFlag, leaf->level, leaf->size);
    const Stage2Output output{.leaf = *leaf,
                              .permissions = permissions_of(p, leaf->descriptor),
                              .attributes = attributes_of(p, access, leaf->descriptor),
                              .sets_access_flag = !access_flag && p.ha};
    if (!permitted(p, access, output)) return fault(FaultKind::Permission, leaf->level, leaf->size);
    return output;
}

}  // namespace trapeze::mem
