// What a walk costs, by granule, depth and stages: scripts/bench walks. The walker is the same on every host,
// and this runs on the one at hand; rows are interleaved, and compared with the cheapest. Prints a Markdown
// table.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"
#include "trapeze/mem/address_translate.h"
#include "trapeze/mem/guest_memory.h"

namespace trapeze::mem {
namespace {

constexpr u64 kRam = 0x4000'0000;
constexpr u64 kRamSize = u64{64} << 20;
constexpr u64 kValid = 1, kTableOrPage = 2, kAf = 1 << 10, kInner = 3 << 8;
constexpr u64 kStage2Normal = 0b1111 << 2 | 0b11 << 6;  // Write-Back, readable and writable
constexpr unsigned kStage2Bits = 36;

MmuFeatures features() {
    MmuFeatures f;
    f.pa_bits = 52;
    f.lpa2_4k = f.lpa2_16k = f.lva = f.haf = f.hpds = f.pan = f.pan2 = f.ttst = true;
    f.el2 = f.vhe = f.s2_lpa2_4k = f.s2_lpa2_16k = true;
    return f;
}

struct Granule {
    const char* name;
    unsigned bits;
    u64 tg0;
    constexpr unsigned stride() const { return bits - 3; }
};
constexpr Granule kGranules[] = {{"4 KB", 12, 0}, {"16 KB", 14, 2}, {"64 KB", 16, 1}};

// RAM, and tables in it.
class Ram {
public:
    Ram() { CHECK(memory_.add_ram({Gpa{kRam}, kRamSize}).has_value()); }

    const GuestMemory& memory() const { return memory_; }
    // Tables of `levels` levels for all pages of [va, va + size), which is mapped to RAM; returns the first.
    u64 map(const Granule& g, unsigned levels, u64 va, u64 size, u64 attributes) {
        const u64 root = allocate(g);
        for (u64 offset = 0; offset < size; offset += bit(g.bits)) {
            u64 table = root;
            for (unsigned below = levels - 1; below > 0; --below)
                table = next_table(g, table, va + offset, below);
            store(entry(g, table, va + offset, 0), (kRam + offset) | kValid | kTableOrPage | attributes);
        }
        return root;
    }

private:
    static u64 entry(const Granule& g, u64 table, u64 va, unsigned below) {
        const unsigned low = g.bits + g.stride() * below;
        return table + extract(va, low + g.stride() - 1, low) * 8;
    }
    u64 next_table(const Granule& g, u64 table, u64 va, unsigned below) {
        const u64 at = entry(g, table, va, below);
        u64 value = load(at);
        if (value == 0) {
            value = allocate(g) | kValid | kTableOrPage;
            store(at, value);
        }
        return align_down(value, bit(g.bits));
    }
    u64 allocate(const Granule& g) {
        free_ -= bit(g.bits);
        free_ = align_down(free_, bit(g.bits));
        return free_;
    }
    u64 load(u64 address) const { return *guest_memory_reader(memory_)(Gpa{address}); }
    void store(u64 address, u64 value) {
        CHECK(memory_.write(Gpa{address}, {reinterpret_cast<const u8*>(&value), sizeof(value)}));
    }

