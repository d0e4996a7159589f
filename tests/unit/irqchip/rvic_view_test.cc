// rVIC and rVID as monitors and reports show them.
#include "rvic_fixture.h"

namespace trapeze::irqchip::test {
namespace {

using testing::ElementsAre;

std::vector<std::string> lines_of(const std::vector<IrqView>& views) {
    std::vector<std::string> lines;
    for (const IrqView& view : views) lines.push_back(describe(view));
    return lines;
}

TEST(RvicView, AfterResetThereIsNothingToShow) {
    RvicBench b(1);
    const CpuView view = b.rvic.cpu_view(0);
    EXPECT_FALSE(view.irq);
    EXPECT_EQ(view.next, std::nullopt);
    EXPECT_EQ(view.details, "rVIC disabled");
    EXPECT_TRUE(view.irqs.empty());
    EXPECT_TRUE(b.rvic.shared_view().empty());
    EXPECT_EQ(b.rvic.name(), "rVIC");
}

TEST(RvicView, Interrupts) {
    RvicBench b(2);
    b.enable(1);
    b.unmask(kIpi, 1);
    b.signal(kIpi, 1);
    b.trusted_wire(kTimer, true, 1);
    b.signal(kUntrusted, 1);
    b.unmask(kUntrusted + 1, 1);
    CpuView view = b.rvic.cpu_view(1);
    EXPECT_TRUE(view.irq);
    EXPECT_EQ(view.next, kIpi);
    EXPECT_EQ(view.held_back, "");
    EXPECT_EQ(view.details, "rVIC enabled");
    EXPECT_THAT(lines_of(view.irqs), ElementsAre("INTID 3 (IPI 3): pending, enabled",
                                                 "INTID 27 (virtual timer): pending, not enabled, high",
                                                 "INTID 40: pending, not enabled", "INTID 41: enabled"));
    b.disable(1);
    view = b.rvic.cpu_view(1);
    EXPECT_FALSE(view.irq);
    EXPECT_EQ(view.next, kIpi);
    EXPECT_EQ(view.held_back, "the rVIC is disabled");
}

TEST(RvicView, Inputs) {
    RvicBench b(2);
    b.map(kInput, 1, kUntrusted);
    b.map(200, 0, 255);
    b.wire(kInput, true);
    b.wire(7, true);
    EXPECT_THAT(lines_of(b.rvic.shared_view()), ElementsAre("input 5: enabled, high, to INTID 40 of vCPU 1",
                                                            "input 7: not enabled, high, not mapped",
                                                            "input 200: enabled, to INTID 255 of vCPU 0"));
}

}  // namespace
}  // namespace trapeze::irqchip::test
