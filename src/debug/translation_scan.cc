#include "translation_scan.h"

#include <algorithm>

#include "trapeze/arch/translation.h"

namespace trapeze::debug {
namespace {

// The last address that has the same answer for the same reason.
mem::Gva last_alike(const mem::WalkResult& result, const mem::GvaRange& range, mem::Gva at) {
    const u64 size = result ? result->size : result.error().size;
    if (size == 0) return range.last;
    return mem::Gva{std::min(range.last.value, at.value | (size - 1))};
}

bool is_unmapped(const mem::WalkResult& result) {
    return !result && result.error().kind == mem::FaultKind::Translation && !result.error().stage2;
}

// Two of one kind, wherever they are.
bool is_alike(const mem::Fault& a, const mem::Fault& b) {
    return a.kind == b.kind && a.level == b.level && a.stage2 == b.stage2 && a.on_walk == b.on_walk;
}
bool is_alike(const mem::Translation& a, const mem::Translation& b) {
    using arch::Descriptor;
    const auto shown = [](const mem::Translation& t) {
        return t.descriptor & (Descriptor::AF::kMask | Descriptor::AttrIndx::kMask);
    };
    return a.size == b.size && a.level == b.level && a.flat == b.flat && a.contiguous == b.contiguous &&
           a.global == b.global && shown(a) == shown(b);
}

}  // namespace

TranslationScan::TranslationScan(const AddressSpace& space, mem::GvaRange bounds, Merge merge, u64 walks)
    : space_(space), merge_(merge), walks_(walks) {
    for (mem::GvaRange range : space.ranges()) {
        range.first = std::max(range.first, bounds.first);
        range.last = std::min(range.last, bounds.last);
        if (range.first <= range.last) ranges_.insert(ranges_.begin(), range);
    }
}

std::optional<TranslationRun> TranslationScan::next_leaf() {
    while (!ranges_.empty() && walks_ != 0) {
        mem::GvaRange& range = ranges_.back();
        --walks_;
        TranslationRun leaf{.first = range.first, .last = {}, .result = space_.translate(range.first)};
        leaf.last = last_alike(leaf.result, range, leaf.first);
        if (leaf.last == range.last) {
            ranges_.pop_back();
        } else {
            range.first = leaf.last + 1;
        }
        if (!is_unmapped(leaf.result)) return leaf;
    }
    return std::nullopt;
}

bool TranslationScan::is_one_run(const TranslationRun& run, const TranslationRun& leaf) const {
    if (leaf.first.value - 1 != run.last.value || run.result.has_value() != leaf.result.has_value())
        return false;
    if (!run.result) return is_alike(run.result.error(), leaf.result.error());
    const mem::Translation& a = *run.result;
    const mem::Translation& b = *leaf.result;
    if (a.permissions != b.permissions || a.attributes != b.attributes) return false;
    if (merge_ == Merge::Uses) return true;
    return is_alike(a, b) && b.pa - a.pa == leaf.first - run.first;
}

std::optional<TranslationRun> TranslationScan::next() {
    std::optional<TranslationRun> run = pending_ ? std::exchange(pending_, std::nullopt) : next_leaf();
    if (!run) return std::nullopt;
    while ((pending_ = next_leaf())) {
        if (!is_one_run(*run, *pending_)) break;
        run->last = pending_->last;
        run->descriptors += pending_->descriptors;
        pending_.reset();
    }
    return run;
}

std::optional<mem::Gva> TranslationScan::rest() const {
    if (pending_) return pending_->first;
    if (ranges_.empty()) return std::nullopt;
    return ranges_.back().first;
}

}  // namespace trapeze::debug
