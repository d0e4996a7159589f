#include "trapeze/boot/fdt_builder.h"

#include <libfdt.h>

#include "placement.h"

namespace trapeze::boot {

template <typename Call>
void FdtBuilder::attempt(std::string_view what, Call call) {
    if (error_ != 0) return;
    int status = call();
    while (status == -FDT_ERR_NOSPACE && grow()) status = call();
    if (status != 0 && error_ == 0) {
        error_ = status;
        error_what_ = what;
    }
}

FdtBuilder::FdtBuilder() : buffer_(16 << 10) {
    error_ = fdt_create(buffer_.data(), static_cast<int>(buffer_.size()));
    attempt("memory reservations", [this] { return fdt_finish_reservemap(buffer_.data()); });
}

bool FdtBuilder::grow() {
    // Twice the limit: spare space goes away in finish().
    if (buffer_.size() >= 2 * kMostDtbBytes) return false;
    std::vector<u8> larger(buffer_.size() * 2);
    if (fdt_resize(buffer_.data(), larger.data(), static_cast<int>(larger.size())) != 0) return false;
    buffer_ = std::move(larger);
    return true;
}

void FdtBuilder::begin_node(std::string_view name) {
    const std::string terminated(name);
    attempt(name, [&] { return fdt_begin_node(buffer_.data(), terminated.c_str()); });
}

void FdtBuilder::end_node() {
    attempt("end of a node", [this] { return fdt_end_node(buffer_.data()); });
}

void FdtBuilder::property_bytes(std::string_view name, std::span<const u8> bytes) {
    const std::string terminated(name);
    if (bytes.size() > kMostDtbBytes) {
        attempt(name, [] { return -FDT_ERR_NOSPACE; });
        return;
    }
    attempt(name, [&] {
        return fdt_property(buffer_.data(), terminated.c_str(), bytes.data(), static_cast<int>(bytes.size()));
    });
}

void FdtBuilder::property_empty(std::string_view name) {
    property_bytes(name, {});
}

void FdtBuilder::property_u32(std::string_view name, u32 value) {
    property_cells(name, {&value, 1});
}

void FdtBuilder::property_u64(std::string_view name, u64 value) {
    const u32 cells[] = {static_cast<u32>(value >> 32), static_cast<u32>(value)};
    property_cells(name, cells);
}

void FdtBuilder::property_cells(std::string_view name, std::span<const u32> cells) {
    std::vector<u8> bytes;
    bytes.reserve(cells.size() * sizeof(u32));
    for (const u32 cell : cells) {
        for (const unsigned shift : {24u, 16u, 8u, 0u}) bytes.push_back(static_cast<u8>(cell >> shift));
    }
    property_bytes(name, bytes);
}

void FdtBuilder::property_string(std::string_view name, std::string_view value) {
    property_strings(name, {value});
}

void FdtBuilder::property_strings(std::string_view name, std::initializer_list<std::string_view> values) {
    std::vector<u8> bytes;
    for (const std::string_view value : values) {
        bytes.insert(bytes.end(), value.begin(), value.end());
        bytes.push_back(0);
    }
    property_bytes(name, bytes);
}

Result<std::vector<u8>> FdtBuilder::finish() {
    attempt("the tree", [this] { return fdt_finish(buffer_.data()); });
    attempt("the tree", [this] { return fdt_check_full(buffer_.data(), buffer_.size()); });
    if (error_ == -FDT_ERR_NOSPACE)
        return fail("the device tree has more than 2 MiB (at \"{}\")", error_what_);
    if (error_ != 0) {
        return fail("could not build the device tree: {} (at \"{}\")", fdt_strerror(error_), error_what_);
    }
    const u64 bytes = fdt_totalsize(buffer_.data());
    if (bytes > kMostDtbBytes) return fail("the device tree has more than 2 MiB");
    buffer_.resize(bytes);
    return std::move(buffer_);
}

}  // namespace trapeze::boot
