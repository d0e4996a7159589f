// Walks the cases that scripts/at-differential has collected and compares. Exit status: 0 if all agree and
// every class of cases occurred, 1 if not, 2 for wrong usage or unusable records.
//
// --trapped: the same cases, where AT instructions were emulated. Nothing is excused there: the results have
// to be the walker's, and so differ from the CPU's only where one of the rules excuses that.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "classes.h"
#include "rules.h"

namespace at {
namespace {

struct Options {
    const char* path = nullptr;
    const char* trapped = nullptr;
    const char* rerun = "";  // how to run a case again, but for its number
    bool verbose = false;
    bool classes = true;  // false: a single case, say, has no others
    unsigned most_lines = 20;
    const char* fault = nullptr;
};

// A walker that is wrong: one that does not know a feature of the CPU.
struct PlantedFault {
    const char* name;
    bool mem::MmuFeatures::*feature;
};
constexpr PlantedFault kFaults[] = {
    {"hpds", &mem::MmuFeatures::hpds},       {"haf", &mem::MmuFeatures::haf},
    {"pan", &mem::MmuFeatures::pan},         {"mixed_endian", &mem::MmuFeatures::mixed_endian},
    {"gran16k", &mem::MmuFeatures::gran16k},
};

bool plant(const char* name, mem::MmuFeatures& features) {
    for (const PlantedFault& fault : kFaults) {
        if (std::strcmp(fault.name, name) != 0) continue;
        features.*fault.feature = false;
        return true;
    }
    return false;
}

unsigned long long wide(u64 value) {
    return value;
}

class Checker {
public:
    Checker(const Options& options, const RecordFile& file) : options_(options), file_(file) {}

    void check(const CheckedCase& c) {
        ++cases_;
        const Walk expected = walk(file_, c);
        const auto [verdict, used] = explain(file_, c);
        if (verdict == Verdict::Undecided) {
            ++undecided_;
            return;
        }
        classes_.count(file_.features, c, expected.result);
        for (const Rule* rule : used) ++rule_uses_[rule->name];
        const bool differs = verdict == Verdict::Differs;
        if ((differs && ++differences_ <= options_.most_lines) || options_.verbose)
            print_difference("CPU", c, expected);
        if (options_.verbose) print_case(file_.header, c);
    }

    // The same case where it was emulated.
    void check_trapped(const CheckedCase& c, const CheckedCase& trapped) {
        ++trapped_cases_;
        const Walk expected = walk(file_, c);
        if (expected.unknown) return;
        if (trapped.exception != c.exception || trapped.result != c.result) ++unlike_cpu_;
        const u64 result = expected.exception ? expected_esr(expected) : expected.par;
        const bool differs = trapped.exception != expected.exception || trapped.result != result;
        if ((differs && ++trapped_differences_ <= options_.most_lines) || options_.verbose)
            print_difference("trapped", trapped, expected);
    }

    int report() const {
        std::printf("cases %llu, differences %llu, undecided %llu (EL%llu, seed %llu)\n", wide(cases_),
                    wide(differences_), wide(undecided_), wide(file_.header.el), wide(file_.header.seed));
        if (trapped_cases_ > 0) {
            std::printf(
                "  trapped: cases %llu, differences %llu; not as the CPU, by a rule or the KVM of the host: "
                "%llu\n",
                wide(trapped_cases_), wide(trapped_differences_), wide(unlike_cpu_));
        }
        for (const Rule& rule : rules()) {
            const auto uses = rule_uses_.find(rule.name);
            if (uses != rule_uses_.end())
                std::printf("  rule %-20s %8llu  %s\n", rule.name, wide(uses->second), rule.why);
        }
        classes_.print();
        bool complete = true;
        if (options_.classes) complete = classes_.complete(file_);
        // What the generator gets wrong must not become the rule.
        const bool decided = undecided_ * 100 <= cases_;
        if (!decided) std::printf("too many cases are undecided\n");
        const bool all = cases_ == file_.header.wanted;
        if (!all) std::printf("%llu cases were wanted\n", wide(file_.header.wanted));
        const bool agrees = differences_ == 0 && trapped_differences_ == 0;
        return agrees && complete && decided && all ? 0 : 1;
    }

private:
    void print_difference(const char* by, const CheckedCase& c, const Walk& expected) const {
        const std::string_view operation = row_of(c).name;
        std::printf(
            "seed %llu case %llu: AT %.*s %#llx: %s %s %#llx, walker %s %#llx; %s --seed %llu --case %llu\n",
            wide(file_.header.seed), wide(c.number), static_cast<int>(operation.size()), operation.data(),
            wide(c.va.value), by, c.exception ? "takes an exception," : "PAR", wide(c.result),
            expected.exception ? "takes an exception," : "PAR", wide(expected.par), options_.rerun,
            wide(file_.header.seed), wide(c.number));
    }

