// What stage 1 permits (DDI0487 "Memory access control"): direct and indirect permissions, PAN, WXN,
// overlays.
#pragma once

#include "walk_parameters.h"

namespace trapeze::mem {

constexpr AccessRights operator&(const AccessRights& a, const AccessRights& b) {
    return {.read = a.read && b.read, .write = a.write && b.write, .execute = a.execute && b.execute};
}

constexpr Permissions operator&(const Permissions& a, const Permissions& b) {
    return {.privileged = a.privileged & b.privileged, .unprivileged = a.unprivileged & b.unprivileged};
}

constexpr bool grants(const AccessRights& rights, AccessKind kind) {
    switch (kind) {
        case AccessKind::Read: return rights.read;
        case AccessKind::Write: return rights.write;
        case AccessKind::Fetch: return rights.execute;
        case AccessKind::Any: return true;
    }
    return false;
}

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
