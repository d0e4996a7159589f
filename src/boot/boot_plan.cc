#include "trapeze/boot/boot_plan.h"

#include "byte_source.h"
#include "format_bytes.h"
#include "kernel_image.h"
#include "placement.h"

namespace trapeze::boot {
namespace {

std::string could_not_load(const char* what, const std::string& path) {
    return fmt::format("could not load {} '{}'", what, path);
}

Result<> write_initrd(const ByteSource& file, mem::GpaRange place, mem::GuestMemory& memory) {
    const std::span<u8> view = memory.view(place.base, place.size);
    if (view.size() != place.size) return fail("its place at {:#x} is not guest memory", place.base.value);
    return file.read(0, view);
}

}  // namespace

BootPlan::BootPlan() = default;
BootPlan::BootPlan(BootPlan&&) noexcept = default;
BootPlan& BootPlan::operator=(BootPlan&&) noexcept = default;
BootPlan::~BootPlan() = default;

Result<BootPlan> BootPlan::make(const BootImages& images, MachineFdt machine) {
    if (images.kernel.empty()) return fail("no kernel given (-kernel FILE)");
    BootPlan plan;
    const u64 limit = machine.ram.size;
    plan.machine_ = std::move(machine);
    plan.kernel_file_ = TRY(open_file("kernel", images.kernel, limit));
    TRY(plan.load_kernel());
    if (!images.initrd.empty()) plan.initrd_file_ = TRY(open_file("initrd", images.initrd, limit));
    TRY(plan.load_dtb(images));
    TRY(plan.place());
    return plan;
}

Result<BootPlan::File> BootPlan::open_file(const char* what, const std::string& path, u64 limit) {
    auto bytes = TRY(with_context(open_source(path, limit), could_not_load(what, path)));
    return File{path, std::move(bytes)};
}

Result<> BootPlan::load_kernel() {
    auto image = TRY(with_context(inspect_kernel(*kernel_file_.bytes, machine_.ram),
                                  could_not_load("kernel", kernel_file_.path)));
    kernel_ = std::make_unique<KernelImage>(std::move(image));
    return {};
}

Result<> BootPlan::load_dtb(const BootImages& images) {
    if (images.dtb.empty()) return {};
    dtb_path_ = images.dtb;
    const File file = TRY(open_file("device tree", images.dtb, kMostDtbBytes));
    // One byte more than allowed is enough to see that it is too large.
    user_dtb_ =
        TRY(with_context(file.bytes->head(kMostDtbBytes + 1), could_not_load("device tree", images.dtb)));
    return {};
}

Result<> BootPlan::place() {
    const mem::GpaRange ram = machine_.ram;
    layout_.entry = kernel_->entry;
    layout_.kernel = kernel_->extent;
    // The tree's size does not depend on where the initrd is.
    if (initrd_file_.bytes) machine_.initrd = ram;
    const u64 dtb_bytes = TRY(device_tree()).size();
    if (initrd_file_.bytes) {
        machine_.initrd =
            TRY(with_context(place_initrd(ram, layout_.kernel, initrd_file_.bytes->size(), dtb_bytes),
                             could_not_load("initrd", initrd_file_.path)));
        layout_.initrd = machine_.initrd;
    }
    layout_.dtb = TRY(place_dtb(ram, layout_.kernel, kernel_->kind, layout_.initrd, dtb_bytes));
    return {};
}

Result<std::vector<u8>> BootPlan::device_tree() const {
    if (dtb_path_.empty()) return build_machine_fdt(machine_);
    return with_context(adjust_user_fdt(user_dtb_, machine_), could_not_load("device tree", dtb_path_));
}

Result<> BootPlan::write_to(mem::GuestMemory& memory) const {
    const std::string kernel_context = could_not_load("kernel", kernel_file_.path);
    TRY(with_context(kernel_file_.bytes->check_unchanged(), kernel_context));
    TRY(with_context(write_kernel(*kernel_, *kernel_file_.bytes, memory), kernel_context));
    if (layout_.initrd) {
        const std::string initrd_context = could_not_load("initrd", initrd_file_.path);
        TRY(with_context(initrd_file_.bytes->check_unchanged(), initrd_context));
        TRY(with_context(write_initrd(*initrd_file_.bytes, *layout_.initrd, memory), initrd_context));
    }
    const std::vector<u8> dtb = TRY(device_tree());
    if (dtb.size() > layout_.dtb.size || !memory.write(layout_.dtb.base, dtb)) {
        return fail("the device tree ({}) does not fit its place at {:#x}", format_bytes(dtb.size()),
                    layout_.dtb.base.value);
    }
    return {};
}

}  // namespace trapeze::boot