    const Options& options_;
    const RecordFile& file_;
    Classes classes_;
    std::map<std::string, u64> rule_uses_;
    u64 cases_ = 0;
    u64 differences_ = 0;
    u64 undecided_ = 0;
    u64 trapped_cases_ = 0;
    u64 trapped_differences_ = 0;
    u64 unlike_cpu_ = 0;
};

// The records of the same cases in another run; empty if it had others.
std::optional<RecordFile> read_trapped(const char* path, const RecordFile& file) {
    std::optional<RecordFile> trapped = read_records(path);
    if (trapped && std::memcmp(&trapped->header, &file.header, sizeof(Header)) != 0) {
        std::fprintf(stderr, "at_check: %s has records of other cases\n", path);
        return std::nullopt;
    }
    return trapped;
}

int run(const Options& options) {
    std::optional<RecordFile> file = read_records(options.path);
    if (!file) return 2;
    if (options.fault != nullptr && !plant(options.fault, file->features)) {
        std::fprintf(stderr, "at_check: unknown fault %s\n", options.fault);
        return 2;
    }
    std::optional<RecordFile> trapped;
    if (options.trapped != nullptr && !(trapped = read_trapped(options.trapped, *file))) return 2;
    Checker checker(options, *file);
    std::span<const u64> words(file->words);
    std::span<const u64> other(trapped ? std::span<const u64>(trapped->words) : std::span<const u64>());
    while (!words.empty()) {
        const std::span<const u64> before = words;
        const auto c = next_case(*file, words);
        if (!c) {
            std::fprintf(stderr, "at_check: a record is damaged\n");
            return 2;
        }
        checker.check(*c);
        if (!trapped) continue;
        const std::span<const u64> record = before.first(before.size() - words.size());
        const std::span<const u64> other_record = other.first(std::min(record.size(), other.size()));
        const auto again = next_case(*trapped, other);
        if (!again || !same_case(record, other_record)) {
            std::fprintf(stderr, "at_check: case %llu is another one in %s\n", at::wide(c->number),
                         options.trapped);
            return 2;
        }
        checker.check_trapped(*c, *again);
    }
    return checker.report();
}

}  // namespace
}  // namespace at

int main(int argc, char** argv) {
    at::Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--verbose") {
            options.verbose = true;
        } else if (word == "--any-classes") {
            options.classes = false;
        } else if (word == "--plant" && i + 1 < argc) {
            options.fault = argv[++i];
        } else if (word == "--trapped" && i + 1 < argc) {
            options.trapped = argv[++i];
        } else if (word == "--rerun" && i + 1 < argc) {
            options.rerun = argv[++i];
        } else {
            options.path = argv[i];
        }
    }
    if (options.path == nullptr) {
        std::fprintf(stderr,
                     "usage: at_check [--verbose] [--any-classes] [--plant FAULT] [--rerun TEXT] "
                     "[--trapped RECORDS] RECORDS\n");
        return 2;
    }
    return at::run(options);
}
