// What is mapped, from an address on: by one walk for each descriptor that ends one, as the walker says how
// far its answer reaches.
#pragma once

#include <optional>
#include <vector>

#include "address_space.h"

namespace trapeze::debug {

// Addresses with one answer: neighbours that differ in nothing that is shown.
struct TranslationRun {
    mem::Gva first;
    mem::Gva last;           // inclusive
    mem::WalkResult result;  // of `first`. A fault is not a Translation fault of stage 1
    u64 descriptors = 1;
};

// What makes neighbours one run.
enum class Merge : u8 {
    Mappings,  // everything: physical addresses go on, too
    Uses,      // permissions and attributes
};

// Tables are the guest's, and loops in them can make 2^40 pages: so a scan has an end after so many walks,
// wherever it is.
class TranslationScan {
public:
    // `bounds` is cut to what `space` has, which must outlive this.
    TranslationScan(const AddressSpace& space, mem::GvaRange bounds, Merge merge, u64 walks);

    // In ascending order; nullopt: there is no more, or no more walk is left.
    std::optional<TranslationRun> next();
    // Where another scan has to begin to find the rest; nullopt: there is none.
    std::optional<mem::Gva> rest() const;

private:
    std::optional<TranslationRun> next_leaf();
    bool is_one_run(const TranslationRun& run, const TranslationRun& leaf) const;

    const AddressSpace& space_;
    const Merge merge_;
    u64 walks_;
    std::vector<mem::GvaRange> ranges_;  // what is left of them, the lowest last
    std::optional<TranslationRun> pending_;
};

}  // namespace trapeze::debug
