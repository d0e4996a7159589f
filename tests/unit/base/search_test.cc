#include "trapeze/base/search.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "trapeze/base/key_index.h"

namespace trapeze {
namespace {

TEST(LastNotAbove, AgreesWithALinearSearchOfEverySize) {
    std::mt19937 random(1);
    for (std::size_t size = 0; size <= 40; ++size) {
        std::set<int> chosen;
        while (chosen.size() < size) chosen.insert(static_cast<int>(random() % 100));
        const std::vector<int> sorted(chosen.begin(), chosen.end());
        for (int key = -1; key <= 100; ++key) {
            const int* expected = nullptr;
            for (const int& element : sorted) {
                if (element <= key) expected = &element;
            }
            EXPECT_EQ(last_not_above(std::span(sorted), key, [](int e) { return e; }), expected)
                << size << " elements, key " << key;
        }
    }
}

TEST(KeyIndex, FindsEveryKeyAndNoOther) {
    std::mt19937 random(2);
    for (const std::size_t size : {0u, 1u, 2u, 3u, 31u, 32u, 33u, 500u}) {
        std::set<u32> chosen;
        while (chosen.size() < size) chosen.insert(static_cast<u32>(random()) & 0xc7ff'ffff);
        const std::vector<u32> keys(chosen.begin(), chosen.end());
        KeyIndex index;
        EXPECT_EQ(index.find(7), KeyIndex::kNotFound) << "before build";
        index.build(keys, [](u32 key) { return key; });
        for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(index.find(keys[i]), i);
        for (int i = 0; i < 1000; ++i) {
            const u32 key = static_cast<u32>(random());
            if (chosen.contains(key)) continue;
            EXPECT_EQ(index.find(key), KeyIndex::kNotFound) << key;
        }
    }
}

// Keys that all start at one slot still end their search.
TEST(KeyIndex, SurvivesCollisions) {
    std::vector<u32> keys;
    for (u32 i = 0; i < 64; ++i) keys.push_back(i << 26);
    KeyIndex index;
    index.build(keys, [](u32 key) { return key; });
    for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(index.find(keys[i]), i);
    EXPECT_EQ(index.find(1), KeyIndex::kNotFound);
}

}  // namespace
}  // namespace trapeze
