#include "records.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "trapeze/arch/translation.h"

namespace at {

namespace arch = trapeze::arch;

namespace {

mem::MmuFeatures features_of(const Header& h) {
    const mem::MmuIdRegisters id{.ID_AA64PFR0_EL1 = h.id[0],
                                 .ID_AA64PFR1_EL1 = h.id[1],
                                 .ID_AA64PFR2_EL1 = h.id[2],
                                 .ID_AA64ISAR1_EL1 = h.id[3],
                                 .ID_AA64ISAR2_EL1 = h.id[4],
                                 .ID_AA64MMFR0_EL1 = h.id[5],
                                 .ID_AA64MMFR1_EL1 = h.id[6],
                                 .ID_AA64MMFR2_EL1 = h.id[7],
                                 .ID_AA64MMFR3_EL1 = h.id[8],
                                 .ID_AA64MMFR4_EL1 = h.id[9]};
    return mem::MmuFeatures::from(id);
}

// Takes a T off the front of `words`.
template <typename T>
bool take(std::span<const u64>& words, T& value) {
    static_assert(sizeof(T) % sizeof(u64) == 0);
    if (words.size_bytes() < sizeof(T)) return false;
    std::memcpy(&value, words.data(), sizeof(T));
    words = words.subspan(sizeof(T) / sizeof(u64));
    return true;
}

}  // namespace

std::optional<RecordFile> read_records(const char* path) {
    RecordFile file;
    std::ifstream stream(path, std::ios::binary);
    if (!stream.read(reinterpret_cast<char*>(&file.header), sizeof(Header)) || file.header.magic != kMagic) {
        std::fprintf(stderr, "at_check: %s has no records\n", path);
        return std::nullopt;
    }
    if (file.header.bytes > kRecordsSize) {
        std::fprintf(stderr, "at_check: %s: the header is damaged\n", path);
        return std::nullopt;
    }
    file.words.resize(file.header.bytes / sizeof(u64));
    if (!stream.read(reinterpret_cast<char*>(file.words.data()),
                     static_cast<std::streamsize>(file.words.size() * sizeof(u64)))) {
        std::fprintf(stderr, "at_check: %s is truncated\n", path);
        return std::nullopt;
    }
    file.features = features_of(file.header);
    return file;
}

std::optional<CheckedCase> next_case(const RecordFile& file, std::span<const u64>& words) {
    Record record;
    if (!take(words, record) || record.operation >= mem::at_operations().size()) return std::nullopt;
    CheckedCase c{.features = file.features,
                  .number = record.number,
                  .operation = static_cast<mem::AtOperation>(record.operation),
                  .pan = record.pan != 0,
                  .exception = record.exception != 0,
                  .va = {record.va},
                  .result = record.result,
                  .registers = {},
                  .descriptors = {}};
    mem::El10Registers& r = c.registers.el10;
    r.SCTLR_EL1 = record.el1.sctlr;
    r.TCR_EL1 = record.el1.tcr;
    r.TTBR0_EL1 = record.el1.ttbr0;
    r.TTBR1_EL1 = record.el1.ttbr1;
    r.MAIR_EL1 = record.el1.mair;
    if (file.header.el != 1) {
        El2 el2;
        if (!take(words, el2)) return std::nullopt;
        mem::El2Registers& e = c.registers.el2;
        e.HCR_EL2 = el2.hcr;
        e.SCTLR_EL2 = el2.sctlr;
        e.TCR_EL2 = el2.tcr;
        e.TTBR0_EL2 = el2.ttbr0;
        e.TTBR1_EL2 = el2.ttbr1;
        e.MAIR_EL2 = el2.mair;
        e.VTCR_EL2 = el2.vtcr;
        e.VTTBR_EL2 = el2.vttbr;
    }
    for (unsigned i = 0; i < record.descriptors; ++i) {
        Descriptor descriptor;
        if (!take(words, descriptor)) return std::nullopt;
        c.descriptors[descriptor.address & ~u64{7}] = {
            .value = descriptor.value, .stage = static_cast<unsigned>(descriptor.address & 7)};
    }
    return c;
}

bool same_case(std::span<const u64> a, std::span<const u64> b) {
    Record left, right;
    if (!take(a, left) || !take(b, right)) return false;
    left.result = right.result = 0;
    left.exception = right.exception = 0;
    return std::memcmp(&left, &right, sizeof(Record)) == 0 && std::ranges::equal(a, b);
}

mem::DescriptorReader reader_of(const CheckedCase& c, bool* unknown) {
    return [&c, unknown](mem::Gpa address) -> std::optional<u64> {
        const u64 a = address.value;
        if (const auto found = c.descriptors.find(a); found != c.descriptors.end())
            return found->second.value;
        if (a >= kArena && a - kArena < kArenaSize) return 0;
        if (a >= kRam && a - kRam < kRamSize) {
            if (unknown != nullptr) *unknown = true;
            return 0;
        }
        return std::nullopt;
    };
}

Walk walk(const RecordFile& file, const CheckedCase& c) {
    bool unknown = false;
    const mem::WalkResult result =
        mem::walk_at(c.operation, c.registers, c.features, c.pan, c.va, reader_of(c, &unknown));
    return {.result = result,
            .par = mem::encode_par(result),
            .exception = mem::at_takes_exception(result, file.header.el == 1),
            .unknown = unknown};
}

u64 expected_esr(const Walk& walk) {
    constexpr u64 kDataAbortSameEl = 0x25, kIl = 1 << 25, kCm = 1 << 8, kWnr = 1 << 6;
    return kDataAbortSameEl << 26 | kIl | kCm | kWnr | arch::ParEl1::FST::get(walk.par);
}

const mem::AtOperationRow& row_of(const CheckedCase& c) {
    return mem::at_operations()[static_cast<std::size_t>(c.operation)];
}

void print_case(const Header& header, const CheckedCase& c) {
    const auto line = [](const char* name, u64 value) {
        std::printf("    %-10s %#018llx\n", name, static_cast<unsigned long long>(value));
    };
    std::printf("    %-10s %d\n", "PAN", c.pan);
    const mem::El10Registers& r = c.registers.el10;
    line("SCTLR_EL1", r.SCTLR_EL1);
    line("TCR_EL1", r.TCR_EL1);
    line("TTBR0_EL1", r.TTBR0_EL1);
    line("TTBR1_EL1", r.TTBR1_EL1);
    line("MAIR_EL1", r.MAIR_EL1);
    if (header.el != 1) {
        const mem::El2Registers& e = c.registers.el2;
        line("HCR_EL2", e.HCR_EL2);
        line("SCTLR_EL2", e.SCTLR_EL2);
        line("TCR_EL2", e.TCR_EL2);
        line("TTBR0_EL2", e.TTBR0_EL2);
        line("TTBR1_EL2", e.TTBR1_EL2);
        line("MAIR_EL2", e.MAIR_EL2);
        line("VTCR_EL2", e.VTCR_EL2);
        line("VTTBR_EL2", e.VTTBR_EL2);
    }
    for (const auto& [address, word] : c.descriptors)
        std::printf("    [%#llx] %#018llx, stage %u\n", static_cast<unsigned long long>(address),
                    static_cast<unsigned long long>(word.value), word.stage);
}

}  // namespace at
