// What the walker says, for people.
#pragma once

#include <string>
#include <string_view>

#include "trapeze/mem/walker.h"

namespace trapeze::debug {

// A byte as PAR_EL1.ATTR and MAIR_ELx have it: "Device-nGnRE", "Normal WB(RW)", "Normal outer WT(R) inner
// NC". The letters in parentheses are what is allocated; "T" before them: transient.
std::string describe_memory_type(u8 attr);
// "NSH", "ISH" or "OSH".
std::string_view shareability_name(mem::Shareability shareability);
// "rwx/r--", privileged before unprivileged.
std::string describe_permissions(const mem::Permissions& permissions);
// "Permission fault (overlay), level 3, stage 2 at 0x8000".
std::string describe_fault(const mem::Fault& fault);
// "64K", "2M"; bytes if it is no multiple of 1024.
std::string describe_size(u64 bytes);

}  // namespace trapeze::debug
