// The slices of a trace file, as a viewer puts them together.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::debug {

struct Slice {
    int track = 0;
    std::string name;
    std::string category;
    u64 begin = 0;  // ns
    u64 end = 0;
    std::size_t depth = 0;  // how many it lies in
    nlohmann::json args;
};

// In the order of their ends.
inline std::vector<Slice> slices_of(const nlohmann::json& file) {
    std::vector<Slice> slices;
    std::map<int, std::vector<Slice>> open;
    std::map<int, double> last;
    for (const nlohmann::json& event : file["traceEvents"]) {
        if (event["ph"] != "B" && event["ph"] != "E") continue;
        const int track = event["tid"];
        const double us = event["ts"];
        EXPECT_GE(us, last[track]) << event;
        last[track] = us;
        const u64 ns = static_cast<u64>(std::llround(us * 1000));
        if (event["ph"] == "B") {
            open[track].push_back({track, event["name"], event["cat"], ns, 0, open[track].size(), {}});
            continue;
        }
        EXPECT_FALSE(open[track].empty()) << event;
        if (open[track].empty()) continue;
        Slice slice = open[track].back();
        open[track].pop_back();
        EXPECT_EQ(event["name"], slice.name);
        slice.end = ns;
        slice.args = event.value("args", nlohmann::json());
        slices.push_back(slice);
    }
    for (const auto& [track, slices_left] : open) EXPECT_TRUE(slices_left.empty()) << track;
    return slices;
}

}  // namespace trapeze::debug
