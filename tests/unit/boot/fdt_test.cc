#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libfdt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "images.h"
#include "trapeze/boot/fdt_builder.h"
#include "trapeze/boot/machine_fdt.h"

namespace trapeze::boot {
namespace {

using namespace test;
using testing::ElementsAre;

// Reads a blob back with libfdt.
class Tree {
public:
    explicit Tree(Bytes blob) : blob_(std::move(blob)) {
        EXPECT_EQ(fdt_check_full(blob_.data(), blob_.size()), 0);
    }

    bool has_node(const char* path) const { return fdt_path_offset(blob_.data(), path) >= 0; }
    bool has(const char* path, const char* name) const {
        return fdt_getprop(blob_.data(), fdt_path_offset(blob_.data(), path), name, nullptr) != nullptr;
    }
    std::string bytes(const char* path, const char* name) const {
        int length = 0;
        const void* data = fdt_getprop(blob_.data(), fdt_path_offset(blob_.data(), path), name, &length);
        EXPECT_NE(data, nullptr) << path << " " << name;
        return data == nullptr ? ""
                               : std::string(static_cast<const char*>(data), static_cast<size_t>(length));
    }
    // A string property; checks that it is terminated once.
    std::string text(const char* path, const char* name) const {
        std::string value = bytes(path, name);
        EXPECT_EQ(value.find('\0'), value.size() - 1) << path << " " << name;
        if (!value.empty()) value.pop_back();
        return value;
    }
    std::vector<u32> cells(const char* path, const char* name) const {
        const std::string raw = bytes(path, name);
        EXPECT_EQ(raw.size() % 4, 0u);
        std::vector<u32> out;
        for (size_t i = 0; i + 4 <= raw.size(); i += 4) {
            u32 cell = 0;
            for (size_t j = 0; j < 4; ++j) cell = cell << 8 | static_cast<u8>(raw[i + j]);
            out.push_back(cell);
        }
        return out;
    }
    std::vector<std::string> children(const char* path) const {
        std::vector<std::string> names;
        int node = 0;
        fdt_for_each_subnode(node, blob_.data(), fdt_path_offset(blob_.data(), path)) {
            names.emplace_back(fdt_get_name(blob_.data(), node, nullptr));
        }
        return names;
    }

private:
    Bytes blob_;
};

std::string strings(std::initializer_list<std::string_view> values) {
    std::string out;
    for (const std::string_view value : values) out.append(value).push_back('\0');
    return out;
}

MachineFdt machine(unsigned vcpus = 1) {
    MachineFdt m;
    for (unsigned i = 0; i < vcpus; ++i) m.mpidrs.push_back(u64{1} << 31 | (i / 16) << 8 | i % 16);
    m.ram = ram_of(128 * kMiB);
    m.stdout_path = "/pl011@9000000";
    return m;
}

Tree build(const MachineFdt& m) {
    auto blob = build_machine_fdt(m);
    EXPECT_TRUE(blob) << error_of(blob);
    return Tree(std::move(blob).value());
}

TEST(FdtBuilder, WritesEveryKindOfProperty) {
    FdtBuilder fdt;
    fdt.begin_node("");
    fdt.property_empty("empty");
    fdt.property_u32("u32", 0x12345678);
    fdt.property_u64("u64", 0x123456789abcdef0);
    fdt.property_cells("cells", std::vector<u32>{1, 0xffffffff});
    fdt.property_string("string", "text");
    fdt.property_strings("strings", {"a", "", "bc"});
    fdt.property_bytes("bytes", Bytes{1, 0, 2});
    fdt.begin_node("child@1");
    fdt.property_reg(0x123456789, 0x200);
    fdt.end_node();
    fdt.end_node();
    const Tree tree(fdt.finish().value());
    EXPECT_EQ(tree.bytes("/", "empty"), "");
    EXPECT_THAT(tree.cells("/", "u32"), ElementsAre(0x12345678u));
    EXPECT_THAT(tree.cells("/", "u64"), ElementsAre(0x12345678u, 0x9abcdef0u));
    EXPECT_THAT(tree.cells("/", "cells"), ElementsAre(1u, 0xffffffffu));
    EXPECT_EQ(tree.text("/", "string"), "text");
    EXPECT_EQ(tree.bytes("/", "strings"), strings({"a", "", "bc"}));
    EXPECT_EQ(tree.bytes("/", "bytes"), std::string("\1\0\2", 3));
    EXPECT_THAT(tree.cells("/child@1", "reg"), ElementsAre(0x1u, 0x23456789u, 0u, 0x200u));
}

TEST(FdtBuilder, GrowsUpTo2MiB) {
    const auto build_with = [](size_t bytes) {
        FdtBuilder fdt;
        fdt.begin_node("");
        for (; bytes > 0; bytes -= std::min(bytes, size_t{100'000})) {
            fdt.property_bytes("filler", Bytes(std::min(bytes, size_t{100'000})));
        }
        fdt.end_node();
        return fdt.finish();
    };
    const auto large = build_with(2'000'000);
    ASSERT_TRUE(large) << error_of(large);
    EXPECT_LT(large->size(), 2'001'000u);  // no spare space
    EXPECT_TRUE(error_of(build_with(2'100'000)).starts_with("the device tree has more than 2 MiB"));
    EXPECT_EQ(error_of(build_with(100'000'000)), "the device tree has more than 2 MiB (at \"filler\")");
}

TEST(FdtBuilder, ReportsUnbalancedNodes) {
    FdtBuilder closed;
    closed.begin_node("");
    closed.end_node();
    closed.end_node();  // one too many
    EXPECT_TRUE(error_of(closed.finish()).starts_with("could not build the device tree: "));
    FdtBuilder open;
    open.begin_node("");
    EXPECT_TRUE(error_of(open.finish()).starts_with("could not build the device tree: "));
}

TEST(MachineFdt, DescribesQemusVirtMachine) {
    const Tree tree = build(machine());
    EXPECT_EQ(tree.text("/", "compatible"), "linux,dummy-virt");
    EXPECT_THAT(tree.cells("/", "#address-cells"), ElementsAre(2u));
    EXPECT_THAT(tree.cells("/", "#size-cells"), ElementsAre(2u));
    EXPECT_THAT(tree.cells("/", "interrupt-parent"), ElementsAre(static_cast<u32>(bus::Phandle::Gic)));
    EXPECT_TRUE(tree.has("/", "dma-coherent"));
    EXPECT_EQ(tree.text("/memory@40000000", "device_type"), "memory");
    EXPECT_THAT(tree.cells("/memory@40000000", "reg"), ElementsAre(0u, 0x40000000u, 0u, 0x08000000u));
    EXPECT_EQ(tree.text("/chosen", "stdout-path"), "/pl011@9000000");
    EXPECT_EQ(tree.text("/aliases", "serial0"), "/pl011@9000000");
    EXPECT_EQ(tree.text("/apb-pclk", "compatible"), "fixed-clock");
    EXPECT_THAT(tree.cells("/apb-pclk", "clock-frequency"), ElementsAre(24'000'000u));
    EXPECT_THAT(tree.cells("/apb-pclk", "phandle"),
                ElementsAre(static_cast<u32>(bus::Phandle::Apb24MhzClock)));
    EXPECT_FALSE(tree.has_node("/pmu"));
}

TEST(MachineFdt, GivesPsciItsConduit) {
    MachineFdt m = machine();
    EXPECT_EQ(build(m).bytes("/psci", "compatible"), strings({"arm,psci-1.0", "arm,psci-0.2", "arm,psci"}));
    EXPECT_EQ(build(m).text("/psci", "method"), "hvc");
    m.psci = PsciConduit::Smc;
    EXPECT_EQ(build(m).text("/psci", "method"), "smc");
}

// INTIDs 29, 30, 27, 26 and 23, level-sensitive, as PPI numbers.
TEST(MachineFdt, NamesTheInterruptsOfTimerAndPmu) {
    MachineFdt m = machine();
    m.has_pmu = true;
    EXPECT_EQ(build(m).bytes("/timer", "compatible"), strings({"arm,armv8-timer", "arm,armv7-timer"}));
    EXPECT_THAT(build(m).cells("/timer", "interrupts"),
                ElementsAre(1u, 13u, 4u, 1u, 14u, 4u, 1u, 11u, 4u, 1u, 10u, 4u));
    EXPECT_TRUE(build(m).has("/timer", "always-on"));
    EXPECT_EQ(build(m).text("/pmu", "compatible"), "arm,armv8-pmuv3");
    EXPECT_THAT(build(m).cells("/pmu", "interrupts"), ElementsAre(1u, 7u, 4u));
    m.interrupts.ppi_cpu_mask = 0x0f;  // arm,gic-400 with four CPUs
    EXPECT_THAT(build(m).cells("/pmu", "interrupts"), ElementsAre(1u, 7u, 0xf04u));
}

TEST(MachineFdt, NumbersCpusByAffinity) {
    const Tree tree = build(machine(18));
    EXPECT_EQ(tree.children("/cpus").size(), 18u);
    EXPECT_THAT(tree.cells("/cpus", "#address-cells"), ElementsAre(1u));
    EXPECT_THAT(tree.cells("/cpus", "#size-cells"), ElementsAre(0u));
    EXPECT_THAT(tree.cells("/cpus/cpu@f", "reg"), ElementsAre(0xfu));
    EXPECT_THAT(tree.cells("/cpus/cpu@101", "reg"), ElementsAre(0x101u));
    EXPECT_EQ(tree.text("/cpus/cpu@0", "device_type"), "cpu");
    EXPECT_EQ(tree.text("/cpus/cpu@0", "compatible"), "arm,armv8");
    EXPECT_EQ(tree.text("/cpus/cpu@0", "enable-method"), "psci");
}

TEST(MachineFdt, UsesTwoCellsForAff3) {
    MachineFdt m = machine(1);
    m.mpidrs.push_back(0x1'c1020304);  // Aff3 = 1; U and MT are not part of the affinity
    const Tree tree = build(m);
    EXPECT_THAT(tree.cells("/cpus", "#address-cells"), ElementsAre(2u));
    EXPECT_THAT(tree.cells("/cpus/cpu@0", "reg"), ElementsAre(0u, 0u));
    EXPECT_THAT(tree.cells("/cpus/cpu@100020304", "reg"), ElementsAre(1u, 0x020304u));
}

TEST(MachineFdt, TellsTheKernelWhatItWasGiven) {
    MachineFdt m = machine();
    EXPECT_FALSE(build(m).has("/chosen", "bootargs"));
    EXPECT_FALSE(build(m).has("/chosen", "linux,initrd-start"));
    m.bootargs = "console=ttyAMA0 quiet";
    m.initrd = {mem::Gpa{0x148000000}, 0x123};
    const Tree tree = build(m);
    EXPECT_EQ(tree.text("/chosen", "bootargs"), "console=ttyAMA0 quiet");
    EXPECT_THAT(tree.cells("/chosen", "linux,initrd-start"), ElementsAre(1u, 0x48000000u));
    EXPECT_THAT(tree.cells("/chosen", "linux,initrd-end"), ElementsAre(1u, 0x48000123u));
}

TEST(MachineFdt, HasFreshSeedsUnlessToldOtherwise) {
    MachineFdt m = machine();
    const Tree first = build(m), second = build(m);
    EXPECT_EQ(first.bytes("/chosen", "rng-seed").size(), 32u);
    EXPECT_EQ(first.bytes("/chosen", "kaslr-seed").size(), 8u);
    EXPECT_NE(first.bytes("/chosen", "rng-seed"), second.bytes("/chosen", "rng-seed"));
    EXPECT_NE(first.bytes("/chosen", "kaslr-seed"), second.bytes("/chosen", "kaslr-seed"));
    m.randomness = false;
    EXPECT_FALSE(build(m).has("/chosen", "rng-seed"));
    EXPECT_FALSE(build(m).has("/chosen", "kaslr-seed"));
    EXPECT_EQ(build_machine_fdt(m).value(), build_machine_fdt(m).value());
}

TEST(MachineFdt, AsksDevicesToDescribeThemselves) {
    MachineFdt m = machine();
    for (const char* name : {"intc@8000000", "pl011@9000000"}) {
        m.devices.push_back([name](bus::FdtWriter& fdt) {
            fdt.begin_node(name);
            fdt.property_string("compatible", name);
            fdt.end_node();
        });
    }
    EXPECT_EQ(build(m).text("/pl011@9000000", "compatible"), "pl011@9000000");
    EXPECT_TRUE(build(m).has_node("/intc@8000000"));
}

TEST(MachineFdt, HasRoomFor512Cpus) {
    EXPECT_EQ(build(machine(512)).children("/cpus").size(), 512u);
}

// A board's own tree, as -dtb gives it.
Bytes user_tree(u32 address_cells = 2, u32 size_cells = 2) {
    FdtBuilder fdt;
    fdt.begin_node("");
    fdt.property_string("model", "board");
    fdt.property_u32("#address-cells", address_cells);
    fdt.property_u32("#size-cells", size_cells);
    for (const char* name : {"memory", "memory@80000000", "memory-controller@1", "device@2"}) {
        fdt.begin_node(name);
        fdt.property_u32("old", 1);
        fdt.begin_node("memory");
        fdt.end_node();
        fdt.end_node();
    }
    fdt.end_node();
    return fdt.finish().value();
}

TEST(UserFdt, GetsMemoryAndChosen) {
    MachineFdt m = machine();
    m.bootargs = std::string(3000, 'x');
    m.initrd = {mem::Gpa{0x48000000}, 0x1000};
    const auto first = adjust_user_fdt(user_tree(), m);
    ASSERT_TRUE(first) << error_of(first);
    const Tree tree(*first);
    EXPECT_EQ(tree.text("/", "model"), "board");
    EXPECT_FALSE(tree.has_node("/cpus"));
    const auto children = tree.children("/");
    EXPECT_THAT(children, testing::UnorderedElementsAre("memory@40000000", "memory-controller@1", "device@2",
                                                        "chosen"));
    EXPECT_TRUE(tree.has_node("/device@2/memory"));
    EXPECT_EQ(tree.text("/memory@40000000", "device_type"), "memory");
    EXPECT_THAT(tree.cells("/memory@40000000", "reg"), ElementsAre(0u, 0x40000000u, 0u, 0x08000000u));
    EXPECT_EQ(tree.text("/chosen", "bootargs"), m.bootargs);
    EXPECT_THAT(tree.cells("/chosen", "linux,initrd-end"), ElementsAre(0u, 0x48001000u));
    EXPECT_EQ(tree.bytes("/chosen", "rng-seed").size(), 32u);
    const auto second = adjust_user_fdt(user_tree(), m);
    EXPECT_NE(*first, *second);
    EXPECT_EQ(first->size(), second->size());
    m.randomness = false;
    EXPECT_FALSE(Tree(adjust_user_fdt(user_tree(), m).value()).has("/chosen", "rng-seed"));
}

TEST(UserFdt, CanBeATreeOfOurOwn) {
    MachineFdt m = machine(4);
    m.bootargs = "old";
    const Bytes dumped = build_machine_fdt(m).value();
    m.bootargs = "new and longer";
    m.ram.size = 2 * kGiB;
    const Tree tree(adjust_user_fdt(dumped, m).value());
    EXPECT_EQ(tree.text("/chosen", "bootargs"), "new and longer");
    EXPECT_EQ(tree.text("/chosen", "stdout-path"), "/pl011@9000000");
    EXPECT_THAT(tree.cells("/memory@40000000", "reg"), ElementsAre(0u, 0x40000000u, 0u, 0x80000000u));
    // Without -append the tree's own command line stays.
    m.bootargs = "";
    EXPECT_EQ(Tree(adjust_user_fdt(dumped, m).value()).text("/chosen", "bootargs"), "old");
}

TEST(UserFdt, MayHaveOneCellSizes) {
    MachineFdt m = machine();
    const Tree tree(adjust_user_fdt(user_tree(1, 1), m).value());
    EXPECT_THAT(tree.cells("/memory@40000000", "reg"), ElementsAre(0x40000000u, 0x08000000u));
    m.ram.size = 8 * kGiB;
    EXPECT_EQ(error_of(adjust_user_fdt(user_tree(1, 1), m)),
              "its root has one cell for addresses or sizes, too few for memory of 0x200000000");
    EXPECT_EQ(error_of(adjust_user_fdt(user_tree(3, 2), m)),
              "the #address-cells of its root is neither 1 nor 2");
    EXPECT_EQ(error_of(adjust_user_fdt(user_tree(2, 0), m)),
              "the #size-cells of its root is neither 1 nor 2");
}

TEST(UserFdt, MustBeValid) {
    const Bytes good = user_tree();
    EXPECT_EQ(error_of(adjust_user_fdt({}, machine())), "it is not a valid device tree");
    EXPECT_EQ(error_of(adjust_user_fdt(noise(10'000), machine())), "it is not a valid device tree");
    for (size_t size = 1; size < good.size(); ++size) {
        EXPECT_EQ(error_of(adjust_user_fdt(std::span(good).first(size), machine())),
                  "it is not a valid device tree");
    }
    EXPECT_EQ(error_of(adjust_user_fdt(Bytes(2 * kMiB + 1), machine())), "it has more than 2 MiB");
}

TEST(UserFdt, SurvivesCorruption) {
    MachineFdt m = machine();
    m.bootargs = "console=ttyAMA0";
    m.initrd = {mem::Gpa{0x48000000}, 0x1000};
    const Bytes seeds[] = {user_tree(), build_machine_fdt(m).value()};
    u64 state = 1;
    const auto random = [&](u64 below) {
        state = state * 6364136223846793005 + 1442695040888963407;
        return (state >> 16) % below;
    };
    unsigned accepted = 0, refused = 0;
    for (unsigned i = 0; i < 10'000; ++i) {
        Bytes blob = seeds[i % 2];
        for (u64 flips = 1 + random(3); flips > 0; --flips) {
            const size_t where = random(3) == 0 ? random(40) : random(blob.size());
            blob[where] = static_cast<u8>(random(2) ? random(256) : random(16));
        }
        const auto adjusted = adjust_user_fdt(blob, m);
        if (adjusted) {
            EXPECT_EQ(fdt_check_full(adjusted->data(), adjusted->size()), 0);
        }
        ++(adjusted ? accepted : refused);
    }
    EXPECT_GT(accepted, 100u);
    EXPECT_GT(refused, 100u);
}

TEST(DumpFdt, WritesTheWholeTreeOrNothing) {
    const Bytes blob = build_machine_fdt(machine()).value();
    const TestFile file(noise(100'000));
    ASSERT_TRUE(dump_fdt(blob, file.path()));
    std::ifstream stream(file.path(), std::ios::binary);
    EXPECT_EQ(Bytes(std::istreambuf_iterator<char>(stream), {}), blob);
    EXPECT_EQ(
        error_of(dump_fdt(blob, "/nonexistent/x.dtb")),
        "could not dump the device tree to '/nonexistent/x.dtb': could not create the file: No such file or "
        "directory");
    EXPECT_EQ(
        error_of(dump_fdt(blob, "/dev/full")),
        "could not dump the device tree to '/dev/full': could not write the file: No space left on device");
    EXPECT_EQ(access("/dev/full", F_OK), 0);
}

}  // namespace
}  // namespace trapeze::boot
