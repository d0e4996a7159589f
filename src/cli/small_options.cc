// Options that need a few lines each, and the handlers shared by those we accept without effect or refuse.
#include <algorithm>

#include "draft.h"

namespace trapeze::cli {
namespace {

Result<void> set_guest_name(Draft& draft, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a name must not be empty");
    draft.config.name = argument.value;
    return {};
}

Result<void> set_process_name(Draft& draft, const KeyArgument& argument) {
    draft.config.process_name = argument.value;
    return {};
}

constexpr KeyRow<Draft> kNameKeys[] = {
    {"guest", "name", set_guest_name, "name of the guest"},
    {"process", "name", set_process_name, "name of the process"},
    {"debug-threads", "on|off", accept_bool, "no effect"},
};

// Rows for keys that may only say what is the case anyway.
template <const std::string_view& Only>
Result<void> accept_only(Draft&, const KeyArgument& argument) {
    if (argument.value == Only) return {};
    return fail("only {}={} is supported by this version", argument.key, Only);
}

constexpr std::string_view kUtc = "utc", kHost = "host", kNone = "none";

constexpr KeyRow<Draft> kRtcKeys[] = {
    {"base", "utc", accept_only<kUtc>, "what the clock starts from"},
    {"clock", "host", accept_only<kHost>, "what drives the clock"},
    {"driftfix", "none", accept_only<kNone>, "no effect"},
};

// Ways to ask for none of something.
struct Nothing {
    std::string_view option;
    std::string_view value;
};
constexpr Nothing kNothing[] = {
    {"vga", "none"},   {"vnc", "none"},          {"parallel", "none"}, {"parallel", "null"},
    {"audio", "none"}, {"audio", "driver=none"}, {"sandbox", "off"},
};

}  // namespace

Result<std::vector<KeyValue>> split_list(const OptionUse& use, std::string_view implied_key) {
    if (use.argument.empty()) return fail("-{}: the argument is empty", use.name);
    return with_context(split_key_values(use.argument, implied_key),
                        fmt::format("-{} {}", use.name, show(use.argument)));
}

void print_and_exit(Draft& draft, std::string text) {
    draft.answer = PrintAndExit{.text = std::move(text)};
}

Result<void> name_option(Draft& draft, const OptionUse& use) {
    return apply_keys<Draft>(use.name, kNameKeys, TRY(split_list(use, "guest")), draft);
}

Result<void> rtc_option(Draft& draft, const OptionUse& use) {
    return apply_keys<Draft>(use.name, kRtcKeys, TRY(split_list(use, {})), draft);
}

Result<void> display_option(Draft& draft, const OptionUse& use) {
    if (use.argument == "none") return {};
    if (!is_help(use.argument)) return fail("{}; use none", not_supported("graphical displays"));
    print_and_exit(draft, "Displays:\n  none\n");
    return {};
}

Result<void> only_none_option(Draft&, const OptionUse& use) {
    const bool known = std::ranges::any_of(kNothing, [&](const Nothing& nothing) {
        return nothing.option == use.name && nothing.value == use.argument;
    });
    if (known) return {};
    return fail("{}", not_supported(use.help));
}

Result<void> ignore_option(Draft&, const OptionUse&) {
    return {};
}

Result<void> refuse_option(Draft&, const OptionUse& use) {
    return fail("{}", not_supported(use.help));
}

}  // namespace trapeze::cli
