// bus::FdtWriter that produces a flattened device tree blob.
#pragma once

#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/bus/fdt_writer.h"

namespace trapeze::boot {

// Usage: begin_node("") for the root, properties, child nodes, end_node(), finish(). In each node properties
// come before child nodes. The first error sticks; everything after it is ignored and finish() reports it.
class FdtBuilder final : public bus::FdtWriter {
public:
    FdtBuilder();

    void begin_node(std::string_view name) override;
    void end_node() override;
    void property_empty(std::string_view name) override;
    void property_u32(std::string_view name, u32 value) override;
    void property_u64(std::string_view name, u64 value) override;
    void property_cells(std::string_view name, std::span<const u32> cells) override;
    void property_string(std::string_view name, std::string_view value) override;
    void property_strings(std::string_view name, std::initializer_list<std::string_view> values) override;
    void property_bytes(std::string_view name, std::span<const u8> bytes) override;

    // The blob, checked, with no spare space; at most 2 MiB, as arm64 kernels demand. Call once.
    Result<std::vector<u8>> finish();

private:
    // Runs a libfdt call that may need a larger buffer. Returns at once after an error.
    template <typename Call>
    void attempt(std::string_view what, Call call);
    bool grow();

    std::vector<u8> buffer_;
    int error_ = 0;           // first libfdt error, negative
    std::string error_what_;  // the node or property it hit
};

}  // namespace trapeze::boot
