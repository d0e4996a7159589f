#include "trapeze/boot/boot_plan.h"

#include <gtest/gtest.h>
#include <libfdt.h>

#include "byte_source.h"
#include "images.h"
#include "kernel_image.h"

namespace trapeze::boot {
namespace {

using namespace test;

class BootPlanTest : public testing::Test {
protected:
    static MachineFdt machine(u64 ram_bytes = 128 * kMiB) {
        MachineFdt m;
        m.mpidrs = {0};
        m.ram = ram_of(ram_bytes);
        m.bootargs = "console=ttyAMA0";
        return m;
    }
    void SetUp() override { ASSERT_TRUE(memory_.add_ram(ram_of(128 * kMiB))); }

    Bytes read(mem::Gpa address, u64 bytes) const {
        Bytes out(bytes);
        EXPECT_TRUE(memory_.read(address, out));
        return out;
    }
    std::string property(const BootPlan& plan, const char* name) const {
        const Bytes blob = read(plan.layout().dtb.base, plan.layout().dtb.size);
        EXPECT_EQ(fdt_check_full(blob.data(), blob.size()), 0);
        int length = 0;
        const void* data = fdt_getprop(blob.data(), fdt_path_offset(blob.data(), "/chosen"), name, &length);
        return data == nullptr ? ""
                               : std::string(static_cast<const char*>(data), static_cast<size_t>(length));
    }

