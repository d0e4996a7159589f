#include "trapeze/mem/address_translate.h"

#include <algorithm>

#include "walk_hcr.h"

namespace trapeze::mem {
namespace {

namespace reg = arch::reg;
using enum AtOperation;

// clang-format off
constexpr AtOperationRow kOperations[] = {
    // operation, name, instruction, EL2's regime, privileged, kind, PAN, stages, feature
    {S1E1R,  "S1E1R",  reg::AT_S1E1R,  false, true,  AccessKind::Read,  false, Stages::One,  nullptr},
    {S1E1W,  "S1E1W",  reg::AT_S1E1W,  false, true,  AccessKind::Write, false, Stages::One,  nullptr},
    {S1E0R,  "S1E0R",  reg::AT_S1E0R,  false, false, AccessKind::Read,  false, Stages::One,  nullptr},
    {S1E0W,  "S1E0W",  reg::AT_S1E0W,  false, false, AccessKind::Write, false, Stages::One,  nullptr},
    {S1E1RP, "S1E1RP", reg::AT_S1E1RP, false, true,  AccessKind::Read,  true,  Stages::One,  &MmuFeatures::pan2},
    {S1E1WP, "S1E1WP", reg::AT_S1E1WP, false, true,  AccessKind::Write, true,  Stages::One,  &MmuFeatures::pan2},
    {S1E1A,  "S1E1A",  reg::AT_S1E1A,  false, true,  AccessKind::Any,   false, Stages::One,  &MmuFeatures::ats1a},
    {S1E2R,  "S1E2R",  reg::AT_S1E2R,  true,  true,  AccessKind::Read,  false, Stages::One,  &MmuFeatures::el2},
    {S1E2W,  "S1E2W",  reg::AT_S1E2W,  true,  true,  AccessKind::Write, false, Stages::One,  &MmuFeatures::el2},
    {S12E1R, "S12E1R", reg::AT_S12E1R, false, true,  AccessKind::Read,  false, Stages::Both, &MmuFeatures::el2},
    {S12E1W, "S12E1W", reg::AT_S12E1W, false, true,  AccessKind::Write, false, Stages::Both, &MmuFeatures::el2},
    {S12E0R, "S12E0R", reg::AT_S12E0R, false, false, AccessKind::Read,  false, Stages::Both, &MmuFeatures::el2},
    {S12E0W, "S12E0W", reg::AT_S12E0W, false, false, AccessKind::Write, false, Stages::Both, &MmuFeatures::el2},
    {S1E2A,  "S1E2A",  reg::AT_S1E2A,  true,  true,  AccessKind::Any,   false, Stages::One,  &MmuFeatures::ats1a},
};
// clang-format on

constexpr bool in_order() {
    for (std::size_t i = 0; i < std::size(kOperations); ++i)
        if (kOperations[i].operation != static_cast<AtOperation>(i)) return false;
    return true;
}
static_assert(in_order());

const AtOperationRow& row_of(AtOperation operation) {
    return kOperations[static_cast<std::size_t>(operation)];
}

// With HCR_EL2.{E2H,TGE} = {1,1} there is no EL1: what names it is about the host's EL2&0.
Regime regime_of(const AtOperationRow& row, const HypervisorControls& h) {
    if (row.el2) return h.e2h ? Regime::El20 : Regime::El2;
    return h.in_host() ? Regime::El20 : Regime::El10;
}

}  // namespace

std::span<const AtOperationRow> at_operations() {
    return kOperations;
}

std::optional<AtOperation> find_at_operation(arch::SysReg instruction) {
    const auto found = std::ranges::find(kOperations, instruction, &AtOperationRow::instruction);
    if (found == std::end(kOperations)) return std::nullopt;
    return found->operation;
}

bool at_implemented(AtOperation operation, const MmuFeatures& features) {
    const AtOperationRow& row = row_of(operation);
    return (row.feature == nullptr || features.*row.feature) && (!row.el2 || features.el2);
}

WalkResult walk_at(AtOperation operation, const MmuRegisters& registers, const MmuFeatures& features,
                   bool pan, Gva va, const DescriptorReader& read_descriptor) {
    const AtOperationRow& row = row_of(operation);
    const Regime regime = regime_of(row, hypervisor_controls(registers.el2, features));
    const Access access{.kind = row.kind, .privileged = row.privileged, .pan = row.pan && pan};
    return walk(registers, features, regime, row.stages, access, va, read_descriptor);
}

std::optional<u64> address_translate(AtOperation operation, const MmuRegisters& registers,
                                     const MmuFeatures& features, bool pan, Gva va,
                                     const DescriptorReader& read_descriptor) {
    if (!at_implemented(operation, features)) return std::nullopt;
    return encode_par(walk_at(operation, registers, features, pan, va, read_descriptor));
}

}  // namespace trapeze::mem
