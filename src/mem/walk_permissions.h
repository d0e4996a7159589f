// What stage 1 permits (DDI0487 "Memory access control"): direct and indirect permissions, PAN, WXN,
// overlays.
#pragma once

#include "walk_parameters.h"

namespace trapeze::mem {

// Permissions of a leaf, both privileges at once, with the overlays still apart: a fault tells who denied.
struct Stage1Permissions {
    Permissions base;
    Permissions overlay;  // all granted where no overlay applies
    bool ndirty = false;  // indirect permissions only: a write needs the dirty state to be managed

    Permissions effective() const;
};

Stage1Permissions stage1_permissions(const Stage1Parameters& parameters, const Leaf& leaf, Access access);

// nullopt: the access is permitted.
std::optional<Fault> check_permissions(const Stage1Permissions& permissions, Access access, int level);

}  // namespace trapeze::mem
