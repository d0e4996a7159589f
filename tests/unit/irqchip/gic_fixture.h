// What the tests of all versions of the GIC need.
#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>

#include "fake_lines.h"
#include "trapeze/bus/fdt_writer.h"

namespace trapeze::irqchip::test {

inline constexpr u32 kSpurious = 1023;

// Prints properties as text, one per line.
class TextFdt final : public bus::FdtWriter {
public:
    void begin_node(std::string_view name) override { text += std::string(name) + " {\n"; }
    void end_node() override { text += "}\n"; }
    void property_empty(std::string_view name) override { text += std::string(name) + ";\n"; }
    void property_u32(std::string_view name, u32 value) override { add(name, fmt::format("<{}>", value)); }
    void property_u64(std::string_view name, u64 value) override { add(name, fmt::format("<<{}>>", value)); }
    void property_cells(std::string_view name, std::span<const u32> cells) override {
        std::string list;
        for (const u32 cell : cells) list += fmt::format("{}{:x}", list.empty() ? "" : " ", cell);
        add(name, "<" + list + ">");
    }
    void property_string(std::string_view name, std::string_view value) override { add(name, value); }
    void property_strings(std::string_view, std::initializer_list<std::string_view>) override { FAIL(); }
    void property_bytes(std::string_view, std::span<const u8>) override { FAIL(); }

    std::string text;

private:
    void add(std::string_view name, std::string_view value) { text += fmt::format("{} = {}\n", name, value); }
};

}  // namespace trapeze::irqchip::test
