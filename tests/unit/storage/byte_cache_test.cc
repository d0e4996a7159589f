#include "byte_cache.h"

#include <gtest/gtest.h>

namespace trapeze::storage {
namespace {

TEST(ByteCache, KeepsTheLatestInBoundedMemory) {
    ByteCache cache(300);
    const auto add = [&](u64 place) { cache.add({1, place}, std::make_shared<const std::vector<u8>>(100)); };
    for (const u64 place : {1, 2, 3}) add(place);
    EXPECT_NE(cache.find({1, 1}), nullptr);
    EXPECT_EQ(cache.find({2, 1}), nullptr);
    add(4);
    add(4);
    EXPECT_NE(cache.find({1, 1}), nullptr);
    EXPECT_EQ(cache.find({1, 2}), nullptr);
    EXPECT_NE(cache.find({1, 3}), nullptr);
    cache.add({1, 5}, std::make_shared<const std::vector<u8>>(301));
    EXPECT_EQ(cache.find({1, 5}), nullptr);
    EXPECT_EQ(cache.find({1, 3}), nullptr);
}

}  // namespace
}  // namespace trapeze::storage
