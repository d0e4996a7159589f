// What monitors ask of the balloon, which has a thread of its own.
#include "balloon_access.h"

#include <gmock/gmock.h>

#include <cstring>

#include "devices/fakes.h"

namespace trapeze::machine {
namespace {

constexpr u64 kRam = 64 << 20;

class BalloonAccessTest : public testing::Test {
protected:
    void build() {
        ASSERT_TRUE(memory.add_ram({mem::Gpa{0x4000'0000}, kRam}).has_value());
        config.ram_bytes = kRam;
        auto created = VirtioSlots::create(config, memory, irqs);
        ASSERT_TRUE(created.has_value()) << created.error().message();
        slots = *std::move(created);
        balloon = BalloonAccess::find(config, *slots, time, [this](u64 bytes) { news.push_back(bytes); });
    }
    virtio::Device& device() { return *slots->devices().back().device; }
    u32 pages_wanted() {
        u32 pages = 0;
        device().read_config(0, {reinterpret_cast<u8*>(&pages), sizeof pages});
        return pages;
    }

    void claim(u32 pages) { device().write_config(4, {reinterpret_cast<const u8*>(&pages), sizeof pages}); }

    MachineConfig config;
    devices::FakeTime time;
    std::vector<u64> news;
    mem::GuestMemory memory;
    devices::FakeIrqSink irqs;
    std::unique_ptr<VirtioSlots> slots;
    std::unique_ptr<BalloonAccess> balloon;
};

TEST_F(BalloonAccessTest, MachinesWithoutOne) {
    config.virtio.push_back({.id = "rng", .slot = std::nullopt, .device = RngConfig{}});
    build();
    EXPECT_EQ(balloon, nullptr);
}

TEST_F(BalloonAccessTest, CountsWhatIsLeft) {
    config.virtio.push_back({.id = "rng", .slot = std::nullopt, .device = RngConfig{}});
    config.virtio.push_back({.id = "b", .slot = std::nullopt, .device = BalloonConfig{}});
    build();
    ASSERT_NE(balloon, nullptr);
    EXPECT_EQ(balloon->actual(), kRam);
    balloon->set_target(kRam / 4);
    EXPECT_EQ(pages_wanted(), kRam * 3 / 4 / 4096);
    balloon->set_target(kRam * 2);
    EXPECT_EQ(pages_wanted(), 0u);
    for (const u32 pages : {1u, ~0u}) {
        claim(pages);
        EXPECT_EQ(balloon->actual(), pages == 1 ? kRam - 4096 : 0);
    }
}

TEST_F(BalloonAccessTest, TellsTheNewsOnceInASecond) {
    config.virtio.push_back({.id = "b", .slot = std::nullopt, .device = BalloonConfig{}});
    build();
    for (const u32 pages : {1u, 2u, 3u}) claim(pages);
    EXPECT_THAT(news, testing::IsEmpty()) << "this is the vCPU's thread";
    time.pass(1);
    EXPECT_THAT(news, testing::ElementsAre(kRam - 3 * 4096));
    for (u32 pages = 4; pages < 1000; ++pages) claim(pages);
    claim(999);
    EXPECT_EQ(time.pending(), 1u);
    time.pass(BalloonAccess::kBetweenNewsNs - 2);
    EXPECT_EQ(news.size(), 1u);
    time.pass(2);
    EXPECT_THAT(news, testing::ElementsAre(kRam - 3 * 4096, kRam - 999 * 4096));
    time.pass_seconds(10);
    EXPECT_EQ(news.size(), 2u);
    claim(0);
    balloon.reset();
    EXPECT_EQ(time.pending(), 0u);
    claim(7);
    EXPECT_EQ(time.pending(), 0u);
}

}  // namespace
}  // namespace trapeze::machine
