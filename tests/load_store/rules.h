// How the text of the two may differ without a fault of either: each rule has a name and a reason.
#pragma once

#include <optional>
#include <string>

#include "trapeze/arch/load_store.h"

namespace load_store {

// The disassembler's text in the words of render(): what no field of the description says is left out.
std::string respell(std::string text);

// Why the texts, `theirs` respelled, differ nevertheless; nullptr: no reason.
const char* excuse_difference(const trapeze::arch::LoadStore& ours, const std::string& theirs);
// Why one of the two knows the instruction and the other does not; nullptr: no reason.
const char* excuse_unknown_to_us(const std::string& theirs);
const char* excuse_unknown_to_them(trapeze::u32 instruction, const trapeze::arch::LoadStore& ours);

}  // namespace load_store
