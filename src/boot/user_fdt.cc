// A device tree from the user (-dtb).
#include <libfdt.h>

#include <string_view>

#include "placement.h"
#include "seeds.h"
#include "trapeze/boot/machine_fdt.h"

namespace trapeze::boot {
namespace {

// Room for what we add: two nodes and their properties.
constexpr size_t kSpare = 4 << 10;

Result<> check(int status, const char* what) {
    if (status >= 0) return {};
    return fail("could not {}: {}", what, fdt_strerror(status));
}

// As the binding says /memory is named, and as trees of old have it.
bool is_memory_node(std::string_view name) {
    return name == "memory" || name.starts_with("memory@");
}

Result<> remove_memory_nodes(void* fdt) {
    int next = 0;
    for (int node = fdt_first_subnode(fdt, 0); node >= 0; node = next) {
        next = fdt_next_subnode(fdt, node);
        int length = 0;
        const char* name = fdt_get_name(fdt, node, &length);
        if (name != nullptr && is_memory_node({name, static_cast<size_t>(length)})) {
            // Overwrites the node with FDT_NOP: offsets stay, however many nodes there are.
            TRY(check(fdt_nop_node(fdt, node), "remove its /memory"));
        }
    }
    return {};
}

// The value of #address-cells or #size-cells of the root, 1 or 2.
Result<int> root_cells(const void* fdt, const char* name, int (*get)(const void*, int)) {
    const int cells = get(fdt, 0);
    if (cells != 1 && cells != 2) return fail("the {} of its root is neither 1 nor 2", name);
    return cells;
}

Result<> append_cells(void* fdt, int node, const char* name, int cells, u64 value) {
    if (cells == 2) return check(fdt_appendprop_u64(fdt, node, name, value), "write its /memory");
    if (value >> 32 != 0) {
        return fail("its root has one cell for addresses or sizes, too few for memory of {:#x}", value);
    }
    return check(fdt_appendprop_u32(fdt, node, name, static_cast<u32>(value)), "write its /memory");
}

Result<> replace_memory(void* fdt, mem::GpaRange ram) {
    const int address_cells = TRY(root_cells(fdt, "#address-cells", fdt_address_cells));
    const int size_cells = TRY(root_cells(fdt, "#size-cells", fdt_size_cells));
    TRY(remove_memory_nodes(fdt));
    const int node = fdt_add_subnode(fdt, 0, fmt::format("memory@{:x}", ram.base.value).c_str());
    TRY(check(node, "add /memory"));
    TRY(check(fdt_setprop_string(fdt, node, "device_type", "memory"), "write its /memory"));
    TRY(append_cells(fdt, node, "reg", address_cells, ram.base.value));
    return append_cells(fdt, node, "reg", size_cells, ram.size);
}

Result<> adjust_chosen(void* fdt, const MachineFdt& machine) {
    int node = fdt_subnode_offset(fdt, 0, "chosen");
    if (node == -FDT_ERR_NOTFOUND) node = fdt_add_subnode(fdt, 0, "chosen");
    TRY(check(node, "add /chosen"));
    const char* what = "write its /chosen";
    if (!machine.bootargs.empty()) {
        const int bytes = static_cast<int>(machine.bootargs.size() + 1);
        TRY(check(fdt_setprop(fdt, node, "bootargs", machine.bootargs.c_str(), bytes), what));
    }
    if (machine.initrd) {
        TRY(check(fdt_setprop_u64(fdt, node, "linux,initrd-start", machine.initrd->base.value), what));
        TRY(check(fdt_setprop_u64(fdt, node, "linux,initrd-end", machine.initrd->end().value), what));
    }
    if (machine.randomness) {
        const Seeds seeds = TRY(random_seeds());
        TRY(check(fdt_setprop_u64(fdt, node, "kaslr-seed", seeds.kaslr), what));
        TRY(check(fdt_setprop(fdt, node, "rng-seed", seeds.rng.data(), seeds.rng.size()), what));
    }
    return {};
}

}  // namespace

Result<std::vector<u8>> adjust_user_fdt(std::span<const u8> dtb, const MachineFdt& machine) {
    if (dtb.size() > kMostDtbBytes) return fail("it has more than 2 MiB");
    if (machine.bootargs.size() > kMostDtbBytes) return fail("the kernel command line has more than 2 MiB");
    if (fdt_check_full(dtb.data(), dtb.size()) != 0) return fail("it is not a valid device tree");
    std::vector<u8> tree(fdt_totalsize(dtb.data()) + machine.bootargs.size() + kSpare);
    TRY(check(fdt_open_into(dtb.data(), tree.data(), static_cast<int>(tree.size())), "use it"));
    TRY(replace_memory(tree.data(), machine.ram));
    TRY(adjust_chosen(tree.data(), machine));
    TRY(check(fdt_pack(tree.data()), "pack it"));
    const u64 bytes = fdt_totalsize(tree.data());
    if (bytes > kMostDtbBytes) return fail("it has more than 2 MiB");
    tree.resize(bytes);
    return tree;
}

}  // namespace trapeze::boot
