// Both ring formats against a driver of the specification (VIRTIO 1.2, 2.6 to 2.8).
#include "trapeze/virtio/queue.h"

#include <random>

#include "driver_rings.h"

namespace trapeze::virtio {
namespace {

class QueueTest : public testing::TestWithParam<u64> {
protected:
    void make(u16 size, u64 more = 0) {
        features_ = GetParam() | feature::kVersion1 | more;
        ring_ = make_driver_ring(memory_, size, features_);
        queue_ = make_queue(memory_.memory, ring_->addresses(), features_);
        EXPECT_FALSE(queue_->broken());
    }
    bool event_idx() const { return (GetParam() & feature::kEventIdx) != 0; }
    Buffer readable(u32 length) { return {memory_.allocate(length), length}; }
    Buffer writable(u32 length) { return {memory_.allocate(length), length, true}; }
    // The device takes and answers one request; its id.
    std::optional<u16> serve(u32 written = 0) {
        Chain chain;
        if (!queue_->pop(chain)) return std::nullopt;
        queue_->push(chain, written);
        return chain.id;
    }

    TestMemory memory_;
    u64 features_ = 0;
    std::unique_ptr<DriverRing> ring_;
    std::unique_ptr<Queue> queue_;
};

TEST_P(QueueTest, GivesBuffersInOrder) {
    make(8);
    Chain chain;
    EXPECT_FALSE(queue_->pop(chain));
    const Buffer out1 = readable(16), out2 = readable(100), in1 = writable(512), in2 = writable(1);
    memory_.store<u32>(out2.address, 0x12345678);
    const u16 id = ring_->add({out1, out2, in1, in2});
    ASSERT_TRUE(queue_->pop(chain));
    ASSERT_EQ(chain.readable.size(), 2u);
    ASSERT_EQ(chain.writable.size(), 2u);
    EXPECT_EQ(chain.readable_bytes, 116u);
    EXPECT_EQ(chain.writable_bytes, 513u);
    EXPECT_EQ(chain.readable[1].data(), memory_.memory.view(mem::Gpa{out2.address}, 1).data());
    chain.writable[0][3] = 42;
    EXPECT_FALSE(ring_->used());
    queue_->push(chain, 513);
    const auto used = ring_->used();
    ASSERT_TRUE(used);
    EXPECT_EQ(used->id, id);
    EXPECT_EQ(used->length, 513u);
    EXPECT_EQ(memory_.load<u8>(in1.address + 3), 42);
    EXPECT_FALSE(queue_->pop(chain));
    EXPECT_FALSE(queue_->broken());
}

TEST_P(QueueTest, IndirectTablesAreBuffersToo) {
    make(2, feature::kIndirectDesc);
    std::vector<Buffer> buffers;
    for (int i = 0; i < 5; ++i) buffers.push_back(readable(8));
    buffers.push_back(writable(8));
    const u16 id = ring_->add(std::span<const Buffer>(buffers), true);
    Chain chain;
    ASSERT_TRUE(queue_->pop(chain));
    EXPECT_EQ(chain.readable.size(), 5u);
    EXPECT_EQ(chain.writable.size(), 1u);
    queue_->push(chain, 8);
    EXPECT_EQ(ring_->used()->id, id);
}

TEST_P(QueueTest, AnswersInAnyOrderOverManyLaps) {
    make(16, feature::kIndirectDesc);
    std::mt19937 random(1);
    std::vector<Chain> open;
    std::map<u16, u32> expected;
    unsigned free = 16, added = 0, done = 0;
    std::map<u16, unsigned> slots;
    while (done < 2000) {
        const unsigned parts = 1 + static_cast<unsigned>(random() % 3);
        if (added < 2000 && free >= parts && random() % 2 == 0) {
            std::vector<Buffer> buffers;
            for (unsigned i = 0; i < parts; ++i)
                buffers.push_back({kTestRam.base.value + i, 1, i + 1 == parts});
            slots[ring_->add(std::span<const Buffer>(buffers))] = parts;
            free -= parts;
            ++added;
        }
        if (Chain chain; random() % 2 == 0 && queue_->pop(chain)) open.push_back(chain);
        if (!open.empty() && random() % 2 == 0) {
            const std::size_t which = random() % open.size();
            const u32 length = static_cast<u32>(random() % 100);
            queue_->push(open[which], length);
            expected[open[which].id] = length;
            open.erase(open.begin() + static_cast<long>(which));
        }
        if (const auto used = ring_->used()) {
            ASSERT_EQ(expected.at(used->id), used->length);
            expected.erase(used->id);
            free += slots[used->id];
            ++done;
        }
        ASSERT_FALSE(queue_->broken()) << queue_->reason();
    }
}

TEST_P(QueueTest, TellsWhetherTheDriverHasToNotify) {
    make(4);
    EXPECT_FALSE(queue_->rearm());
    ring_->add({readable(1)});
    EXPECT_TRUE(ring_->must_notify());
    queue_->disarm();
    EXPECT_TRUE(serve());
    EXPECT_FALSE(serve());
    // Between the last look and rearm(): the driver may have seen that it need not notify.
    ring_->add({readable(1)});
    EXPECT_FALSE(ring_->must_notify());
    EXPECT_TRUE(queue_->rearm()) << "a request is waiting";
    EXPECT_TRUE(serve());
    EXPECT_FALSE(queue_->rearm());
    ring_->add({readable(1)});
    EXPECT_TRUE(ring_->must_notify());
}

TEST_P(QueueTest, InterruptsWhenTheDriverWantsIt) {
    make(4);
    ring_->ask_for_interrupt(1);
    EXPECT_FALSE(queue_->interrupt_due()) << "nothing was pushed";
    ring_->add({readable(1)});
    serve();
    EXPECT_TRUE(queue_->interrupt_due());
    EXPECT_FALSE(queue_->interrupt_due()) << "once";
    EXPECT_TRUE(ring_->used());
    ring_->ask_for_interrupt(0);
    ring_->add({readable(1)});
    serve();
    EXPECT_FALSE(queue_->interrupt_due());
}

TEST_P(QueueTest, InterruptsAfterAsManyAsTheDriverSays) {
    if (!event_idx()) GTEST_SKIP() << "needs event indices";
    make(4);
    for (int lap = 0; lap < 50; ++lap) {
        ring_->ask_for_interrupt(3);
        for (int i = 1; i <= 3; ++i) {
            ring_->add({readable(1)});
            serve();
            EXPECT_EQ(queue_->interrupt_due(), i == 3) << "lap " << lap << " push " << i;
        }
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(ring_->used());
    }
}

TEST_P(QueueTest, EmptyBuffersAreLeftOut) {
    make(4);
    ring_->add({{kTestRam.base.value, 0}, readable(3), {0, 0, true}});
    Chain chain;
    ASSERT_TRUE(queue_->pop(chain));
    EXPECT_EQ(chain.readable.size(), 1u);
    EXPECT_TRUE(chain.writable.empty());
}

TEST_P(QueueTest, ABufferOutsideRamBreaksTheQueue) {
    for (const Buffer& bad : {Buffer{0x1000, 16}, Buffer{kTestRam.end().value - 8, 16},
                              Buffer{~u64{0} - 4, 16}, Buffer{kTestRam.base.value, ~u32{0}}}) {
        make(4);
        ring_->add({bad});
        Chain chain;
        EXPECT_FALSE(queue_->pop(chain));
        EXPECT_TRUE(queue_->broken());
        EXPECT_STREQ(queue_->reason(), "a buffer is not in RAM");
        ring_->add({readable(1)});
        EXPECT_FALSE(queue_->pop(chain)) << "for good";
        EXPECT_FALSE(queue_->rearm());
        EXPECT_FALSE(queue_->interrupt_due());
    }
}

TEST_P(QueueTest, ReadableAfterWritableBreaksTheQueue) {
    make(4);
    ring_->add({writable(1), readable(1)});
    EXPECT_FALSE(serve());
    EXPECT_STREQ(queue_->reason(), "a readable buffer follows a writable one");
}

TEST_P(QueueTest, IndirectNeedsToBeNegotiated) {
    make(4);
    ring_->add({readable(1)}, true);
    EXPECT_FALSE(serve());
    EXPECT_STREQ(queue_->reason(), "an indirect descriptor was not negotiated");
}

TEST_P(QueueTest, ARequestHasAtMost1024Descriptors) {
    for (const unsigned count : {1024u, 1025u}) {
        make(4, feature::kIndirectDesc);
        const std::vector<Buffer> buffers(count, Buffer{kTestRam.base.value, 1});
        ring_->add(std::span<const Buffer>(buffers), true);
        EXPECT_EQ(serve().has_value(), count == 1024);
    }
}

TEST_P(QueueTest, ARequestHasLessThan4GiB) {
    make(4, feature::kIndirectDesc);
    const std::vector<Buffer> buffers(256, Buffer{kTestRam.base.value, 16 << 20});
    ring_->add(std::span<const Buffer>(buffers), true);
    EXPECT_FALSE(serve());
    EXPECT_STREQ(queue_->reason(), "a request has more than 4 GiB");
}

TEST_P(QueueTest, RingsHaveToBeInRamAndAligned) {
    const auto broken = [&](QueueAddresses addresses) {
        return make_queue(memory_.memory, addresses, features_)->broken();
    };
    make(8);
    const QueueAddresses good = ring_->addresses();
    EXPECT_FALSE(broken(good));
    for (mem::Gpa QueueAddresses::*which :
         {&QueueAddresses::descriptors, &QueueAddresses::driver, &QueueAddresses::device}) {
        for (const u64 address :
             {u64{0}, kTestRam.end().value - 2, ~u64{0} & ~u64{15}, good.descriptors.value + 1}) {
            QueueAddresses bad = good;
            (bad.*which).value = address;
            EXPECT_TRUE(broken(bad)) << std::hex << address;
        }
    }
    for (const u16 size : {u16{0}, u16{1025}, u16{0xffff}}) {
        QueueAddresses bad = good;
        bad.size = size;
        EXPECT_TRUE(broken(bad)) << size;
    }
}

// Whatever the rings hold, a device that serves them ends, and touches nothing but RAM (under ASan).
TEST_P(QueueTest, AnyContentEnds) {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        make(static_cast<u16>(1u << random() % 8), random() % 2 ? feature::kIndirectDesc : 0);
        const QueueAddresses& at = ring_->addresses();
        const auto scribble = [&](u64 address, u64 bytes) {
            for (u64 i = 0; i < bytes; ++i) {
                // Small values, so that descriptors often make sense.
                if (random() % 3 == 0) memory_.store<u8>(address + i, static_cast<u8>(random() % 8));
                if (random() % 40 == 0) memory_.store<u8>(address + i, static_cast<u8>(random()));
            }
        };
        for (u64 i = 0; i < at.size; ++i)
            memory_.store<u64>(at.descriptors.value + i * 16, kTestRam.base.value);
        scribble(at.descriptors.value, at.size * 16u);
        scribble(at.driver.value, 4 + at.size * 2u);
        unsigned served = 0;
        while (served < 200'000 && serve(1)) ++served;
        EXPECT_LT(served, 200'000u);
        (void)queue_->interrupt_due();
        (void)queue_->rearm();
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, QueueTest,
                         testing::Values(u64{0}, feature::kEventIdx, feature::kRingPacked,
                                         feature::kRingPacked | feature::kEventIdx),
                         [](const testing::TestParamInfo<u64>& format) {
                             return std::string((format.param & feature::kRingPacked) != 0 ? "Packed"
                                                                                           : "Split") +
                                    ((format.param & feature::kEventIdx) != 0 ? "EventIdx" : "");
                         });

}  // namespace
}  // namespace trapeze::virtio
