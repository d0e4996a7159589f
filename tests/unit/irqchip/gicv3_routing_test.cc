#include "gicv3/routing.h"

#include <gtest/gtest.h>

#include <map>

#include "gic/pending_queue.h"

namespace trapeze::irqchip::gicv3 {
namespace {

TEST(Gicv3Routing, FindsVcpusByAffinity) {
    const AffinityMap map({0x100000203, 0x80000001, 0x010000, 0x000f});
    EXPECT_EQ(map.find(0x01000203), 0u);
    EXPECT_EQ(map.find(0x00000001), 1u);  // bit 31 of MPIDR_EL1 is no affinity
    EXPECT_EQ(map.find(0x00010000), 2u);
    EXPECT_EQ(map.find(0x0000000f), 3u);
    EXPECT_EQ(map.find(0x00000000), std::nullopt);
    EXPECT_EQ(map.find(0xffffffff), std::nullopt);
}

TEST(Gicv3Routing, DecodesSgiRequests) {
    const SgiRequest r = SgiRequest::decode(u64{0xab} << 48 | u64{0x3} << 44 | u64{0xcd} << 32 |
                                            u64{0x9} << 24 | u64{0xef} << 16 | 0x8001);
    EXPECT_EQ(r.intid, 9u);
    EXPECT_FALSE(r.all_others);
    EXPECT_EQ(r.first, 0xabcdef30u);
    EXPECT_EQ(r.targets, 0x8001);
    EXPECT_TRUE(SgiRequest::decode(bit(40)).all_others);
}

TEST(Gicv3Routing, TargetListCoversSixteenOfACluster) {
    std::vector<u64> mpidrs;
    for (u64 aff1 = 0; aff1 < 3; ++aff1) {
        for (u64 aff0 = 0; aff0 < 40; ++aff0) mpidrs.push_back(aff1 << 8 | aff0);
    }
    const AffinityMap map(mpidrs);
    const auto targets = [&](u64 value) {
        std::vector<VcpuIndex> result;
        const SgiRequest request = SgiRequest::decode(value);
        map.for_each_in(request.first, request.targets, [&](VcpuIndex v) { result.push_back(v); });
        return result;
    };
    using List = std::vector<VcpuIndex>;
    EXPECT_EQ(targets(0x8001), (List{0, 15}));
    EXPECT_EQ(targets(u64{1} << 44 | 0x8001), (List{16, 31}));
    EXPECT_EQ(targets(u64{1} << 16 | u64{2} << 44 | 0xffff), (List{72, 73, 74, 75, 76, 77, 78, 79}));
    EXPECT_EQ(targets(u64{1} << 32 | 0xffff), List{});  // Aff2 1 does not exist
    EXPECT_EQ(targets(0), List{});
    EXPECT_EQ(targets(u64{2} << 16 | u64{15} << 44 | 0xffff), List{});
}

// Suitability per vCPU from a table.
VcpuIndex select(u32 intid, VcpuIndex current, const std::vector<Suitability>& table) {
    return select_one_of_n(intid, static_cast<VcpuIndex>(table.size()), current,
                           [&](VcpuIndex v) { return table[v]; });
}

TEST(Gicv3Routing, OneOfNPrefersReadyVcpusAndStays) {
    constexpr auto N = Suitability::None;
    constexpr auto E = Suitability::Eligible;
    constexpr auto R = Suitability::Ready;
    EXPECT_EQ(select(32, kNoVcpu, {N, N, N, N}), kNoVcpu);
    EXPECT_EQ(select(32, kNoVcpu, {N, N, E, N}), 2u);
    EXPECT_EQ(select(32, kNoVcpu, {E, N, E, R}), 3u);
    EXPECT_EQ(select(32, 2, {R, R, R, R}), 2u) << "no reason to move";
    EXPECT_EQ(select(32, 2, {R, R, E, R}), 0u) << "somebody else would take it now";
    EXPECT_EQ(select(32, 2, {E, E, E, E}), 2u) << "nobody is better";
    EXPECT_EQ(select(32, 2, {N, E, N, N}), 1u) << "left behind";
    EXPECT_EQ(select(32, 2, {N, N, N, N}), kNoVcpu);
    // Different interrupts start looking at different vCPUs.
    EXPECT_EQ(select(33, kNoVcpu, {R, R, R, R}), 1u);
    EXPECT_EQ(select(35, kNoVcpu, {R, R, R, N}), 0u);
}

TEST(Gicv3PendingQueue, BestFirst) {
    PendingQueue queue;
    EXPECT_EQ(queue.best(), PendingQueue::kNone);
    for (const auto& [priority, intid] :
         std::multimap<u8, u32>{{0x80, 40}, {0x80, 35}, {0xf8, 32}, {0x10, 900}}) {
        queue.insert(PendingQueue::make_key(priority, intid));
    }
    for (const u32 expected : {900u, 35u, 40u, 32u}) {
        EXPECT_EQ(PendingQueue::intid_of(queue.best()), expected);
        EXPECT_LT(queue.best(), PendingQueue::kNone);
        queue.erase(queue.best());
    }
    EXPECT_EQ(queue.size(), 0u);
}

TEST(Gicv3PendingQueue, RemovesFromTheMiddle) {
    PendingQueue queue;
    for (u32 i = 0; i < 100; ++i) queue.insert(PendingQueue::make_key(0xa0, i));
    for (u32 i = 0; i < 100; i += 2) queue.erase(PendingQueue::make_key(0xa0, i));
    for (u32 i = 1; i < 100; i += 2) {
        ASSERT_EQ(PendingQueue::intid_of(queue.best()), i);
        queue.erase(queue.best());
    }
    EXPECT_EQ(queue.size(), 0u);
}

}  // namespace
}  // namespace trapeze::irqchip::gicv3
