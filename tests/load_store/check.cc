// Compares the decoder of loads and stores with LLVM's disassembler, word by word. See docs/testing.md.
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include "llvm.h"
#include "render.h"
#include "rules.h"
#include "trapeze/base/bits.h"

namespace load_store {
namespace {

using namespace trapeze;
using arch::LoadStore;

constexpr int kSkipped = 77;
constexpr u64 kMostLines = 20;

// Faults that a decoder could have; the comparison has to notice each of them.
struct PlantedFault {
    const char* name;
    void (*plant)(LoadStore&);
};
constexpr PlantedFault kFaults[] = {
    {"offsets",
     [](LoadStore& d) {
         if (d.offset < 0) d.offset = -d.offset;
     }},
    {"sizes",
     [](LoadStore& d) {
         if (d.size == 16) d.size = 8;
     }},
    {"sign", [](LoadStore& d) { d.sign_extend = false; }},
    {"indexing",
     [](LoadStore& d) {
         if (d.addressing == arch::Addressing::PreIndex) d.addressing = arch::Addressing::PostIndex;
     }},
    {"order", [](LoadStore& d) { d.release = false; }},
    {"lanes", [](LoadStore& d) { d.shape.first_lane &= 7; }},
    {"second register", [](LoadStore& d) { d.rt2 = d.rs; }},
    {"operation",
     [](LoadStore& d) {
         if (d.op == arch::MemoryOp::SignedMin) d.op = arch::MemoryOp::UnsignedMin;
     }},
};

class Comparison {
public:
    explicit Comparison(const Llvm& llvm) : llvm_(llvm) {}

    // Every load and store with these registers in the lowest ten bits: "Main encoding table", bit 27 is one
    // and bit 25 zero.
    void compare_all_with(unsigned rt, unsigned rn) {
        for (u32 n = 0; n < 1u << 20; ++n) {
            compare(n >> 16 << 28 | 1u << 27 | (n >> 15 & 1) << 26 | (n >> 14 & 1) << 24 |
                    (n & 0x3fff) << 10 | rn << 5 | rt);
        }
    }
    // Whether all is as it has to be.
    bool report() const;

private:
    void compare(u32 instruction);
    void differ(u32 instruction, const std::string& ours, const std::string& theirs);
    void look_for_faults(const LoadStore& ours, const std::string& theirs);

    const Llvm& llvm_;
    u64 words_ = 0;
    u64 equal_ = 0;
    u64 undefined_ = 0;
    u64 different_ = 0;
    std::map<std::string, u64> excused_;
    bool noticed_[std::size(kFaults)] = {};
};

void Comparison::compare(u32 instruction) {
    ++words_;
    const std::optional<LoadStore> ours = arch::decode_load_store(instruction);
    const std::optional<std::string> theirs = llvm_.disassemble(instruction);
    const char* excuse = nullptr;
    if (!ours && !theirs) {
        ++undefined_;
    } else if (!ours) {
        excuse = excuse_unknown_to_us(*theirs);
        if (excuse == nullptr) differ(instruction, "(nothing)", *theirs);
    } else if (!theirs) {
        excuse = excuse_unknown_to_them(instruction, *ours);
        if (excuse == nullptr) differ(instruction, render(*ours), "(nothing)");
    } else {
        const std::string text = respell(*theirs);
        if (render(*ours) == text) {
            ++equal_;
            look_for_faults(*ours, text);
            return;
        }
        excuse = excuse_difference(*ours, text);
        if (excuse == nullptr) differ(instruction, render(*ours), text);
    }
    if (excuse != nullptr) ++excused_[excuse];
}

void Comparison::differ(u32 instruction, const std::string& ours, const std::string& theirs) {
    if (++different_ <= kMostLines) fmt::print("{:08x}: {} | LLVM: {}\n", instruction, ours, theirs);
}

void Comparison::look_for_faults(const LoadStore& ours, const std::string& theirs) {
    for (std::size_t n = 0; n < std::size(kFaults); ++n) {
        if (noticed_[n]) continue;
        LoadStore faulty = ours;
        kFaults[n].plant(faulty);
        noticed_[n] = faulty != ours && render(faulty) != theirs;
    }
}

bool Comparison::report() const {
    fmt::print("{} words: {} equal, {} unknown to both, {} different\n", words_, equal_, undefined_,
               different_);
    for (const auto& [reason, count] : excused_) fmt::print("  excused: {}: {}\n", reason, count);
    bool good = different_ == 0 && equal_ != 0;
    for (std::size_t n = 0; n < std::size(kFaults); ++n) {
        if (noticed_[n]) continue;
        fmt::print("  the planted fault '{}' was not noticed\n", kFaults[n].name);
        good = false;
    }
    return good;
}

// Different from each other and from 31; 31; the same; and where fields end.
constexpr unsigned kPairs[][2] = {{1, 2}, {31, 31}, {4, 4}, {22, 29}, {24, 0}};

}  // namespace
}  // namespace load_store

int main(int argc, char** argv) {
    const bool full = argc == 2 && std::strcmp(argv[1], "--full") == 0;
    if (argc > 1 && !full) {
        fmt::print(stderr, "usage: load_store_check [--full]\n");
        return 2;
    }
    const std::optional<load_store::Llvm> llvm = load_store::Llvm::open();
    if (!llvm) {
        fmt::print("skipped: there is no libLLVM-16 here (package libllvm16)\n");
        return load_store::kSkipped;
    }
    load_store::Comparison comparison(*llvm);
    if (full) {
        for (unsigned n = 0; n < 1024; ++n) comparison.compare_all_with(n & 31, n >> 5);
    } else {
        for (const auto& [rt, rn] : load_store::kPairs) comparison.compare_all_with(rt, rn);
    }
    return comparison.report() ? 0 : 1;
}
