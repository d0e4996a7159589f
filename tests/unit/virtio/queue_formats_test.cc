// What only one of the ring formats has (VIRTIO 1.2, 2.7 and 2.8).
#include "driver_rings.h"
#include "trapeze/virtio/queue.h"

namespace trapeze::virtio {
namespace {

class SplitTest : public testing::Test {
protected:
    const char* reason() {
        Chain chain;
        EXPECT_FALSE(queue_->pop(chain));
        return queue_->broken() ? queue_->reason() : "not broken";
    }
    TestMemory memory_;
    static constexpr u64 kFeatures = feature::kVersion1 | feature::kIndirectDesc;
    SplitDriverRing ring_{memory_, 4, kFeatures};
    std::unique_ptr<Queue> queue_ = make_queue(memory_.memory, ring_.addresses(), kFeatures);
    const u64 page_ = memory_.allocate(4096, 4096);
};

TEST_F(SplitTest, LoopsAreSeen) {
    ring_.add({{page_, 1}});
    ring_.write(0, page_, 1, 1, 1);
    ring_.write(1, page_, 1, 1, 0);
    EXPECT_STREQ(reason(), "the descriptors of a request are a loop");
}

TEST_F(SplitTest, LoopsInIndirectTablesAreSeen) {
    const u64 table = memory_.allocate(32);
    ring_.add({{page_, 1}});
    ring_.write(0, table, 32, 4, 0);
    ring_.write_raw(table, page_, 1, 1, 1);
    ring_.write_raw(table + 16, page_, 1, 1, 0);
    EXPECT_STREQ(reason(), "the descriptors of an indirect table are a loop");
}

TEST_F(SplitTest, NumbersBeyondTheTableAreSeen) {
    ring_.add({{page_, 1}});
    memory_.store<u16>(ring_.avail() + 4, 4);
    EXPECT_STREQ(reason(), "a descriptor's number is not of the table");
}

TEST_F(SplitTest, NextBeyondTheTableIsSeen) {
    ring_.add({{page_, 1}});
    ring_.write(0, page_, 1, 1, 0xffff);
    EXPECT_STREQ(reason(), "a descriptor's number is not of the table");
}

TEST_F(SplitTest, MoreAvailableThanEntriesAreSeen) {
    ring_.set_avail_idx(5);
    EXPECT_STREQ(reason(), "more requests are available than the queue has entries");
}

// A driver that makes descriptors available again before it got them back.
TEST_F(SplitTest, NoMoreRequestsAreOutThanThereAreEntries) {
    std::vector<Chain> out(4);
    for (Chain& chain : out) {
        ring_.add({{page_, 1}});
        ASSERT_TRUE(queue_->pop(chain));
    }
    ring_.set_avail_idx(8);
    EXPECT_STREQ(reason(), "more requests are available than the queue has entries");
    for (const Chain& chain : out) queue_->push(chain, 0);
}

TEST_F(SplitTest, IndirectTablesHaveRules) {
    struct {
        u64 address;
        u32 length;
        u16 flags;
        const char* why;
    } const cases[] = {
        {page_, 16, 4 | 1, "an indirect descriptor has a next one"},
        {page_, 0, 4, "an indirect table has a wrong size"},
        {page_, 24, 4, "an indirect table has a wrong size"},
        {0x1000, 16, 4, "an indirect table is not in RAM"},
    };
    for (const auto& c : cases) {
        SplitDriverRing ring(memory_, 4, kFeatures);
        queue_ = make_queue(memory_.memory, ring.addresses(), kFeatures);
        ring.add({{page_, 1}});
        ring.write(0, c.address, c.length, c.flags, 0);
        EXPECT_STREQ(reason(), c.why);
    }
    memory_.store<u16>(page_ + 12, 4);
    SplitDriverRing ring(memory_, 4, kFeatures);
    queue_ = make_queue(memory_.memory, ring.addresses(), kFeatures);
    ring.add({{page_, 1}});
    ring.write(0, page_, 16, 4, 0);
    EXPECT_STREQ(reason(), "an indirect table has an indirect descriptor");
}

TEST_F(SplitTest, SizesArePowersOfTwo) {
    QueueAddresses addresses = ring_.addresses();
    addresses.size = 3;
    EXPECT_TRUE(make_queue(memory_.memory, addresses, 0)->broken());
}

TEST(PackedTest, AnySizeWorks) {
    constexpr u64 kFeatures = feature::kVersion1 | feature::kRingPacked | feature::kEventIdx;
    TestMemory memory;
    PackedDriverRing ring(memory, 5, kFeatures);
    const auto queue = make_queue(memory.memory, ring.addresses(), kFeatures);
    for (u32 i = 0; i < 100; ++i) {
        const u16 id =
            ring.add({{kTestRam.base.value, 1}, {kTestRam.base.value, 2}, {kTestRam.base.value, 3, true}});
        EXPECT_TRUE(ring.must_notify() || i > 0);
        Chain chain;
        ASSERT_TRUE(queue->pop(chain));
        EXPECT_EQ(chain.id, id);
        queue->push(chain, i);
        EXPECT_EQ(ring.used()->length, i);
        EXPECT_FALSE(queue->rearm());
    }
}

TEST(PackedTest, NoMoreRequestsAreOutThanThereAreEntries) {
    constexpr u64 kFeatures = feature::kVersion1 | feature::kRingPacked;
    TestMemory memory;
    PackedDriverRing ring(memory, 4, kFeatures);
    const auto queue = make_queue(memory.memory, ring.addresses(), kFeatures);
    for (int i = 0; i < 4; ++i) {
        ring.add({{kTestRam.base.value, 1}});
        Chain chain;
        ASSERT_TRUE(queue->pop(chain));
    }
    ring.write(0, kTestRam.base.value, 1, 0, 1u << 15);
    Chain chain;
    EXPECT_FALSE(queue->pop(chain));
    EXPECT_STREQ(queue->reason(), "more requests are available than the queue has entries");
}

// Every slot available and NEXT everywhere.
TEST(PackedTest, LoopsAreSeen) {
    constexpr u64 kFeatures = feature::kVersion1 | feature::kRingPacked;
    TestMemory memory;
    PackedDriverRing ring(memory, 4, kFeatures);
    const auto queue = make_queue(memory.memory, ring.addresses(), kFeatures);
    for (u16 slot = 0; slot < 4; ++slot) ring.write(slot, kTestRam.base.value, 1, 0, 1u << 7 | 1);
    Chain chain;
    EXPECT_FALSE(queue->pop(chain));
    EXPECT_STREQ(queue->reason(), "a request has more descriptors than the queue has entries");
}

}  // namespace
}  // namespace trapeze::virtio
