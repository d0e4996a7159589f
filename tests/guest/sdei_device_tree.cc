// only: trapeze
#include "fdt.h"
#include "sdei.h"

using namespace guest;

// What Linux's driver finds it by; both conduits are answered.
TEST(sdei_device_tree) {
    sdei::require();
    EXPECT(fdt::find("sdei", "compatible").has_string("arm,sdei-1.0"));
    EXPECT(fdt::find("sdei", "method").has_string("hvc"));
    const u64 version = smccc::hvc(sdei::kVersion).x[0];
    EXPECT_EQ(smccc::smc(sdei::kVersion).x[0], version);
    EXPECT_EQ(field(version, 63, 32), 0x0001'0001);
    EXPECT_EQ(field(version, 31, 0), 0x7472'707a);  // "trpz"
}
