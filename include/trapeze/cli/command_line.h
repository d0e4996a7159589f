// The command line: QEMU's grammar and option names, parsed into a MachineConfig. Parsing has no side
// effects: it opens no file, prints nothing and never exits; main() acts on the result.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "trapeze/base/log.h"
#include "trapeze/base/result.h"
#include "trapeze/base/types.h"
#include "trapeze/machine/config.h"

namespace trapeze::cli {

// What -d, -trace and -D ask for.
struct Diagnostics {
    std::vector<LogClass> classes;            // no duplicates
    std::vector<std::string> trace_patterns;  // globs over trace event names, in the order given
    std::string log_file;                     // empty: stderr
    // As trace_patterns, for the recorder instead of the log. A leading '-' in either switches events off.
    std::vector<std::string> recorded_patterns = {};
    // Files of such patterns, one a line; read before the others.
    std::vector<std::string> event_files = {};
    bool record_event_files = false;  // they are for the recorder
};

struct RunMachine {
    machine::MachineConfig config;
    Diagnostics diagnostics;
    std::vector<std::string> warnings;  // one line each, for print_warning()
};

// A request for information: print `text` (whole lines) on stdout and exit.
struct PrintAndExit {
    std::string text;
    int status = 0;
};

// What main() has to answer because the parser cannot know it.
enum class SpecialAction : u8 { ListSysregs };

using ParsedCommandLine = std::variant<RunMachine, PrintAndExit, SpecialAction>;

// `args` is argv without the program's name. The first error ends parsing; its message is one printable line
// that names the option and the value. A request for help wins over errors further right.
Result<ParsedCommandLine> parse(std::span<const char* const> args);

// Turns on what `diagnostics` asks for and returns warnings (one line each, for print_warning()). Fails if
// the log file cannot be created, or a file of patterns not be read. Call once, before threads start.
Result<std::vector<std::string>> apply(const Diagnostics& diagnostics);

}  // namespace trapeze::cli
