// Expectations from VIRTIO 1.2, 5.5, and Linux's driver, drivers/virtio/virtio_balloon.c.
#include "trapeze/virtio/balloon.h"

#include <sys/mman.h>

#include "session_fixture.h"

namespace trapeze::virtio {
namespace {

constexpr u64 kPage = Balloon::kPageBytes;
constexpr u16 kInflate = 0, kDeflate = 1, kReporting = 2;
constexpr u64 kOnOom = 1 << 2, kPoison = 1 << 4, kReport = 1 << 5;

class BalloonTest : public testing::Test {
protected:
    void start(Balloon::Options options = {}) { start(options, Balloon(memory.memory, options).features()); }
    void start(Balloon::Options options, u64 features) {
        device = std::make_unique<Balloon>(memory.memory, options);
        begin(features);
    }
    void begin(u64 features) {
        const u64 all = features | feature::kVersion1 | feature::kIndirectDesc;
        Session session{.features = all, .queues = {}, .host = &host};
        rings.clear();
        for (const u16 size : device->queue_sizes()) {
            rings.push_back(std::make_unique<SplitDriverRing>(memory, size, all));
            rings.back()->ask_for_interrupt(1);
            session.queues.push_back(make_queue(memory.memory, rings.back()->addresses(), all));
        }
        device->start(std::move(session));
    }
    ~BalloonTest() override {
        if (device != nullptr) device->stop([] {});
    }

    // Pages with something in them.
    u64 pages(u64 count) {
        const u64 at = memory.allocate(count * kPage, kPage);
        for (u64 i = 0; i < count; ++i) memory.store<u64>(at + i * kPage + 8, 0x1234);
        return at;
    }
    bool kept(u64 page) { return memory.load<u64>(page + 8) == 0x1234; }
    void send(u16 queue, const std::vector<u32>& numbers, u32 extra = 0) {
        const u64 at = memory.allocate(numbers.size() * 4 + extra);
        for (std::size_t i = 0; i < numbers.size(); ++i) memory.store<u32>(at + i * 4, numbers[i]);
        rings[queue]->add({{at, static_cast<u32>(numbers.size() * 4 + extra)}});
        device->notified(queue);
    }
    bool answered(u16 queue) {
        const auto used = rings[queue]->used();
        return used && used->length == 0;
    }
    u32 config(u32 offset) {
        u32 value = 0;
        device->read_config(offset, {reinterpret_cast<u8*>(&value), sizeof value});
        return value;
    }
    void set_config(u32 offset, u32 value) {
        device->write_config(offset, {reinterpret_cast<const u8*>(&value), sizeof value});
    }
    static u32 number(u64 address) { return static_cast<u32>(address / kPage); }

