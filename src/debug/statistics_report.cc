// The merged statistics as a table and as JSON.
#include <algorithm>
#include <map>

#include "json_text.h"
#include "trapeze/debug/statistics.h"

namespace trapeze::debug {
namespace {

std::string microseconds(u64 ns) {
    return fmt::format("{}.{:03}", ns / 1000, ns % 1000);
}

std::string table_line(const ExitTotals& t, u64 all, std::string_view exit_class, std::string_view name) {
    const double share = all == 0 ? 0.0 : 100.0 * static_cast<double>(t.total) / static_cast<double>(all);
    const u64 mean = t.count == 0 ? 0 : t.total / t.count;
    return fmt::format("{:>10} {:>14} {:>6.1f} {:>10} {:>10} {:>12} {:>14}  {:<16} {}\n", t.count,
                       microseconds(t.total), share, microseconds(t.min), microseconds(mean),
                       microseconds(t.max), microseconds(t.blocked), exit_class, name);
}

std::string json_totals(const ExitTotals& t) {
    std::size_t buckets = kHistogramBuckets;
    while (buckets > 0 && t.histogram[buckets - 1] == 0) --buckets;
    std::string histogram;
    for (std::size_t n = 0; n < buckets; ++n)
        histogram += fmt::format("{}{}", n == 0 ? "" : ",", t.histogram[n]);
    return fmt::format(R"("count":{},"total":{},"min":{},"max":{},"blocked":{},"guest":{},"histogram":[{}])",
                       t.count, t.total, t.min, t.max, t.blocked, t.guest, histogram);
}

}  // namespace

StatisticsReport::StatisticsReport(std::span<const ExitStatistics* const> vcpus, const ExitNames& names)
    : names_(names) {
    std::map<ExitKey, ExitTotals> merged;
    for (const ExitStatistics* statistics : vcpus) {
        ExitTotals& vcpu = vcpus_.emplace_back();
        for (const ExitRow& row : statistics->rows()) {
            merged[row.key].merge(row.totals);
            classes_[static_cast<std::size_t>(row.key.exit_class)].merge(row.totals);
            vcpu.merge(row.totals);
        }
    }
    for (const auto& [key, totals] : merged) rows_.push_back({key, totals});
    std::ranges::stable_sort(rows_, std::ranges::greater{},
                             [](const ExitRow& row) { return row.totals.total; });
}

std::string StatisticsReport::table() const {
    ExitTotals all;
    std::string text;
    for (std::size_t n = 0; n < vcpus_.size(); ++n) {
        const ExitTotals& t = vcpus_[n];
        text += fmt::format("vCPU {}: {} exits; guest {} us, handling {} us, blocked {} us\n", n, t.count,
                            microseconds(t.guest), microseconds(t.total), microseconds(t.blocked));
        all.merge(t);
    }
    const auto heading = [](std::string_view what) {
        return fmt::format("\n{:>10} {:>14} {:>6} {:>10} {:>10} {:>12} {:>14}  {:<16} {}\n", "exits",
                           "total us", "%", "min us", "mean us", "max us", "blocked us", "class", what);
    };
    text += heading("name");
    for (const ExitRow& row : rows_) {
        text += table_line(row.totals, all.total, exit_class_name(row.key.exit_class), names_.name(row.key));
    }
    text += heading("");
    std::vector<std::size_t> order;
    for (std::size_t n = 0; n < kExitClasses; ++n) {
        if (classes_[n].count > 0) order.push_back(n);
    }
    std::ranges::stable_sort(order, std::ranges::greater{},
                             [this](std::size_t n) { return classes_[n].total; });
    for (const std::size_t n : order) {
        text += table_line(classes_[n], all.total, exit_class_name(static_cast<ExitClass>(n)), "");
    }
    text += table_line(all, all.total, "all", "");
    return text;
}

std::string StatisticsReport::json() const {
    std::string text = "{\"unit\":\"ns\",\"vcpus\":[";
    for (std::size_t n = 0; n < vcpus_.size(); ++n) {
        text += fmt::format("{}\n{{\"vcpu\":{},{}}}", n == 0 ? "" : ",", n, json_totals(vcpus_[n]));
    }
    text += "],\n\"classes\":[";
    const char* separator = "";
    for (std::size_t n = 0; n < kExitClasses; ++n) {
        if (classes_[n].count == 0) continue;
        text += fmt::format("{}\n{{\"class\":\"{}\",{}}}", separator,
                            exit_class_name(static_cast<ExitClass>(n)), json_totals(classes_[n]));
        separator = ",";
    }
    text += "],\n\"exits\":[";
    separator = "";
    for (const ExitRow& row : rows_) {
        text += fmt::format("{}\n{{\"class\":\"{}\",\"name\":{},{}}}", separator,
                            exit_class_name(row.key.exit_class), json_string(names_.name(row.key)),
                            json_totals(row.totals));
        separator = ",";
    }
    return text + "]}\n";
}

}  // namespace trapeze::debug
