#include "walk_permissions.h"

#include "trapeze/arch/translation.h"

namespace trapeze::mem {
namespace {

using arch::Descriptor;

constexpr AccessRights kAll{.read = true, .write = true, .execute = true};

// What the base permissions say of one privilege.
struct BaseRights {
    AccessRights rights;
    bool gcs = false;       // Guarded Control Stack page
    bool wxn = false;       // WXN applies: not writable and executable together
    bool overlaid = false;  // overlays apply, if enabled
};

struct Base {
    BaseRights privileged;
    BaseRights unprivileged;
    bool pan = false;  // PAN, if in effect, denies privileged data accesses
};

// AArch64.S1DirectBasePermissions.
Base direct_permissions(const Stage1Parameters& p, const Leaf& leaf) {
    const u64 d = leaf.descriptor;
    const u64 table = p.hpd ? 0 : leaf.table_attrs;
    // Writable-clean: the hardware would clear AP[2].
    const bool ap2 = Descriptor::AP2::get(d) != 0 && !(p.hd && Descriptor::DBM::get(d) != 0);
    const bool read_only = ap2 || Descriptor::APTable1::get(table) != 0;
    bool el0 = Descriptor::AP1::get(d) != 0 && Descriptor::APTable0::get(table) == 0;
    bool pxn = Descriptor::PXN::get(d) != 0 || Descriptor::PXNTable::get(table) != 0;
    bool uxn = Descriptor::UXN::get(d) != 0 || Descriptor::UXNTable::get(table) != 0;
    // The format of EL2's tables: no access by EL0, and one XN, in the place of UXN.
    if (!p.unprivileged || p.nv1) {
        el0 = false;
        pxn = uxn;
        uxn = !p.unprivileged;
    }

    Base base;
    AccessRights& u = base.unprivileged.rights;
    u = {.read = el0, .write = el0 && !read_only, .execute = !uxn};
    AccessRights& privileged = base.privileged.rights;
    // What EL0 can write is never executable at EL1.
    privileged = {.read = true, .write = !read_only, .execute = !pxn && !u.write};
    base.privileged.wxn = p.wxn && privileged.write && privileged.execute;
    base.unprivileged.wxn = p.wxn && u.write && u.execute;
    base.privileged.overlaid = base.unprivileged.overlaid = true;
    base.pan = u.read || u.write || (p.epan && u.execute);
    return base;
}

// "Stage 1 Indirect permissions": the meaning of a field of PIR_ELx and PIRE0_ELx. Reserved values grant
// nothing.
BaseRights indirect_rights(u64 pi) {
    constexpr u8 kR = 1, kW = 2, kX = 4, kGcs = 8;
    constexpr u8 kTable[16] = {
        0,  kR,        kX,      kR | kX, 0,       kR | kW, kR | kW | kX, kR | kW | kX,  // overlays apply
        kR, kR | kGcs, kR | kX, 0,       kR | kW, 0,       kR | kW | kX, 0,
    };
    const u8 value = kTable[pi & 15];
    return {.rights = {.read = (value & kR) != 0, .write = (value & kW) != 0, .execute = (value & kX) != 0},
            .gcs = (value & kGcs) != 0,
            .wxn = pi == 0b0110,
            .overlaid = (pi & 8) == 0};
}

// AArch64.S1IndirectBasePermissions.
Base indirect_permissions(const Stage1Parameters& p, const Leaf& leaf) {
    const unsigned low = 4 * Descriptor::pi_index(leaf.descriptor);
    const u64 upi = extract(p.pire0, low + 3, low);
    Base base;
    base.privileged = indirect_rights(extract(p.pir, low + 3, low));
    if (!p.unprivileged) return base;
    base.unprivileged = indirect_rights(upi);
    // Executable (or a control stack) at EL1 and writable at EL0: neither.
    if ((base.privileged.rights.execute || base.privileged.gcs) &&
        (base.unprivileged.rights.write || base.unprivileged.gcs)) {
        base.privileged.rights = {};
        base.unprivileged.rights = {};
    }
    // As if SCTLR_ELx.EPAN were 1; reserved values count as accessible.
    base.pan = upi != 0;
    return base;
}

// "Stage 1 Permission overlays": the meaning of a field of POR_ELx.
AccessRights overlay_rights(u64 por, const Leaf& leaf) {
    const unsigned low = 4 * static_cast<unsigned>(Descriptor::POIndex::get(leaf.descriptor));
    const u64 po = extract(por, low + 3, low);
    if ((po & 8) != 0) return {};
    return {.read = (po & 1) != 0, .write = (po & 4) != 0, .execute = (po & 2) != 0};
}

// The end of AArch64.S1ComputePermissions: WXN takes writing away through an overlay that grants execution,
// and execution away otherwise. With direct permissions it needs writing that PAN has left.
void apply_wxn(BaseRights& base, bool needs_write, bool overlaid, AccessRights& overlay) {
    if (!base.wxn) return;
    if (!overlaid || !overlay.execute) {
        base.rights.execute = false;
    } else if (base.rights.write || !needs_write) {
        overlay.write = false;
    }
}

}  // namespace

Permissions Stage1Permissions::effective() const {
    return base & overlay;
}

Stage1Permissions stage1_permissions(const Stage1Parameters& p, const Leaf& leaf, Access access) {
    Base base = p.pie ? indirect_permissions(p, leaf) : direct_permissions(p, leaf);
    if (p.pan && access.pan && base.pan) {
        base.privileged.rights.read = false;
        base.privileged.rights.write = false;
    }
    Stage1Permissions result;
    const bool privileged_overlaid = p.poe && base.privileged.overlaid;
    const bool unprivileged_overlaid = p.e0poe && base.unprivileged.overlaid;
    result.overlay.privileged = privileged_overlaid ? overlay_rights(p.por, leaf) : kAll;
    result.overlay.unprivileged = unprivileged_overlaid ? overlay_rights(p.por_el0, leaf) : kAll;
    apply_wxn(base.privileged, !p.pie, privileged_overlaid, result.overlay.privileged);
    apply_wxn(base.unprivileged, !p.pie, unprivileged_overlaid, result.overlay.unprivileged);
    result.base = {.privileged = base.privileged.rights, .unprivileged = base.unprivileged.rights};
    result.ndirty = p.pie && !p.hd && Descriptor::NDirty::get(leaf.descriptor) != 0;
    return result;
}

// AArch64.S1CheckPermissions, in its order: overlay, base, dirty state.
std::optional<Fault> check_permissions(const Stage1Permissions& permissions, Access access, int level) {
    const AccessRights& base =
        access.privileged ? permissions.base.privileged : permissions.base.unprivileged;
    const AccessRights& overlay =
        access.privileged ? permissions.overlay.privileged : permissions.overlay.unprivileged;
    Fault fault{.kind = FaultKind::Permission, .level = static_cast<s8>(level)};
    if (!grants(overlay, access.kind)) {
        fault.overlay = true;
        return fault;
    }
    if (!grants(base, access.kind)) return fault;
    if (access.kind == AccessKind::Write && permissions.ndirty) {
        fault.dirty_bit = true;
        return fault;
    }
    return std::nullopt;
}

}  // namespace trapeze::mem