    TestMemory memory;
    FakeHost host;
    std::unique_ptr<Balloon> device;
    std::vector<std::unique_ptr<SplitDriverRing>> rings;
};

TEST_F(BalloonTest, OffersWhatWasAskedFor) {
    EXPECT_EQ(Balloon(memory.memory, {}).features(), 0u);
    EXPECT_EQ(Balloon(memory.memory, {}).queue_sizes().size(), 2u);
    const Balloon::Options all{.deflate_on_oom = true, .free_page_reporting = true};
    EXPECT_EQ(Balloon(memory.memory, all).features(), kOnOom | kPoison | kReport);
    EXPECT_EQ(Balloon(memory.memory, all).queue_sizes().size(), 5u);
    EXPECT_EQ(static_cast<u32>(Balloon(memory.memory, {}).id()), 5u);
}

TEST_F(BalloonTest, InflatesInAnyOrder) {
    start();
    const u64 at = pages(6);
    send(kInflate,
         {number(at + 4 * kPage), number(at), number(at + kPage), number(at + 3 * kPage), number(at)});
    EXPECT_TRUE(answered(kInflate));
    EXPECT_EQ(host.interrupts, 1);
    for (const u64 gone : {0, 1, 3, 4}) EXPECT_EQ(memory.load<u64>(at + gone * kPage + 8), 0u) << gone;
    EXPECT_TRUE(kept(at + 2 * kPage));
    EXPECT_TRUE(kept(at + 5 * kPage));
}

TEST_F(BalloonTest, GivesTheMemoryBack) {
    start();
    const u64 at = pages(2);
    send(kInflate, {number(at)});
    unsigned char resident[2] = {};
    ASSERT_EQ(mincore(memory.memory.view(mem::Gpa{at}, 2 * kPage).data(), 2 * kPage, resident), 0);
    EXPECT_EQ(resident[0] & 1, 0);
    EXPECT_EQ(resident[1] & 1, 1);
}

TEST_F(BalloonTest, DeflatedPagesAreAsOthers) {
    start();
    const u64 at = pages(1);
    send(kInflate, {number(at)});
    send(kDeflate, {number(at)});
    EXPECT_TRUE(answered(kDeflate));
    memory.store<u64>(at + 8, 0x1234);
    EXPECT_TRUE(kept(at));
}

TEST_F(BalloonTest, IgnoresWhatIsNoRam) {
    start();
    const u64 first = kTestRam.base.value, last = kTestRam.end().value - kPage;
    memory.store<u64>(first + 8, 0x1234);
    memory.store<u64>(last + 8, 0x1234);
    send(kInflate, {0, 1, number(first) - 1, number(last) + 1, 0xffff'ffff, 0xffff'fffe});
    EXPECT_TRUE(answered(kInflate));
    EXPECT_TRUE(kept(first));
    EXPECT_TRUE(kept(last));
    // Runs that reach over the ends.
    send(kInflate, {number(first) - 1, number(first), number(last), number(last) + 1});
    EXPECT_FALSE(kept(first));
    EXPECT_FALSE(kept(last));
    EXPECT_EQ(host.broken, "");
}

TEST_F(BalloonTest, OddRequests) {
    start();
    const u64 at = pages(2);
    send(kInflate, {number(at)}, 3);  // and a bit of another
    EXPECT_TRUE(answered(kInflate));
    EXPECT_FALSE(kept(at));
    rings[kInflate]->add({{at + kPage, kPage, true}});  // nothing to read
    device->notified(kInflate);
    EXPECT_TRUE(answered(kInflate));
    EXPECT_TRUE(kept(at + kPage));
    device->notified(7);
    EXPECT_EQ(host.broken, "");
}

TEST_F(BalloonTest, NumbersMayBeSplitAnywhere) {
    start();
    const u64 at = pages(2);
    const u64 list = memory.allocate(8);
    memory.store<u32>(list, number(at));
    memory.store<u32>(list + 4, number(at + kPage));
    rings[kInflate]->add({{list, 3}, {list + 3, 2}, {list + 5, 3}});
    device->notified(kInflate);
    EXPECT_FALSE(kept(at));
    EXPECT_FALSE(kept(at + kPage));
}

TEST_F(BalloonTest, MuchWorkIsDoneInTurns) {
    start();
    const u64 at = pages(1);
    std::vector<u32> numbers(10'000, 0);
    numbers.back() = number(at);
    send(kInflate, numbers);
    unsigned turns = 1;
    while (!host.again.empty()) {
        EXPECT_FALSE(rings[kInflate]->used().has_value());
        EXPECT_TRUE(kept(at));
        host.again.clear();
        device->notified(kInflate);
        ++turns;
    }
    EXPECT_EQ(turns, 3u);
    EXPECT_TRUE(answered(kInflate));
    EXPECT_FALSE(kept(at));
}

TEST_F(BalloonTest, TheRestOfAStoppedRequestIsForgotten) {
    start();
    const u64 at = pages(2);
    std::vector<u32> numbers(10'000, number(at));
    send(kInflate, numbers);
    device->stop([] {});
    begin(0);
    send(kInflate, {number(at + kPage)});
    EXPECT_TRUE(answered(kInflate));
    EXPECT_FALSE(kept(at + kPage));
}

TEST_F(BalloonTest, ConfigurationSpace) {
    start();
    device->set_target(77);
    EXPECT_EQ(host.config_changes, 1);
    EXPECT_EQ(config(0), 77u);
    set_config(0, 5);
    EXPECT_EQ(config(0), 77u) << "the driver may not";
    set_config(4, 33);
    EXPECT_EQ(config(4), 33u);
    EXPECT_EQ(device->actual(), 33u);
    EXPECT_EQ(config(16), 0u);
    EXPECT_EQ(config(~u32{0}), 0u);
    set_config(~u32{0}, 1);
    device->write_config(4, {});
    device->stop([] {});
    EXPECT_EQ(device->actual(), 0u);
    EXPECT_EQ(config(0), 77u) << "the next driver is asked, too";
    device->set_target(78);
    EXPECT_EQ(host.config_changes, 1) << "nobody is there";
    begin(0);
}

TEST_F(BalloonTest, ReportedPagesAreGivenBack) {
    start({.free_page_reporting = true});
    const u64 at = pages(6);
    rings[kReporting]->add({{at, 2 * kPage, true}, {at + 4 * kPage, kPage, true}});
    device->notified(kReporting);
    EXPECT_TRUE(answered(kReporting));
    for (const u64 gone : {0, 1, 4}) EXPECT_FALSE(kept(at + gone * kPage)) << gone;
    for (const u64 there : {2, 3, 5}) EXPECT_TRUE(kept(at + there * kPage)) << there;
    // Parts of pages, and what is not the device's to write.
    rings[kReporting]->add({{at + 5 * kPage, kPage}, {at + 2 * kPage + 1, kPage, true}});
    device->notified(kReporting);
    EXPECT_TRUE(answered(kReporting));
    for (const u64 there : {2, 3, 5}) EXPECT_TRUE(kept(at + there * kPage)) << there;
}

TEST_F(BalloonTest, PoisonedPagesStay) {
    start({.free_page_reporting = true});
    const u64 at = pages(2);
    set_config(12, 0xaaaa'aaaa);
    EXPECT_EQ(config(12), 0xaaaa'aaaau);
    rings[kReporting]->add({{at, kPage, true}});
    device->notified(kReporting);
    EXPECT_TRUE(answered(kReporting));
    EXPECT_TRUE(kept(at));
    // Zeros are what they would read as.
    set_config(12, 0);
    rings[kReporting]->add({{at, kPage, true}});
    device->notified(kReporting);
    EXPECT_FALSE(kept(at));
}

TEST_F(BalloonTest, PoisonCountsIfItWasNegotiated) {
    start({.free_page_reporting = true}, kReport);
    const u64 at = pages(1);
    set_config(12, 0xaaaa'aaaa);
    rings[kReporting]->add({{at, kPage, true}});
    device->notified(kReporting);
    EXPECT_FALSE(kept(at));
}

TEST_F(BalloonTest, ReportsThatWereNotNegotiated) {
    start({.free_page_reporting = true}, 0);
    const u64 at = pages(1);
    rings[kReporting]->add({{at, kPage, true}});
    device->notified(kReporting);
    EXPECT_TRUE(answered(kReporting));
    EXPECT_TRUE(kept(at));
}

TEST_F(BalloonTest, ManyReportsAreDoneInTurns) {
    start({.free_page_reporting = true});
    const u64 at = pages(1);
    const std::vector<Buffer> buffers(600, Buffer{at, kPage, true});
    for (unsigned i = 0; i < 8; ++i) rings[kReporting]->add(buffers, true);
    device->notified(kReporting);
    unsigned done = 0;
    while (rings[kReporting]->used()) ++done;
    EXPECT_EQ(done, 7u);
    ASSERT_EQ(host.again.size(), 1u);
    device->notified(host.again.front());
    EXPECT_TRUE(answered(kReporting));
}

// The most that one request can be: the device's thread has to have time for others in the middle of it.
TEST_F(BalloonTest, LargeReportsAreDoneInTurns) {
    start({.free_page_reporting = true});
    const auto bytes = static_cast<u32>(kTestRam.end().value - pages(1));
    const u64 base = kTestRam.end().value - bytes;
    const std::vector<Buffer> buffers(0xffff'ffff / bytes, Buffer{base, bytes, true});
    memory.store<u64>(kTestRam.end().value - kPage + 8, 0x1234);
    rings[kReporting]->add(buffers, true);
    device->notified(kReporting);
    unsigned turns = 1;
    for (; !host.again.empty(); ++turns) {
        EXPECT_FALSE(rings[kReporting]->used().has_value());
        host.again.clear();
        device->notified(kReporting);
    }
    EXPECT_GT(turns, 4u);
    EXPECT_TRUE(answered(kReporting));
}

// Linux has the queue at 2, and the specification at 4.
TEST_F(BalloonTest, ReportsByTheSpecification) {
    start({.free_page_reporting = true});
    const u64 at = pages(1);
    rings[4]->add({{at, kPage, true}});
    device->notified(4);
    EXPECT_TRUE(answered(4));
    EXPECT_FALSE(kept(at));
}

TEST_F(BalloonTest, LegacyDriversWriteByteByByte) {
    start({.free_page_reporting = true});
    for (const u32 byte : {0u, 1u, 2u, 3u}) {
        const u8 value = static_cast<u8>(0x44 - byte);
        device->write_config(4 + byte, {&value, 1});
        device->write_config(12 + byte, {&value, 1});
    }
    EXPECT_EQ(config(4), 0x4142'4344u);
    EXPECT_EQ(config(12), 0x4142'4344u);
    EXPECT_EQ(config(0), 0u);
    EXPECT_EQ(config(8), 0u);
    set_config(6, 0x5555'5555);  // beyond its field
    EXPECT_EQ(config(4), 0x5555'4344u);
    EXPECT_EQ(config(8), 0u);
}

TEST_F(BalloonTest, ChangesAreNews) {
    start();
    int news = 0;
    device->on_change([&] { ++news; });
    set_config(4, 33);
    set_config(4, 33);
    set_config(12, 1);
    EXPECT_EQ(news, 1);
    device->stop([] {});
    EXPECT_EQ(news, 2) << "now it is empty";
    begin(0);
    device->set_target(5);
    device->set_target(5);
    EXPECT_EQ(host.config_changes, 1);
}

TEST_F(BalloonTest, PackedRings) {
    device = std::make_unique<Balloon>(memory.memory, Balloon::Options{});
    const u64 features = feature::kVersion1 | feature::kRingPacked;
    Session session{.features = features, .queues = {}, .host = &host};
    std::vector<std::unique_ptr<PackedDriverRing>> packed;
    for (const u16 size : device->queue_sizes()) {
        packed.push_back(std::make_unique<PackedDriverRing>(memory, size, features));
        session.queues.push_back(make_queue(memory.memory, packed.back()->addresses(), features));
    }
    device->start(std::move(session));
    const u64 at = pages(2);
    const u64 list = memory.allocate(4);
    memory.store<u32>(list, number(at));
    packed[kInflate]->add({{list, 4}});
    device->notified(kInflate);
    const auto used = packed[kInflate]->used();
    ASSERT_TRUE(used.has_value());
    EXPECT_EQ(used->length, 0u);
    EXPECT_FALSE(kept(at));
    EXPECT_TRUE(kept(at + kPage));
}

}  // namespace
}  // namespace trapeze::virtio