    mem::GuestMemory memory_;
};

TEST_F(BootPlanTest, WritesEverythingToItsPlaceAtEveryReset) {
    const Bytes image = arm64_image(0, 2 * kMiB, kMiB);
    const Bytes cpio = noise(300'001, 5);
    const TestFile kernel(gzip(image)), initrd(cpio);
    auto plan = BootPlan::make({kernel.path(), initrd.path(), ""}, machine());
    ASSERT_TRUE(plan) << error_of(plan);
    const BootLayout layout = plan->layout();
    EXPECT_EQ(layout.entry.value, 0x40200000u);
    EXPECT_EQ(layout.initrd->base.value, 0x44000000u);
    EXPECT_EQ(layout.initrd->size, cpio.size());
    EXPECT_EQ(layout.dtb.base.value, 0x44200000u);

    std::string last_seed;
    for (int boot = 0; boot < 3; ++boot) {
        ASSERT_TRUE(memory_.write(mem::Gpa{kRamBase}, Bytes(80 * kMiB, 0xcc)));
        const auto written = plan->write_to(memory_);
        ASSERT_TRUE(written) << error_of(written);
        EXPECT_EQ(read(layout.kernel.base, image.size()), image);
        EXPECT_EQ(read(layout.initrd->base, cpio.size()), cpio);
        EXPECT_EQ(property(*plan, "bootargs"), std::string("console=ttyAMA0\0", 16));
        EXPECT_EQ(property(*plan, "linux,initrd-start"), std::string("\0\0\0\0\x44\0\0\0", 8));
        EXPECT_EQ(property(*plan, "linux,initrd-end"), std::string("\0\0\0\0\x44\x04\x93\xe1", 8));
        EXPECT_NE(property(*plan, "rng-seed"), last_seed);
        last_seed = property(*plan, "rng-seed");
    }
}

TEST_F(BootPlanTest, ExplainsWhatIsWrongWithAFileInOneLine) {
    const TestFile kernel(arm64_image(0, 2 * kMiB, kMiB));
    const TestFile garbage(Bytes(4096));
    const TestFile large(Bytes(100 * kMiB));
    EXPECT_EQ(error_of(BootPlan::make({}, machine())), "no kernel given (-kernel FILE)");
    EXPECT_EQ(
        error_of(BootPlan::make({"/nonexistent/Image", "", ""}, machine())),
        "could not load kernel '/nonexistent/Image': could not open the file: No such file or directory");
    EXPECT_EQ(
        error_of(BootPlan::make({garbage.path(), "", ""}, machine())),
        "could not load kernel '" + garbage.path() + "': it is not in a known format and not a program");
    EXPECT_EQ(
        error_of(BootPlan::make({kernel.path(), "/nonexistent/initrd", ""}, machine())),
        "could not load initrd '/nonexistent/initrd': could not open the file: No such file or directory");
    EXPECT_EQ(
        error_of(BootPlan::make({kernel.path(), large.path(), ""}, machine(64 * kMiB))),
        "could not load initrd '" + large.path() +
            "': its 100 MiB do not fit into memory: 64 MiB at 0x40000000, of which the kernel takes 2 MiB at "
            "0x40200000");
    EXPECT_EQ(error_of(BootPlan::make({kernel.path(), "", ""}, machine(2 * kMiB))),
              "could not load kernel '" + kernel.path() +
                  "': it needs 2 MiB of memory from 0x40200000 on, but guest memory is 2 MiB at 0x40000000");
    EXPECT_EQ(error_of(BootPlan::make({kernel.path(), "", garbage.path()}, machine())),
              "could not load device tree '" + garbage.path() + "': it is not a valid device tree");
    EXPECT_EQ(error_of(BootPlan::make({kernel.path(), "", large.path()}, machine())),
              "could not load device tree '" + large.path() + "': it has more than 2 MiB");
}

TEST_F(BootPlanTest, RefusesToRebootWithAChangedFile) {
    const Bytes image = arm64_image(0, 2 * kMiB, kMiB);
    const TestFile kernel(image), initrd(noise(1000));
    auto plan = BootPlan::make({kernel.path(), initrd.path(), ""}, machine());
    ASSERT_TRUE(plan);
    ASSERT_TRUE(plan->write_to(memory_));
    initrd.write(noise(999));
    EXPECT_EQ(error_of(plan->write_to(memory_)), "could not load initrd '" + initrd.path() +
                                                     "': the file has changed since the machine was started");
}

TEST_F(BootPlanTest, UsesTheUsersDeviceTree) {
    const TestFile kernel(arm64_image(0, 2 * kMiB, kMiB));
    MachineFdt board = machine();
    board.bootargs = "from the board";
    board.stdout_path = "/uart";
    const TestFile dtb(build_machine_fdt(board).value());
    MachineFdt m = machine();
    m.bootargs = "";
    auto plan = BootPlan::make({kernel.path(), "", dtb.path()}, m);
    ASSERT_TRUE(plan) << error_of(plan);
    ASSERT_TRUE(plan->write_to(memory_));
    EXPECT_EQ(property(*plan, "bootargs"), std::string("from the board\0", 15));
    EXPECT_EQ(property(*plan, "stdout-path"), std::string("/uart\0", 6));
    EXPECT_EQ(plan->device_tree()->size(), plan->layout().dtb.size);
}

TEST_F(BootPlanTest, GivesAnElfItsDeviceTreeAtTheStartOfRam) {
    const TestFile kernel(elf(0x40080000, {{0x40080000, 0x40080000, 0x1000, 0x1000, 0x1000}}, 0x2000));
    auto plan = BootPlan::make({kernel.path(), "", ""}, machine());
    ASSERT_TRUE(plan) << error_of(plan);
    EXPECT_EQ(plan->layout().entry.value, 0x40080000u);
    EXPECT_EQ(plan->layout().dtb.base.value, 0x40000000u);
    ASSERT_TRUE(plan->write_to(memory_));
    EXPECT_EQ(property(*plan, "bootargs"), std::string("console=ttyAMA0\0", 16));
}

TEST_F(BootPlanTest, RunsAFlatProgramInTwoMegabytes) {
    Bytes program = noise(4096);
    store<u32>(program, 0, 0xd503205f);  // wfe
    const TestFile kernel(program);
    auto plan = BootPlan::make({kernel.path(), "", ""}, machine(2 * kMiB));
    ASSERT_TRUE(plan) << error_of(plan);
    EXPECT_EQ(plan->layout().entry.value, 0x40080000u);
    EXPECT_TRUE(plan->write_to(memory_));
}

}  // namespace
}  // namespace trapeze::boot
