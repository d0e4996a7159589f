#include "irqchip_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trapeze::machine {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr accel::IrqchipSupport kTrapHarder{.forwards_gicv3_registers = true, .forwards_calls = true};
constexpr accel::IrqchipSupport kGicv3Host{.forwards_calls = true, .gicv3 = true, .its = true};
constexpr accel::IrqchipSupport kGicv2Host{.forwards_calls = true, .gicv2 = true};
constexpr accel::IrqchipSupport kOldHost{.gicv2 = true, .gicv3 = true};  // before Linux 6.4

struct Request {
    AccelKind accel = AccelKind::Kvm;
    OnOffAuto kernel_irqchip = OnOffAuto::Auto;
    GicVersion gic = GicVersion::Auto;
    bool rvic = false;
    OnOffAuto its = OnOffAuto::Auto;
    unsigned vcpus = 4;
    OnOffAuto sdei = OnOffAuto::Auto;
};

Result<IrqchipChoice> choose(const Request& r, const accel::IrqchipSupport& support) {
    return choose_irqchip({.gic = r.gic, .rvic = r.rvic, .its = r.its, .sdei = r.sdei},
                          {.kind = r.accel, .kernel_irqchip = r.kernel_irqchip}, support, r.vcpus);
}

IrqchipKind kind(const Request& r, const accel::IrqchipSupport& support) {
    const auto choice = choose(r, support);
    EXPECT_TRUE(choice) << choice.error().message();
    return choice ? choice->kind : IrqchipKind{};
}

std::string error(const Request& r, const accel::IrqchipSupport& support) {
    const auto choice = choose(r, support);
    EXPECT_FALSE(choice);
    return choice ? "" : choice.error().message();
}

TEST(IrqchipChoice, TrapHarderHasTheBestThatIsEmulatedHere) {
    const auto trap_harder = [](GicVersion gic) { return Request{.accel = AccelKind::TrapHarder, .gic = gic}; };
    EXPECT_EQ(kind(trap_harder(GicVersion::Auto), kTrapHarder), IrqchipKind::Gicv3);
    EXPECT_EQ(kind(trap_harder(GicVersion::Max), kTrapHarder), IrqchipKind::Gicv3);
    EXPECT_EQ(kind(trap_harder(GicVersion::V3), kTrapHarder), IrqchipKind::Gicv3);
    EXPECT_EQ(kind(trap_harder(GicVersion::V2), kTrapHarder), IrqchipKind::Gicv2);
}

TEST(IrqchipChoice, TrapHarderOnAHostWithoutGicv3) {
    constexpr accel::IrqchipSupport kNoRegisters{.forwards_calls = true};
    EXPECT_EQ(kind({.accel = AccelKind::TrapHarder}, kNoRegisters), IrqchipKind::Gicv2);
    EXPECT_THAT(error({.accel = AccelKind::TrapHarder, .gic = GicVersion::V3}, kNoRegisters),
                AllOf(HasSubstr("no GICv3"), HasSubstr("use gic-version=2")));
    EXPECT_THAT(error({.accel = AccelKind::TrapHarder, .vcpus = 9}, kNoRegisters), HasSubstr("8 vCPUs"));
}

TEST(IrqchipChoice, KvmHasTheKernelsByDefault) {
    EXPECT_EQ(kind({}, kGicv3Host), IrqchipKind::KernelGicv3);
    EXPECT_EQ(kind({}, kGicv2Host), IrqchipKind::KernelGicv2);
    EXPECT_EQ(kind({.gic = GicVersion::V2}, kOldHost), IrqchipKind::KernelGicv2);
    EXPECT_EQ(kind({.gic = GicVersion::Max}, kOldHost), IrqchipKind::KernelGicv3);
    EXPECT_EQ(kind({}, {.forwards_calls = true}), IrqchipKind::Gicv2) << "none in the kernel";
}

TEST(IrqchipChoice, KernelIrqchipOffIsAGicv2) {
    EXPECT_EQ(kind({.kernel_irqchip = OnOffAuto::Off}, kGicv3Host), IrqchipKind::Gicv2);
    EXPECT_EQ(kind({.kernel_irqchip = OnOffAuto::Off, .gic = GicVersion::Max}, kGicv3Host), IrqchipKind::Gicv2);
    EXPECT_THAT(error({.kernel_irqchip = OnOffAuto::Off, .gic = GicVersion::V3}, kGicv3Host),
                AllOf(HasSubstr("trap-harder"), HasSubstr("gic-version=2"), HasSubstr("kernel-irqchip=on")));
    EXPECT_THAT(error({.kernel_irqchip = OnOffAuto::Off}, kOldHost),
                AllOf(HasSubstr("Linux 6.4"), HasSubstr("use kernel-irqchip=on")));
    EXPECT_THAT(error({.kernel_irqchip = OnOffAuto::Off, .vcpus = 9}, kGicv3Host),
                AllOf(HasSubstr("8 vCPUs"), HasSubstr("kernel-irqchip=on"), HasSubstr("irqchip=rvic")));
}

