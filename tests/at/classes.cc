#include "classes.h"

#include <cstdio>

#include "trapeze/arch/translation.h"

namespace at {
namespace {

using trapeze::arch::HcrEl2;

std::string_view kind_name(mem::FaultKind kind) {
    switch (kind) {
        case mem::FaultKind::AddressSize: return "address size";
        case mem::FaultKind::Translation: return "translation";
        case mem::FaultKind::AccessFlag: return "access flag";
        case mem::FaultKind::Permission: return "permission";
        case mem::FaultKind::ExternalAbort: return "external abort";
    }
    return "";
}

std::string outcome_of(const mem::WalkResult& result) {
    if (result) return result->flat ? "flat" : "success " + std::to_string(result->level);
    const mem::Fault& fault = result.error();
    std::string name = fault.stage2 ? "stage 2 " : "";
    name += kind_name(fault.kind);
    name += ' ' + std::to_string(fault.level);
    if (fault.on_walk) name += " on walk";
    return name;
}

std::string regime_of(const mem::MmuFeatures& f, const CheckedCase& c) {
    const u64 hcr = c.registers.el2.HCR_EL2;
    const bool e2h = f.el2 && f.vhe && HcrEl2::E2H::get(hcr) != 0;
    const mem::AtOperationRow& row = row_of(c);
    if (row.el2) return e2h ? "EL2&0" : "EL2";
    if (e2h && HcrEl2::TGE::get(hcr) != 0) return "EL2&0";
    const bool stage2 = f.el2 && (HcrEl2::VM::get(hcr) != 0 || HcrEl2::DC::get(hcr) != 0);
    if (!stage2) return "EL1&0";
    return row.stages == mem::Stages::Both ? "EL1&0 both stages" : "EL1&0 behind stage 2";
}

u64 count_of(const std::map<std::string, u64>& counts, const std::string& name) {
    const auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
}

// What a file with these cases has to have: `any` is all that this Exception level can make.
bool wants_stage2_on_walk(CaseRegime regime, u64 el) {
    return regime == CaseRegime::S1 || regime == CaseRegime::S12 || (regime == CaseRegime::Any && el != 1);
}
bool wants_stage2_of_output(CaseRegime regime, u64 el) {
    return regime == CaseRegime::S12 || (regime == CaseRegime::Any && el != 1);
}

std::vector<std::string> needed_outcomes(CaseRegime regime, u64 el) {
    std::vector<std::string> names{"translation 0", "address size 0"};
    // With stage 2 for the output nothing is.
    if (regime != CaseRegime::S12) names.emplace_back("flat");
    for (const char* level : {" 1", " 2", " 3"})
        for (const char* kind :
             {"success", "translation", "address size", "access flag", "permission", "external abort"})
            names.push_back(std::string(kind) + level);
    for (const char* level : {" 2", " 3"}) {
        if (wants_stage2_on_walk(regime, el))
            for (const char* kind : {"translation", "access flag", "permission"})
                names.push_back(std::string("stage 2 ") + kind + level + " on walk");
        // Not permission: see spare_qemu() in payload/generate.cc.
        if (wants_stage2_of_output(regime, el))
            for (const char* kind : {"translation", "access flag"})
                names.push_back(std::string("stage 2 ") + kind + level);
    }
    return names;
}

std::vector<std::string> needed_regimes(CaseRegime regime, u64 el, bool vhe) {
    switch (regime) {
        case CaseRegime::El10: return {"EL1&0"};
        case CaseRegime::S1: return {"EL1&0 behind stage 2"};
        case CaseRegime::S12: return {"EL1&0 both stages"};
        case CaseRegime::El2: return {"EL2"};
        case CaseRegime::El20: return {"EL2&0"};
        case CaseRegime::Any: break;
    }
    std::vector<std::string> names{"EL1&0"};
    if (el == 1) return names;
    for (const char* name : {"EL2", "EL1&0 both stages", "EL1&0 behind stage 2"}) names.emplace_back(name);
    if (vhe) names.emplace_back("EL2&0");
    return names;
}

bool wants_operation(CaseRegime regime, u64 el, const mem::AtOperationRow& row) {
    const bool both = row.stages == mem::Stages::Both;
    switch (regime) {
        case CaseRegime::S1: return !row.el2 && !both;
        case CaseRegime::S12: return both;
        case CaseRegime::El2: return row.el2;
        case CaseRegime::El10: return !row.el2;
        case CaseRegime::El20: return true;
        case CaseRegime::Any: break;
    }
    return el != 1 || (!row.el2 && !both);
}

void print_counts(const char* title, const std::map<std::string, u64>& counts) {
    std::printf("  %s:", title);
    const char* separator = " ";
    for (const auto& [name, count] : counts) {
        std::printf("%s%s: %llu", separator, name.c_str(), static_cast<unsigned long long>(count));
        separator = ", ";
    }
    std::printf("\n");
}

}  // namespace

void Classes::count(const mem::MmuFeatures& features, const CheckedCase& c, const mem::WalkResult& expected) {
    ++operations_[std::string(row_of(c).name) + (expected ? " success" : " fault")];
    ++outcomes_[outcome_of(expected)];
    ++regimes_[regime_of(features, c)];
}

void Classes::print() const {
    print_counts("regimes", regimes_);
    print_counts("operations", operations_);
    print_counts("outcomes", outcomes_);
}

bool Classes::complete(const RecordFile& file) const {
    const CaseRegime regime{file.header.regime};
    const u64 el = file.header.el;
    std::vector<std::string> missing;
    const auto need = [&missing](const std::map<std::string, u64>& counts, const std::string& name) {
        if (count_of(counts, name) == 0) missing.push_back(name);
    };
    for (const mem::AtOperationRow& row : mem::at_operations()) {
        if (!wants_operation(regime, el, row) || !mem::at_implemented(row.operation, file.features)) continue;
        for (const char* outcome : {" success", " fault"}) need(operations_, std::string(row.name) + outcome);
    }
    for (const std::string& name : needed_outcomes(regime, el)) need(outcomes_, name);
    const std::vector<std::string> regimes = needed_regimes(regime, el, file.features.vhe);
    for (const std::string& name : regimes) need(regimes_, name);
    for (const std::string& name : missing) std::printf("never occurred: %s\n", name.c_str());
    // The generator and this program have to mean the same by a regime.
    const bool others = regime != CaseRegime::Any && regimes_.size() != regimes.size();
    if (others) std::printf("there are cases of other regimes\n");
    return missing.empty() && !others;
}

}  // namespace at
