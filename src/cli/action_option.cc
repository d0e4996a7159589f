// -action: what happens on certain events of the guest.
#include <algorithm>

#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::MachineConfig;
using machine::PanicAction;

template <bool MachineConfig::*Member>
Result<void> set_action(Draft& draft, std::string_view value, std::string_view off, std::string_view on) {
    if (value != off && value != on) return fail("must be {} or {}", off, on);
    draft.config.*Member = value == on;
    return {};
}

Result<void> set_reboot(Draft& draft, const KeyArgument& argument) {
    return set_action<&MachineConfig::no_reboot>(draft, argument.value, "reset", "shutdown");
}

Result<void> set_shutdown(Draft& draft, const KeyArgument& argument) {
    return set_action<&MachineConfig::no_shutdown>(draft, argument.value, "poweroff", "pause");
}

struct PanicWord {
    std::string_view word;
    PanicAction action;
};
constexpr PanicWord kPanicWords[] = {
    {"shutdown", PanicAction::Shutdown},
    {"exit-failure", PanicAction::ExitFailure},
    {"pause", PanicAction::Pause},
    {"none", PanicAction::None},
};

Result<void> set_panic(Draft& draft, const KeyArgument& argument) {
    const auto* row = std::ranges::find(kPanicWords, argument.value, &PanicWord::word);
    if (row == std::end(kPanicWords)) return fail("must be shutdown, exit-failure, pause or none");
    draft.config.panic_action = row->action;
    return {};
}

constexpr std::string_view kWatchdogWords[] = {"reset", "shutdown", "poweroff",  "pause",
                                               "debug", "none",     "inject-nmi"};

Result<void> set_watchdog(Draft& draft, const KeyArgument& argument) {
    if (std::ranges::find(kWatchdogWords, argument.value) == std::end(kWatchdogWords)) {
        return fail("must be reset, shutdown, poweroff, pause, debug, none or inject-nmi");
    }
    draft.warnings.push_back(fmt::format(
        "-action watchdog={} has no effect: this version has no watchdog devices", argument.value));
    return {};
}

constexpr KeyRow<Draft> kActionKeys[] = {
    {"reboot", "reset|shutdown", set_reboot, "the guest reboots (reset)"},
    {"shutdown", "poweroff|pause", set_shutdown, "the guest powers off (poweroff)"},
    {"panic", "shutdown|exit-failure|pause|none", set_panic, "the guest reports a panic (shutdown)"},
    {"watchdog", "action", set_watchdog, "no effect: there are no watchdog devices"},
};

}  // namespace

Result<void> action_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, {}));
    if (wants_help(items)) {
        print_and_exit(draft, "Events and actions (default):\n" + describe_keys<Draft>(kActionKeys));
        return {};
    }
    return apply_keys<Draft>(use.name, kActionKeys, items, draft);
}

Result<void> watchdog_action_option(Draft& draft, const OptionUse& use) {
    return set_watchdog(draft, {.key = "watchdog", .value = use.argument, .help = {}});
}

}  // namespace trapeze::cli