TEST(IrqchipChoice, WhatTheHostDoesNotHaveIsNamed) {
    EXPECT_THAT(error({.gic = GicVersion::V3}, kGicv2Host), HasSubstr("use gic-version=2"));
    EXPECT_THAT(error({.gic = GicVersion::V2}, kGicv3Host),
                AllOf(HasSubstr("gic-version=3"), HasSubstr("kernel-irqchip=off")));
    EXPECT_THAT(error({.kernel_irqchip = OnOffAuto::On}, {.forwards_calls = true}),
                HasSubstr("use kernel-irqchip=off"));
    EXPECT_THAT(error({.vcpus = 9}, kGicv2Host), HasSubstr("gic-version=3"));
}

TEST(IrqchipChoice, Rvic) {
    const Request rvic{.rvic = true, .vcpus = 32};
    EXPECT_EQ(kind(rvic, kGicv3Host), IrqchipKind::Rvic);
    EXPECT_EQ(kind(rvic, kGicv2Host), IrqchipKind::Rvic);
    EXPECT_EQ(kind({.accel = AccelKind::TrapHarder, .rvic = true}, kTrapHarder), IrqchipKind::Rvic);
    EXPECT_EQ(kind({.kernel_irqchip = OnOffAuto::Off, .rvic = true}, kGicv3Host), IrqchipKind::Rvic);
    EXPECT_THAT(error({.kernel_irqchip = OnOffAuto::On, .rvic = true}, kGicv3Host),
                HasSubstr("use kernel-irqchip=off"));
    EXPECT_THAT(error({.gic = GicVersion::V3, .rvic = true}, kGicv3Host), HasSubstr("leave out gic-version"));
    EXPECT_THAT(error(rvic, kOldHost), AllOf(HasSubstr("Linux 6.4"), HasSubstr("gic-version=max")));
}

TEST(IrqchipChoice, TheItsComesWithTheKernelsGicv3) {
    const auto its = [](const Request& r, const accel::IrqchipSupport& support) {
        const auto choice = choose(r, support);
        return choice && choice->its;
    };
    EXPECT_TRUE(its({}, kGicv3Host));
    EXPECT_TRUE(its({.its = OnOffAuto::On}, kGicv3Host));
    EXPECT_FALSE(its({.its = OnOffAuto::Off}, kGicv3Host));
    EXPECT_FALSE(its({}, kOldHost)) << "the host has none";
    EXPECT_FALSE(its({.accel = AccelKind::TrapHarder}, kTrapHarder));
    EXPECT_THAT(error({.its = OnOffAuto::On}, kOldHost), HasSubstr("use its=off"));
    EXPECT_THAT(error({.its = OnOffAuto::On}, kGicv2Host), HasSubstr("use gic-version=3"));
    EXPECT_THAT(error({.accel = AccelKind::TrapHarder, .its = OnOffAuto::On}, kTrapHarder),
                HasSubstr("kernel-irqchip=on"));
    EXPECT_THAT(error({.rvic = true, .its = OnOffAuto::On}, kGicv3Host), HasSubstr("kernel-irqchip=on"));
}

// Only where the calls come here can they be answered here.
TEST(SdeiChoice, FollowsTheCalls) {
    const auto sdei = [](const Request& r, const accel::IrqchipSupport& support) {
        const auto choice = choose(r, support);
        EXPECT_TRUE(choice) << choice.error().message();
        return choice && choice->sdei;
    };
    EXPECT_TRUE(sdei({.accel = AccelKind::TrapHarder}, kTrapHarder));
    EXPECT_FALSE(sdei({.accel = AccelKind::TrapHarder, .sdei = OnOffAuto::Off}, kTrapHarder));
    EXPECT_TRUE(sdei({.kernel_irqchip = OnOffAuto::Off}, kGicv3Host));
    EXPECT_TRUE(sdei({.rvic = true}, kGicv3Host));
    // KVM's interrupt controller comes with KVM's firmware, unless somebody asks.
    EXPECT_FALSE(sdei({}, kGicv3Host));
    EXPECT_TRUE(sdei({.sdei = OnOffAuto::On}, kGicv3Host));
    EXPECT_FALSE(sdei({}, kOldHost));
    EXPECT_THAT(error({.sdei = OnOffAuto::On}, kOldHost), AllOf(HasSubstr("sdei=on"), HasSubstr("use sdei=off")));
}

}  // namespace
}  // namespace trapeze::machine
