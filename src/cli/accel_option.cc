// -accel, -enable-kvm and -machine accel=: a list of accelerators to try in order. Accelerators of other
// hosts and emulation may be on the list, as scripts name them as fallbacks, but one we have must be on it
// too.
#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::AccelConfig;
using machine::AccelKind;
using machine::OnOffAuto;
using Kind = AccelRequest::Kind;

struct AccelName {
    std::string_view name;
    Kind kind;
    std::string_view help;
};

constexpr AccelName kAccelNames[] = {
    {"trap-harder", Kind::TrapHarder, "KVM with all traps in userspace (same as kvm,trap-harder=on)"},
    {"kvm", Kind::Kvm, "KVM"},
    {"tcg", Kind::Fallback, ""},
    {"hvf", Kind::Fallback, ""},
    {"whpx", Kind::Fallback, ""},
    {"nvmm", Kind::Fallback, ""},
    {"mshv", Kind::Fallback, ""},
    {"xen", Kind::Fallback, ""},
    {"qtest", Kind::Fallback, ""},
};

Result<void> set_trap_harder(AccelRequest& request, const KeyArgument& argument) {
    request.trap_harder = TRY(parse_bool(argument.value));
    if (request.kind == Kind::TrapHarder && !request.trap_harder) {
        return fail("contradicts -accel trap-harder");
    }
    return {};
}

Result<void> set_trap_at(AccelRequest& request, const KeyArgument& argument) {
    request.trap_at = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_kernel_irqchip(AccelRequest& request, const KeyArgument& argument) {
    if (argument.value == "split") return fail("split applies to x86 only; use on or off");
    request.kernel_irqchip = TRY(parse_bool(argument.value)) ? OnOffAuto::On : OnOffAuto::Off;
    return {};
}

// The name itself, which accel_option() has already looked at.
Result<void> ignore_name(AccelRequest&, const KeyArgument&) {
    return {};
}

constexpr KeyRow<AccelRequest> kAccelKeys[] = {
    {"accel", "name", ignore_name, "the accelerator"},
    {"trap-harder", "on|off", set_trap_harder, "forward every guest trap to userspace"},
    {"trap-at", "on|off", set_trap_at, "with trap-harder: AT instructions, too"},
    {"kernel-irqchip", "on|off", set_kernel_irqchip, "interrupt controller in the kernel"},
    {"dirty-ring-size", "(refused)", refuse_key, "the dirty ring"},
    {"eager-split-size", "(refused)", refuse_key, "eager page splitting"},
};

Result<const AccelName*> find_accel(std::string_view name) {
    std::vector<std::string_view> known;
    for (const AccelName& row : kAccelNames) {
        if (row.name == name) return &row;
        if (row.kind != Kind::Fallback) known.push_back(row.name);
    }
    return fail("unknown accelerator '{}'{}", show(name), hint(name, known));
}

std::string accel_help() {
    std::string text = "Accelerators:\n";
    for (const AccelName& row : kAccelNames) {
        if (row.kind != Kind::Fallback) text += fmt::format("  {:<34} {}\n", row.name, row.help);
    }
    text += "Properties:\n" + describe_keys<AccelRequest>(kAccelKeys);
    text += "Others that QEMU has (tcg, hvf, ...) may be listed as fallbacks and are passed over.\n";
    return text;
}

Result<AccelConfig> to_config(const AccelRequest& request, OnOffAuto machine_irqchip) {
    AccelConfig config;
    const bool trap_harder = request.kind == Kind::TrapHarder || request.trap_harder;
    config.kind = trap_harder ? AccelKind::TrapHarder : AccelKind::Kvm;
    if (request.trap_at && !trap_harder) return fail("-{}: trap-at=on needs trap-harder=on", request.text);
    config.trap_at = request.trap_at;
    const bool own = request.kernel_irqchip != OnOffAuto::Auto;
    config.kernel_irqchip = own ? request.kernel_irqchip : machine_irqchip;
    if (trap_harder && config.kernel_irqchip == OnOffAuto::On) {
        return fail(
            "-{}: kernel-irqchip=on contradicts trap-harder, whose interrupt controller is in userspace",
            request.text);
    }
    return config;
}

// The list the options describe; empty: none of them was given.
Result<std::vector<AccelRequest>> chosen_list(const Draft& draft) {
    if (!draft.accels.empty() && !draft.machine_accels.empty()) {
        return fail("-{}: cannot be combined with -{}", draft.accels.front().text,
                    draft.machine_accels.front().text);
    }
    std::vector<AccelRequest> list = draft.accels.empty() ? draft.machine_accels : draft.accels;
    bool have_kvm = false;
    for (const AccelRequest& request : list) have_kvm = have_kvm || request.kind != Kind::Fallback;
    if (draft.enable_kvm && !have_kvm) {
        list.insert(list.begin(), {.kind = Kind::Kvm, .text = "enable-kvm"});
    }
    return list;
}

}  // namespace

Result<void> accel_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "accel"));
    if (wants_help(items)) {
        print_and_exit(draft, accel_help());
        return {};
    }
    AccelRequest request{.text = fmt::format("{} {}", use.name, show(use.argument))};
    const AccelName* accel = TRY(with_context(find_accel(value_of(items, "accel")), "-" + request.text));
    request.kind = accel->kind;
    if (request.kind != Kind::Fallback) TRY(apply_keys<AccelRequest>(use.name, kAccelKeys, items, request));
    draft.accels.push_back(std::move(request));
    return {};
}

Result<std::vector<AccelRequest>> parse_accel_names(std::string_view colon_list) {
    std::vector<AccelRequest> list;
    const std::string text = fmt::format("machine accel={}", show(colon_list));
    std::string_view rest = colon_list;
    while (true) {
        const std::size_t colon = rest.find(':');
        const AccelName* accel = TRY(find_accel(rest.substr(0, colon)));
        list.push_back({.kind = accel->kind, .text = text});
        if (colon == std::string_view::npos) return list;
        rest.remove_prefix(colon + 1);
    }
}

Result<void> finish_accels(Draft& draft) {
    std::vector<AccelRequest> list = TRY(chosen_list(draft));
    if (list.empty()) {
        // What the machine asks of the interrupt controller decides, too.
        if (draft.machine_kernel_irqchip != OnOffAuto::On)
            list.push_back({.kind = Kind::TrapHarder, .text = "accel trap-harder (the default)"});
        list.push_back({.kind = Kind::Kvm, .text = "accel kvm (the default)"});
    }
    for (const AccelRequest& request : list) {
        if (request.kind == Kind::Fallback) continue;
        draft.config.accels.push_back(TRY(to_config(request, draft.machine_kernel_irqchip)));
    }
    if (draft.config.accels.empty()) {
        return fail(
            "-{}: emulation is not supported yet by this version; use -accel trap-harder or -accel kvm",
            list.front().text);
    }
    return {};
}

}  // namespace trapeze::cli