    GuestMemory memory_;
    u64 free_ = kRam + kRamSize;
};

// A row of the table.
struct Row {
    std::string name;
    const char* granule;
    MmuRegisters registers;
    bool at = false;  // an AT instruction with its PAR_EL1, instead of a walk
    bool both = false;
    u64 va_mask = 0;         // of pages that are mapped
    int reads = 0;           // of one walk
    std::vector<double> ns;  // of one walk, in each round
};

constexpr u64 kMapped = u64{2} << 20;

// Stage 1 with that many levels, the last of them pages.
MmuRegisters stage1(Ram& ram, const Granule& g, unsigned levels) {
    MmuRegisters r;
    // The last step is from 48 bits to 52, whatever the stride.
    const bool ds = (g.bits == 12 && levels == 5) || (g.bits == 14 && levels == 4);
    const unsigned bits = std::min(g.bits + g.stride() * levels, ds || g.bits == 16 ? 52u : 48u);
    r.el10.SCTLR_EL1 = 0b101;
    r.el10.TCR_EL1 = (64 - bits) | g.tg0 << 14 | u64{6} << 32 | (ds ? bit(59) : 0);
    r.el10.MAIR_EL1 = 0xff;
    const u64 attributes = kAf | (ds ? 0 : kInner);
    r.el10.TTBR0_EL1 = ram.map(g, levels, 0, std::min(kMapped, bit(g.bits + g.stride())), attributes);
    return r;
}

void add_stage2(Ram& ram, const Granule& g, MmuRegisters& r) {
    const unsigned levels = (kStage2Bits - g.bits + g.stride() - 1) / g.stride();
    // VTCR_EL2.SL0 counts from another level with 4KB.
    const u64 sl0 = g.bits == 12 ? levels - 2 : levels - 1;
    r.el2.HCR_EL2 = 1;
    r.el2.VTCR_EL2 = (64 - kStage2Bits) | sl0 << 6 | g.tg0 << 14 | u64{5} << 16;
    r.el2.VTTBR_EL2 = ram.map(g, levels, kRam, kRamSize, kAf | kInner | kStage2Normal);
}

// All walks have to succeed, with as many reads as the row's name is about.
u64 run(const Row& row, const MmuFeatures& f, const DescriptorReader& reader, unsigned walks) {
    u64 sum = 0;
    u64 va = 0;
    for (unsigned i = 0; i < walks; ++i) {
        va = va * 0x5851'f42d'4c95'7f2d + 0x1405'7b7e'f767'814f;
        const Gva at{va >> 20 & row.va_mask};
        if (row.at) {
            const AtOperation operation = row.both ? AtOperation::S12E1R : AtOperation::S1E1R;
            const auto par = address_translate(operation, row.registers, f, false, at, reader);
            CHECK(par && (*par & 1) == 0);
            sum += *par;
        } else {
            const WalkResult result =
                walk(row.registers, f, Regime::El10, row.both ? Stages::Both : Stages::One, {}, at, reader);
            CHECK(result.has_value());
            sum += result->pa.value;
        }
    }
    return sum;
}

void count_reads(Row& row, const MmuFeatures& f, const DescriptorReader& reader) {
    const DescriptorReader counting = [&](Gpa address) {
        ++row.reads;
        return reader(address);
    };
    run(row, f, counting, 1);
}

// Of this thread, so that others on the machine count little.
double cpu_ns() {
    timespec now{};
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void measure(std::vector<Row>& rows, const MmuFeatures& f, const DescriptorReader& reader) {
    constexpr unsigned kRounds = 200;
    constexpr unsigned kWalks = 2000;
    volatile u64 sink = 0;
    for (unsigned round = 0; round < kRounds; ++round) {
        for (Row& row : rows) {
            const double begin = cpu_ns();
            sink = sink + run(row, f, reader, kWalks);
            row.ns.push_back((cpu_ns() - begin) / kWalks);
        }
    }
    for (Row& row : rows) std::ranges::sort(row.ns);
}

double median(const Row& row) {
    return row.ns[row.ns.size() / 2];
}

void report(const std::vector<Row>& rows) {
    std::printf("| granule | what | reads | ns | beyond the cheapest, per read | against the cheapest |\n");
    std::printf("|---|---|---|---|---|---|\n");
    const auto cheaper = [](const Row& a, const Row& b) { return median(a) < median(b); };
    const Row& cheapest = *std::ranges::min_element(rows, cheaper);
    for (const Row& row : rows) {
        const double per_read = row.reads == 0 ? 0 : (median(row) - median(cheapest)) / row.reads;
        std::printf("| %s | %s | %d | %.0f | %.0f | %.2f (%.2f) |\n", row.granule, row.name.c_str(),
                    row.reads, median(row), per_read, median(row) / median(cheapest),
                    row.ns[0] / cheapest.ns[0]);
    }
}

int main_program() {
    Ram ram;
    const DescriptorReader reader = guest_memory_reader(ram.memory());
    std::vector<Row> rows;
    rows.push_back(
        {.name = "stage 1 off", .granule = "-", .registers = {}, .va_mask = low_mask(20), .ns = {}});
    for (const Granule& g : kGranules) {
        const unsigned most = g.bits == 12 ? 5 : g.bits == 14 ? 4 : 3;
        const u64 va_mask = std::min(kMapped, bit(g.bits + g.stride())) - 1;
        const auto add = [&](std::string name, const MmuRegisters& r, bool at, bool both) {
            rows.push_back({.name = std::move(name),
                            .granule = g.name,
                            .registers = r,
                            .at = at,
                            .both = both,
                            .va_mask = va_mask,
                            .ns = {}});
        };
        MmuRegisters usual;
        for (unsigned levels = 1; levels <= most; ++levels) {
            const MmuRegisters r = stage1(ram, g, levels);
            add("stage 1, levels: " + std::to_string(levels), r, false, false);
            if (levels == std::min(most, 4u)) usual = r;
        }
        add("AT S1E1R with PAR_EL1", usual, true, false);
        add_stage2(ram, g, usual);
        add("both stages", usual, false, true);
        add("AT S12E1R with PAR_EL1", usual, true, true);
    }
    const MmuFeatures f = features();
    for (Row& row : rows) count_reads(row, f, reader);
    measure(rows, f, reader);
    report(rows);
    return 0;
}

}  // namespace
}  // namespace trapeze::mem

int main() {
    return trapeze::mem::main_program();
}
