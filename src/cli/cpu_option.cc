// -cpu. The guest always gets the host's CPU: a virtual machine cannot be another one. The names of real
// cores are accepted because scripts use them, with a warning.
#include <algorithm>

#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::CpuConfig;
using machine::OnOffAuto;

constexpr std::string_view kHostModels[] = {"host", "max"};

// The 64-bit cores QEMU models.
constexpr std::string_view kNamedModels[] = {
    "a64fx",        "cortex-a35",  "cortex-a53",  "cortex-a55",   "cortex-a57",  "cortex-a72",
    "cortex-a73",   "cortex-a75",  "cortex-a76",  "cortex-a76ae", "cortex-a77",  "cortex-a78",
    "cortex-a78ae", "cortex-a78c", "cortex-a710", "cortex-a715",  "cortex-x1",   "cortex-x2",
    "neoverse-e1",  "neoverse-n1", "neoverse-n2", "neoverse-v1",  "neoverse-v2",
};

struct CpuDraft {
    CpuConfig config;
    std::vector<std::string> ignored;  // keys that only emulation knows
};

Result<void> set_model(CpuDraft& cpu, const KeyArgument& argument) {
    cpu.config.model = argument.value;
    return {};
}

template <OnOffAuto CpuConfig::*Member>
Result<void> set_feature(CpuDraft& cpu, const KeyArgument& argument) {
    cpu.config.*Member = TRY(parse_bool(argument.value)) ? OnOffAuto::On : OnOffAuto::Off;
    return {};
}

// Properties of QEMU's emulated CPU, such as which algorithm its pointer authentication uses.
Result<void> note_ignored(CpuDraft& cpu, const KeyArgument& argument) {
    TRY(parse_bool(argument.value));
    cpu.ignored.emplace_back(argument.key);
    return {};
}

Result<void> note_ignored_number(CpuDraft& cpu, const KeyArgument& argument) {
    TRY(parse_number(argument.value, 0, 16));
    cpu.ignored.emplace_back(argument.key);
    return {};
}

Result<void> only_on(CpuDraft&, const KeyArgument& argument) {
    if (!TRY(parse_bool(argument.value))) return fail("{}", not_supported(argument.help));
    return {};
}

constexpr KeyRow<CpuDraft> kCpuKeyRows[] = {
    {"model", "host|max", set_model, "CPU model"},
    {"pmu", "on|off", set_feature<&CpuConfig::pmu>, "performance monitors"},
    {"sve", "on|off", set_feature<&CpuConfig::sve>, "scalable vectors"},
    {"pauth", "on|off", set_feature<&CpuConfig::pauth>, "pointer authentication"},
    {"aarch64", "on", only_on, "32-bit EL1"},
    {"kvm-steal-time", "off", only_off, "stolen time"},
    {"pauth-impdef", "on|off", note_ignored, "no effect"},
    {"pauth-qarma3", "on|off", note_ignored, "no effect"},
    {"pauth-qarma5", "on|off", note_ignored, "no effect"},
    {"lpa2", "on|off", note_ignored, "no effect"},
    {"sve-max-vq", "n", note_ignored_number, "no effect"},
    {"sme", "on|off", note_ignored, "no effect"},
    {"sme_fa64", "on|off", note_ignored, "no effect"},
};
constexpr KeyTable<CpuDraft> kCpuKeys = kCpuKeyRows;

// sve128, sve256 ... sve2048: vector lengths; sme128 ... sme2048 powers of two.
bool is_vector_length(std::string_view key) {
    if (!key.starts_with("sve") && !key.starts_with("sme")) return false;
    const auto bits = parse_number(key.substr(3), 128, 2048);
    return bits && *bits % 128 == 0 && key.substr(3, 2) != "0x";
}

Result<void> check_model(Draft& draft, const OptionUse& use, const CpuConfig& cpu) {
    if (std::ranges::find(kHostModels, cpu.model) != std::end(kHostModels)) return {};
    if (std::ranges::find(kNamedModels, cpu.model) != std::end(kNamedModels)) {
        draft.warnings.push_back(
            fmt::format("-{} {}: running with the host CPU's features", use.name, cpu.model));
        return {};
    }
    std::vector<std::string_view> known(std::begin(kHostModels), std::end(kHostModels));
    known.insert(known.end(), std::begin(kNamedModels), std::end(kNamedModels));
    return fail("-{} {}: unknown CPU model '{}'{}", use.name, show(use.argument), show(cpu.model),
                hint(cpu.model, known));
}

std::string cpu_help() {
    std::string text = "CPUs:\n  host                               the host's CPU\n";
    text += "  max                                same as host\n";
    text += "Accepted, but running with the host CPU's features:\n";
    for (const std::string_view name : kNamedModels) text += fmt::format("  {}\n", name);
    text += "Properties:\n" + describe_keys(kCpuKeys);
    text += "  sve128=on|off ... sve2048=on|off   no effect\n";
    return text;
}

}  // namespace

Result<void> cpu_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "model"));
    if (wants_help(items)) {
        print_and_exit(draft, cpu_help());
        return {};
    }
    CpuDraft cpu;
    for (KeyValue item : items) {
        if (is_vector_length(item.key)) {
            auto valid = note_ignored(cpu, {.key = item.key, .value = item.value, .help = {}});
            TRY(with_context(std::move(valid), fmt::format("-{} {}", use.name, show(item))));
            continue;
        }
        const auto* row = TRY(match_key(use.name, kCpuKeys, item));
        TRY(apply_key(use.name, *row, item, cpu));
    }
    TRY(check_model(draft, use, cpu.config));
    for (const std::string& key : cpu.ignored) {
        draft.warnings.push_back(fmt::format("-{} {}: '{}' applies to emulated CPUs only; ignored", use.name,
                                             show(use.argument), key));
    }
    draft.config.cpu = cpu.config;
    return {};
}

}  // namespace trapeze::cli
