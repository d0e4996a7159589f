#include "trapeze/devices/pvpanic.h"

#include "devices/fakes.h"

namespace trapeze::devices {
namespace {

class PvpanicTest : public testing::Test {
protected:
    std::vector<PvpanicEvent> events;
    Pvpanic device{[this](PvpanicEvent event) { events.push_back(event); }};
};

TEST_F(PvpanicTest, ReadingTellsTheKnownEvents) {
    EXPECT_EQ(device.mmio_read({0, 1, 0}), 3u);
    EXPECT_EQ(device.mmio_read({1, 1, 0}), 0u);
    EXPECT_EQ(device.mmio_read({0, 2, 0}), 0u);
    EXPECT_TRUE(events.empty());
}

TEST_F(PvpanicTest, EachEventIsReported) {
    device.mmio_write({0, 1, 0}, 1);
    device.mmio_write({0, 1, 0}, 2);
    EXPECT_EQ(events, (std::vector{PvpanicEvent::Panicked, PvpanicEvent::CrashLoaded}));
}

TEST_F(PvpanicTest, APanicCountsMoreThanACrashKernel) {
    device.mmio_write({0, 1, 0}, 3);
    EXPECT_EQ(events, std::vector{PvpanicEvent::Panicked});
}

TEST_F(PvpanicTest, UnknownEventsAndOtherAccessesReportNothing) {
    device.mmio_write({0, 1, 0}, 0);
    device.mmio_write({0, 1, 0}, 0xfc);
    device.mmio_write({1, 1, 0}, 1);
    device.mmio_write({0, 4, 0}, 1);
    EXPECT_TRUE(events.empty());
    walk(device);
    for (const PvpanicEvent event : events) EXPECT_EQ(event, PvpanicEvent::Panicked);
}

TEST_F(PvpanicTest, NodeIsWhatTheDriverBindsTo) {
    FakeFdt fdt;
    Pvpanic::describe(fdt, 0x90f0000);
    EXPECT_EQ(fdt.text,
              "pvpanic-mmio@90f0000 {\n"
              "  compatible = \"qemu,pvpanic-mmio\"\n"
              "  reg = <0x0 0x90f0000 0x0 0x2>\n"
              "}\n");
}

}  // namespace
}  // namespace trapeze::devices
