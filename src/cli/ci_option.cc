// -ci: a guest as a test case. Accumulates.
#include "draft.h"

namespace trapeze::cli {
namespace {

// Three years; more is a slip.
constexpr u64 kMaxSeconds = 100'000'000;

Result<void> add_expect(ci::Options& options, const KeyArgument& argument) {
    options.expect.emplace_back(argument.value);
    return {};
}

Result<void> add_fail(ci::Options& options, const KeyArgument& argument) {
    options.fail.emplace_back(argument.value);
    return {};
}

Result<void> set_kernel_patterns(ci::Options& options, const KeyArgument& argument) {
    options.kernel_patterns = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_timeout(ci::Options& options, const KeyArgument& argument) {
    options.timeout_seconds = TRY(parse_number(argument.value, 1, kMaxSeconds));
    return {};
}

template <std::string ci::Options::*Member>
Result<void> set_file(ci::Options& options, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a file name must not be empty");
    options.*Member = argument.value;
    return {};
}

constexpr KeyRow<ci::Options> kCiKeys[] = {
    {"expect", "regex", add_expect, "the console is to have a line that matches; all of them, if repeated"},
    {"fail", "regex", add_fail, "the console must not have a line that matches; repeatable"},
    {"kernel-patterns", "on|off", set_kernel_patterns, "what Linux prints when it breaks is a failure (on)"},
    {"timeout", "seconds", set_timeout, "end the guest after that time"},
    {"log", "file", set_file<&ci::Options::log>, "copy of the console, and the report"},
    {"junit", "file", set_file<&ci::Options::junit>, "the result as JUnit XML"},
    {"symbols", "vmlinux", set_file<&ci::Options::symbols>,
     "ELF file with the kernel's symbols, for the report"},
};

}  // namespace

Result<void> ci_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, {}));
    if (wants_help(items)) {
        print_and_exit(
            draft, "Keys of -ci (a comma in a value is doubled):\n" + describe_keys<ci::Options>(kCiKeys));
        return {};
    }
    if (!draft.config.ci) draft.config.ci.emplace();
    return apply_keys<ci::Options>(use.name, kCiKeys, items, *draft.config.ci);
}

Result<void> finish_ci(Draft& draft) {
    machine::MachineConfig& config = draft.config;
    if (!config.ci) return {};
    if (config.no_shutdown || config.panic_action == machine::PanicAction::Pause) {
        return fail(
            "-ci ends the program with the guest: it does not go with -no-shutdown or an action pause");
    }
    config.ci->name = config.name;
    config.no_reboot = true;
    return {};
}

}  // namespace trapeze::cli
