// A target of two vCPUs with a little memory, which records what a gdb session does to it.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <tuple>

#include "gdb/target.h"

namespace trapeze::debug::gdb {

class FakeTarget final : public Target {
public:
    static constexpr u64 kBase = 0x4000'0000;
    static constexpr u64 kPhysical = 0x8000'0000;  // the same memory, in physical mode

    using PointId = std::tuple<PointKind, u64, u64>;

    std::vector<u8> memory = std::vector<u8>(0x4000);
    std::map<std::pair<std::size_t, unsigned>, u64> registers;
    std::set<PointId> points;
    std::vector<ResumeAction> actions;  // of the last resume()
    unsigned flags = 0;
    unsigned resumes = 0;
    unsigned stops = 0;
    bool running = false;
    bool killed = false;
    bool refuse_resume = false;
    std::string monitor_line;
    std::string monitor_output = "output\n";
    std::string xml = "<target/>";

    std::size_t cpu_count() const override { return 2; }
    bool is_running() const override { return running; }
    std::string cpu_description(std::size_t cpu) override { return "CPU#" + std::to_string(cpu) + " [<on>]"; }
    std::string_view description_xml() override { return xml; }
    std::string memory_map_xml(bool physical) override { return physical ? "<physical/>" : "<virtual/>"; }
    unsigned g_packet_registers() override { return 3; }
    // 0, 1: 8 bytes; 2: 4; 3: 16, never available; 4: 8, cannot be written.
    std::size_t register_size(unsigned number) override {
        constexpr std::size_t kSizes[] = {8, 8, 4, 16, 8};
        return number < std::size(kSizes) ? kSizes[number] : 0;
    }
    bool read_register(std::size_t cpu, unsigned number, std::span<u8> to) override {
        if (number == 3) return false;
        const u64 value = registers[{cpu, number}];
        std::memcpy(to.data(), &value, std::min(to.size(), sizeof(value)));
        return true;
    }
    bool write_register(std::size_t cpu, unsigned number, std::span<const u8> from) override {
        if (number >= 3) return false;
        u64 value = 0;
        std::memcpy(&value, from.data(), std::min(from.size(), sizeof(value)));
        registers[{cpu, number}] = value;
        return true;
    }
    u64 pc(std::size_t cpu) override { return registers[{cpu, 1}]; }
    void set_pc(std::size_t cpu, u64 value) override { registers[{cpu, 1}] = value; }

    std::size_t read_memory(std::size_t, u64 address, std::span<u8> to, bool physical) override {
        const u64 base = physical ? kPhysical : kBase;
        if (address < base || address - base >= memory.size()) return 0;
        const std::size_t size = std::min<u64>(to.size(), memory.size() - (address - base));
        std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(address - base), size, to.begin());
        return size;
    }
    bool write_memory(std::size_t, u64 address, std::span<const u8> from, bool physical) override {
        const u64 base = physical ? kPhysical : kBase;
        if (address < base || address - base > memory.size() ||
            from.size() > memory.size() - (address - base)) {
            return false;
        }
        std::ranges::copy(from, memory.begin() + static_cast<std::ptrdiff_t>(address - base));
        return true;
    }

    PointResult insert(std::size_t, PointKind kind, u64 address, u64 length) override {
        if (kind == PointKind::Hardware && points.size() >= 4) return PointResult::Unsupported;
        if (address < kBase) return PointResult::Failed;
        points.insert({kind, address, length});
        return PointResult::Done;
    }
    PointResult remove(PointKind kind, u64 address, u64 length) override {
        return points.erase({kind, address, length}) != 0 ? PointResult::Done : PointResult::Failed;
    }
    void remove_all() override { points.clear(); }

    void stop() override {
        ++stops;
        running = false;
    }
    bool resume(std::span<const ResumeAction> what, unsigned step_flags, std::string& error) override {
        if (refuse_resume) {
            error = "no";
            return false;
        }
        actions.assign(what.begin(), what.end());
        flags = step_flags;
        ++resumes;
        running = true;
        return true;
    }
    void kill() override { killed = true; }
    std::string monitor(std::string_view line) override {
        monitor_line = line;
        return monitor_output;
    }
};

}  // namespace trapeze::debug::gdb
