// A command of the human monitor as a row of data, and what its handler is given.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/debug/hmp.h"

namespace trapeze::debug {

// "/4xw" before an address.
struct HmpFormat {
    u64 count = 1;
    char radix = 'x';   // x, d, u, o or c
    unsigned size = 4;  // bytes: 1, 2, 4 or 8
};

struct HmpCall {
    MachineControl& machine;
    Hmp& monitor;
    std::vector<u64> numbers;        // of Expression arguments that were given
    std::vector<std::string> words;  // of Word and Rest arguments that were given
    bool flags = false;              // the row's flag, if it has one
    HmpFormat format;
};

// Command's output, or one line that says what is wrong.
using HmpResult = Result<std::string>;

enum class HmpArgument : u8 {
    Format,      // optional "/format", directly after the name
    Flag,        // optional "-x", by the first letter of the row's `arguments` after "[-"
    Expression,  // a number, $register, or a calculation with them
    OptionalExpression,
    Word,  // up to the next blank, or in double quotes
    OptionalWord,
    Rest,  // optional: everything that is left
};

struct HmpCommand {
    std::string_view name;
    std::string_view alias;      // QEMU's short form, or empty
    std::string_view arguments;  // for help: "/fmt addr"
    std::string_view help;
    std::vector<HmpArgument> grammar;
    HmpResult (*run)(HmpCall&);
    // Words an argument may be, for completion; nullptr: none are known.
    std::vector<std::string> (*candidates)() = nullptr;
};

// In alphabetical order. hmp_control.cc and hmp_info.cc have the tables; subjects of `info` are a table of
// their own.
std::span<const HmpCommand> hmp_commands();
std::span<const HmpCommand> hmp_info_subjects();
HmpResult hmp_help(HmpCall& call);

// Handlers of hmp_translation.cc.
HmpResult hmp_at(HmpCall& call);
std::vector<std::string> hmp_at_operations();
HmpResult hmp_gva2gpa(HmpCall& call);
HmpResult hmp_info_mem(HmpCall& call);
HmpResult hmp_info_tlb(HmpCall& call);

// Handlers of hmp_network.cc.
HmpResult hmp_hostfwd_add(HmpCall& call);
HmpResult hmp_hostfwd_remove(HmpCall& call);
HmpResult hmp_set_link(HmpCall& call);
HmpResult hmp_info_network(HmpCall& call);
HmpResult hmp_info_usernet(HmpCall& call);

// Handlers of balloon_commands.cc.
HmpResult hmp_balloon(HmpCall& call);
HmpResult hmp_info_balloon(HmpCall& call);

// Handlers of ringbuf_commands.cc.
HmpResult hmp_ringbuf_read(HmpCall& call);
HmpResult hmp_ringbuf_write(HmpCall& call);

// Handlers of hmp_memory.cc.
HmpResult hmp_examine_virtual(HmpCall& call);
HmpResult hmp_examine_physical(HmpCall& call);
HmpResult hmp_print(HmpCall& call);
HmpResult hmp_memsave(HmpCall& call);
HmpResult hmp_pmemsave(HmpCall& call);
HmpResult hmp_dump_guest_memory(HmpCall& call);

}  // namespace trapeze::debug
