// What a machine boots: files named on the command line, checked and given their places once, and written
// into guest memory at every reset.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/boot/machine_fdt.h"
#include "trapeze/mem/gpa.h"
#include "trapeze/mem/guest_memory.h"

namespace trapeze::boot {

class ByteSource;
struct KernelImage;

// Paths; empty: none given.
struct BootImages {
    std::string kernel;  // Image, Image.gz, Image.zst, EFI zboot, ELF, or flat binary
    std::string initrd;
    std::string dtb;
};

// Disjoint ranges inside RAM.
struct BootLayout {
    // PC of the boot vCPU, with x0 = dtb.base, x1 to x3 = 0, MMU off, interrupts masked.
    mem::Gpa entry;
    mem::GpaRange kernel;
    std::optional<mem::GpaRange> initrd;
    mem::GpaRange dtb;
};

// Not thread-safe: for the thread that builds and resets the machine.
class BootPlan {
public:
    // Opens the files, checks them and finds a place in `machine.ram` for everything. `machine.initrd` is
    // ours to fill. Errors name the file: "could not load kernel 'Image': ...".
    static Result<BootPlan> make(const BootImages& images, MachineFdt machine);

    BootPlan(BootPlan&&) noexcept;
    BootPlan& operator=(BootPlan&&) noexcept;
    ~BootPlan();

    const BootLayout& layout() const { return layout_; }

    // A device tree with fresh seeds, as write_to() writes it.
    Result<std::vector<u8>> device_tree() const;

    // Writes kernel, initrd and a fresh device tree. vCPUs must be stopped. Files are read again: none of
    // their bytes stay in our memory, and a file that has changed since make() is an error. On failure memory
    // is partly written.
    Result<> write_to(mem::GuestMemory& memory) const;

private:
    struct File {
        std::string path;
        std::unique_ptr<ByteSource> bytes;  // null: none given
    };

    BootPlan();
    static Result<File> open_file(const char* what, const std::string& path, u64 limit);
    Result<> load_kernel();
    Result<> load_dtb(const BootImages& images);
    Result<> place();

    // Const after make().
    File kernel_file_;
    File initrd_file_;
    std::unique_ptr<KernelImage> kernel_;
    std::string dtb_path_;
    std::vector<u8> user_dtb_;  // empty: generate one
    MachineFdt machine_;
    BootLayout layout_;
};

}  // namespace trapeze::boot
