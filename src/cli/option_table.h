// All options, as rows. --help is made from them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "draft.h"

namespace trapeze::cli {

enum class Argument : u8 {
    None,
    Text,  // errors get "-option value: " in front
    List,  // key=value list; the handler's errors are complete
};

// Headings of --help.
enum class Group : u8 { Machine, Boot, Devices, Console, Run, Diagnostics, Information, NoEffect, Refused };

struct OptionRow {
    std::string_view name;  // without dashes
    Argument argument;
    Result<void> (*handle)(Draft&, const OptionUse&);
    Group group;
    std::string_view argument_help;
    std::string_view help;  // Group::Refused: the feature that is missing
};

// Options that do something here, and those accepted because they change nothing here.
std::span<const OptionRow> options();
// QEMU options for what this version does not do (refused_options.cc).
std::span<const OptionRow> refused_options();

const OptionRow* find_option(std::string_view name);
// Words like `name` among all options, as for hint().
std::string option_hint(std::string_view name);

// First line of --version and --help.
std::string version_line();
std::string help_text();

}  // namespace trapeze::cli
