#include "cpu.h"

using namespace guest;

namespace {

struct Feature {
    const char* name;
    Encoding id;  // the ID register and the field's lowest bit
    unsigned low;
    u64 least;
    u64 except;  // a value that means absence although it is not less
    Encoding reg;
};

constexpr Encoding kPfr0{3, 0, 0, 4, 0};
constexpr Encoding kPfr1{3, 0, 0, 4, 1};
constexpr Encoding kDfr0{3, 0, 0, 5, 0};
constexpr Encoding kMmfr1{3, 0, 0, 7, 1};
constexpr Encoding kMmfr2{3, 0, 0, 7, 2};
constexpr Encoding kMmfr3{3, 0, 0, 7, 3};

constexpr Feature kFeatures[] = {
    {"LORID_EL1", kMmfr1, 16, 1, 99, {3, 0, 10, 4, 7}}, {"LORC_EL1", kMmfr1, 16, 1, 99, {3, 0, 10, 4, 3}},
    {"ERRIDR_EL1", kPfr0, 28, 1, 99, {3, 0, 5, 3, 0}},  {"DISR_EL1", kPfr0, 28, 1, 99, {3, 0, 12, 1, 1}},
    {"AMCR_EL0", kPfr0, 44, 1, 99, {3, 3, 13, 2, 0}},   {"ZCR_EL1", kPfr0, 32, 1, 99, {3, 0, 1, 2, 0}},
    {"DIT", kPfr0, 48, 1, 99, {3, 3, 4, 2, 5}},         {"GCR_EL1", kPfr1, 8, 2, 99, {3, 0, 1, 0, 6}},
    {"PMCR_EL0", kDfr0, 8, 1, 15, {3, 3, 9, 12, 0}},    {"PMCNTENSET_EL0", kDfr0, 8, 1, 15, {3, 3, 9, 12, 1}},
    {"PMSIDR_EL1", kDfr0, 32, 1, 99, {3, 0, 9, 9, 7}},  {"TRCIDR0", kDfr0, 4, 1, 99, {2, 1, 0, 8, 7}},
    {"TRFCR_EL1", kDfr0, 40, 1, 99, {3, 0, 1, 2, 1}},   {"TRBIDR_EL1", kDfr0, 44, 1, 99, {3, 0, 9, 11, 7}},
    {"PAN", kMmfr1, 20, 1, 99, {3, 0, 4, 2, 3}},        {"UAO", kMmfr2, 4, 1, 99, {3, 0, 4, 2, 4}},
    {"TCR2_EL1", kMmfr3, 0, 1, 99, {3, 0, 2, 0, 3}},
};

}  // namespace

// A register of an optional feature reads without an exception if the ID register says that the feature is
// there, and is UNDEFINED otherwise. ACTLR_EL1 always exists.
TEST(registers_agree_with_id) {
    u64 value = 0;
    WRITE_SYSREG(CPACR_EL1, 3 << 24 | 3 << 20 | 3 << 16);  // no traps of SME, FP and SVE to EL1
    isb();
    EXPECT(!try_read(Encoding(3, 0, 1, 0, 1), value).taken);
    EXPECT(!try_write(Encoding(3, 0, 1, 0, 1), value).taken);
    for (const Feature& feature : kFeatures) {
        u64 id = 0;
        EXPECT(!try_read(feature.id, id).taken);
        const u64 level = field(id, feature.low + 3, feature.low);
        const bool present = level >= feature.least && level != feature.except;
        const Caught caught = try_read(feature.reg, value);
        if (caught.taken == present) note(feature.name, level);
        if (present) {
            EXPECT(!caught.taken);
        } else {
            EXPECT_UNDEFINED(caught, execute_address());
        }
    }
}
