// Commands of the human monitor that show how addresses are translated.
#include "hmp_command.h"
#include "hmp_registers.h"
#include "translation_scan.h"
#include "translation_text.h"
#include "trapeze/arch/pstate.h"
#include "trapeze/arch/translation.h"

namespace trapeze::debug {
namespace {

// What one answer costs at most, as the machine stands still meanwhile: some milliseconds, and 64 KiB of
// text.
constexpr u64 kMostWalks = u64{1} << 16;
constexpr unsigned kMostLines = 512;

const mem::AtOperationRow* find_operation(std::string_view name) {
    for (const mem::AtOperationRow& row : mem::at_operations())
        if (equal_ignoring_case(name, row.name)) return &row;
    return nullptr;
}

std::string describe_attributes(const mem::MemoryAttributes& attributes) {
    return fmt::format("{:#04x} {} {}", attributes.attr, describe_memory_type(attributes.attr),
                       shareability_name(attributes.shareability));
}

// `level` of a translation.
std::string describe_level(const mem::Translation& t) {
    return t.flat ? "off" : fmt::format("L{}", t.level);
}

std::string describe_result(const mem::AtOperationRow& row, const mem::WalkResult& result) {
    const bool at_el1 = !row.el2 && row.stages == mem::Stages::One;
    if (mem::at_takes_exception(result, at_el1))
        return fmt::format("takes an exception, and leaves PAR_EL1 alone: {}\n",
                           describe_fault(result.error()));
    std::string text = fmt::format("PAR_EL1: {:#x}\n", mem::encode_par(result));
    if (!result) return text + describe_fault(result.error()) + "\n";
    text += fmt::format("{:#x}, {} {}, {}, {}\n", result->pa.value, describe_size(result->size),
                        describe_level(*result), describe_permissions(result->permissions),
                        describe_attributes(result->attributes));
    if (result->sets_access_flag) text += "an access would set the Access flag\n";
    return text;
}

std::string show_mapping(const TranslationRun& run) {
    std::string text = fmt::format("{:016x}-{:016x}: ", run.first.value, run.last.value);
    if (!run.result) return text + describe_fault(run.result.error()) + "\n";
    const mem::Translation& t = *run.result;
    text += fmt::format("{:013x} {} x {} {} {} ", t.pa.value, run.descriptors, describe_size(t.size),
                        describe_level(t), describe_permissions(t.permissions));
    if (!t.flat) {
        text += fmt::format(
            "{} {} {} AttrIndx={} ", arch::Descriptor::AF::get(t.descriptor) != 0 ? "AF" : "--",
            t.global ? "--" : "nG", t.contiguous ? "C" : "-", arch::Descriptor::AttrIndx::get(t.descriptor));
    }
    return text + describe_attributes(t.attributes) + "\n";
}

std::string show_use(const TranslationRun& run) {
    if (!run.result) return {};
    return fmt::format("{:016x}-{:016x}: {:>5} {} {}\n", run.first.value, run.last.value,
                       describe_size(run.last - run.first + 1), describe_permissions(run.result->permissions),
                       describe_attributes(run.result->attributes));
}

// `command [first [last]]`
std::string show_runs(HmpCall& call, std::string_view command, Merge merge,
                      std::string (*show)(const TranslationRun&)) {
    mem::GvaRange bounds{.first = mem::Gva{0}, .last = mem::Gva{~u64{0}}};
    if (!call.numbers.empty()) bounds.first = mem::Gva{align_down(call.numbers[0], AddressSpace::kGranule)};
    if (call.numbers.size() > 1) bounds.last = mem::Gva{call.numbers[1]};
    const AddressSpace space(call.machine, call.monitor.cpu());
    TranslationScan scan(space, bounds, merge, kMostWalks);
    std::string text;
    for (unsigned lines = 0; lines < kMostLines; ++lines) {
        const std::optional<TranslationRun> run = scan.next();
        if (!run) break;
        text += show(*run);
    }
    if (const auto rest = scan.rest()) {
        text += fmt::format("there may be more: {} {:#x}", command, rest->value);
        if (call.numbers.size() > 1) text += fmt::format(" {:#x}", bounds.last.value);
        text += "\n";
    }
    return text.empty() ? "nothing is mapped\n" : text;
}

}  // namespace

HmpResult hmp_at(HmpCall& call) {
    const mem::AtOperationRow* row = find_operation(call.words[0]);
    if (row == nullptr) return fail("there is no AT {}", call.words[0]);
    const u64 index = call.numbers.size() > 1 ? call.numbers[1] : call.monitor.cpu();
    if (index >= call.machine.cpu_count()) return fail("invalid CPU index");
    HmpResult result;
    call.machine.inspect([&] {
        const AddressSpace space(call.machine, index);
        if (!space.implements(row->operation)) {
            result = fmt::format("AT {} is UNDEFINED on this CPU\n", row->name);
            return;
        }
        const u64 pstate = call.machine.cpu(index).accel().get(accel::CoreReg::Pstate);
        const bool pan = arch::Pstate::Pan::get(pstate) != 0;
        result = describe_result(*row, space.translate_at(row->operation, pan, mem::Gva{call.numbers[0]}));
    });
    return result;
}

std::vector<std::string> hmp_at_operations() {
    std::vector<std::string> names;
    for (const mem::AtOperationRow& row : mem::at_operations()) names.emplace_back(row.name);
    return names;
}

HmpResult hmp_gva2gpa(HmpCall& call) {
    HmpResult result;
    call.machine.inspect([&] {
        const mem::WalkResult walk =
            AddressSpace(call.machine, call.monitor.cpu()).translate(mem::Gva{call.numbers[0]});
        result = walk ? fmt::format("gpa: {:#x}\n", walk->pa.value) : "Unmapped\n";
    });
    return result;
}

HmpResult hmp_info_tlb(HmpCall& call) {
    HmpResult result;
    call.machine.inspect([&] { result = show_runs(call, "info tlb", Merge::Mappings, &show_mapping); });
    return result;
}

HmpResult hmp_info_mem(HmpCall& call) {
    HmpResult result;
    call.machine.inspect([&] { result = show_runs(call, "info mem", Merge::Uses, &show_use); });
    return result;
}

}  // namespace trapeze::debug
