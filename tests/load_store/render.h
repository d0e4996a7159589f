// The description of a load or store as assembly language, made from the description alone.
#pragma once

#include <string>

#include "trapeze/arch/load_store.h"

namespace load_store {

// "ldr x1, [x2], #8". What the description has no field for is as if it were not there: see kSpellings in
// rules.cc.
std::string render(const trapeze::arch::LoadStore& d);

}  // namespace load_store
