// The floor under every exit cost: a program that does no more than call KVM_RUN again, on a VM of the
// trap-all type, with the guest of guest/exits.cc. What it does inside a phase, per exit:
//   hvc          nothing: PC is past the instruction already
//   mmio_*       nothing: the kernel completes the access at the next KVM_RUN, with whatever data was there
//   sysreg_*     "floor": one KVM_SET_ONE_REG of PC and one of Xt (read) or one KVM_GET_ONE_REG of Xt
//   (write), without
//                which no guest can go on;
//                "bare": nothing, so that the instruction traps again: timed here, in lines "bench NAME_bare
//                ..."
// Outside of phases it does what the guest needs to print and to end.
//
// usage: floor IMAGE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "guest/marks.h"
#include "trapeze_kvm.h"

namespace {

namespace kvm = trapeze::kvm;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

constexpr u64 kRamBase = 0x40000000;
constexpr u64 kRamSize = 128u << 20;
constexpr u64 kImageOffset = 0x200000;
constexpr u64 kUartData = 0x09000000;
constexpr u32 kEcWfx = 0x01;
constexpr u32 kEcHvc = 0x16;
constexpr u32 kEcSysreg = 0x18;
constexpr u64 kSystemOff = 0x84000008;
constexpr unsigned kBareRuns = 1000;

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "floor: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

u64 counter() {
    u64 value;
    asm volatile("isb\n mrs %0, cntvct_el0" : "=r"(value)::"memory");
    return value;
}

class Floor {
public:
    explicit Floor(const char* image) {
        const int system = open("/dev/kvm", O_RDWR | O_CLOEXEC);
        if (system < 0) die("/dev/kvm");
        const int vm = ioctl(system, kvm::kCreateVm, kvm::kVmTypeArmTrapAll | 40);
        if (vm < 0) die("KVM_CREATE_VM of the trap-all type");
        void* ram = mmap(nullptr, kRamSize, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (ram == MAP_FAILED) die("mmap");
        kvm::UserspaceMemoryRegion region{};
        region.guest_phys_addr = kRamBase;
        region.memory_size = kRamSize;
        region.userspace_addr = reinterpret_cast<u64>(ram);
        if (ioctl(vm, kvm::kSetUserMemoryRegion, &region) != 0) die("KVM_SET_USER_MEMORY_REGION");
        load(image, static_cast<char*>(ram) + kImageOffset);

        vcpu_ = ioctl(vm, kvm::kCreateVcpu, 0);
        if (vcpu_ < 0) die("KVM_CREATE_VCPU");
        const int run_size = ioctl(system, kvm::kGetVcpuMmapSize, 0);
        void* run =
            mmap(nullptr, static_cast<std::size_t>(run_size), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_, 0);
        if (run == MAP_FAILED) die("mmap of the run area");
        run_ = static_cast<kvm::Run*>(run);
        kvm::VcpuInit init{};
        if (ioctl(vm, kvm::kArmPreferredTarget, &init) != 0) die("KVM_ARM_PREFERRED_TARGET");
        init.features[0] |= 1u << kvm::kVcpuPsci02;
        // The features that trapeze gives a vCPU: KVM switches their state at each entry and exit.
        const bool pmu = ioctl(vm, kvm::kCheckExtension, kvm::kCapArmPmuV3) > 0;
        if (pmu) init.features[0] |= 1u << kvm::kVcpuPmuV3;
        if (ioctl(vm, kvm::kCheckExtension, kvm::kCapArmPtrauthAddress) > 0) {
            init.features[0] |= 1u << kvm::kVcpuPtrauthAddress | 1u << kvm::kVcpuPtrauthGeneric;
        }
        if (ioctl(vcpu_, kvm::kArmVcpuInit, &init) != 0) die("KVM_ARM_VCPU_INIT");
        if (pmu) {
            kvm::DeviceAttr attribute{};
            attribute.group = kvm::kVcpuPmuGroup;
            attribute.attr = kvm::kVcpuPmuInit;
            if (ioctl(vcpu_, kvm::kSetDeviceAttr, &attribute) != 0) die("KVM_ARM_VCPU_PMU_V3_INIT");
        }
        set(pc_id(), kRamBase + kImageOffset);
    }

    void loop() {
        while (true) {
            run();
            if (run_->exit_reason == kvm::kExitMmio) {
                mmio();
            } else if (run_->exit_reason == kvm::kExitArmTrapHarder) {
                if (!trap()) return;
            } else {
                std::fprintf(stderr, "floor: exit reason %u\n", run_->exit_reason);
                std::exit(1);
            }
        }
    }

private:
    static u64 pc_id() { return kvm::core_reg(offsetof(kvm::CoreRegs, pc)); }
    static u64 x_id(u64 n) { return kvm::core_reg(offsetof(kvm::CoreRegs, x) + n * 8); }

    static void load(const char* path, char* to) {
        std::FILE* file = std::fopen(path, "rb");
        if (file == nullptr) die(path);
        if (std::fread(to, 1, kRamSize - kImageOffset, file) == 0) die(path);
        std::fclose(file);
    }

    void set(u64 id, u64 value) {
        kvm::OneReg reg{id, reinterpret_cast<u64>(&value)};
        if (ioctl(vcpu_, kvm::kSetOneReg, &reg) != 0) die("KVM_SET_ONE_REG");
    }
    u64 get(u64 id) {
        u64 value = 0;
        kvm::OneReg reg{id, reinterpret_cast<u64>(&value)};
        if (ioctl(vcpu_, kvm::kGetOneReg, &reg) != 0) die("KVM_GET_ONE_REG");
        return value;
    }

    void run() {
        if (ioctl(vcpu_, kvm::kRun, 0) != 0 && errno != EINTR) die("KVM_RUN");
    }

    bool at_mark() const {
        return run_->exit_reason == kvm::kExitMmio && run_->mmio.phys_addr == BENCH_MARK_ADDRESS &&
               run_->mmio.is_write != 0;
    }

    void mmio() {
        if (at_mark()) {
            u32 number = 0;
            std::memcpy(&number, run_->mmio.data, sizeof(number));
            if (number != 0) phase(number);
            bare_done_[0] = bare_done_[1] = false;
        } else if (run_->mmio.is_write == 0) {
            std::memset(run_->mmio.data, 0, sizeof(run_->mmio.data));
        } else if (run_->mmio.phys_addr == kUartData) {
            std::putchar(run_->mmio.data[0]);
        }
    }

    // From the mark that begins a phase to the one that ends it.
    void phase(u32 number) {
        if (number == BENCH_SYSREG_READ || number == BENCH_SYSREG_WRITE) {
            for (run(); !at_mark(); run()) complete_sysreg();
        } else {
            do {
                run();
            } while (!at_mark());
        }
    }

    bool is_read() const { return (run_->arm_trap_harder.esr & 1) != 0; }

    void complete_sysreg() {
        const u64 rt = run_->arm_trap_harder.esr >> 5 & 31;
        if (rt != 31) {
            if (is_read()) {
                set(x_id(rt), 0);
            } else {
                sink_ = get(x_id(rt));
            }
        }
        set(pc_id(), run_->arm_trap_harder.elr + 4);
    }

    // False: the guest has ended.
    bool trap() {
        const u64 ec = run_->arm_trap_harder.esr >> 26 & 0x3f;
        if (ec == kEcWfx) return false;
        if (ec == kEcHvc) return get(x_id(0)) != kSystemOff;
        if (ec != kEcSysreg) {
            std::fprintf(stderr, "floor: exception class %#llx\n", static_cast<unsigned long long>(ec));
            std::exit(1);
        }
        // Once per warm-up of a phase.
        if (!bare_done_[is_read()]) {
            bare_done_[is_read()] = true;
            time_bare(is_read() ? "sysreg_read_bare" : "sysreg_write_bare");
        }
        complete_sysreg();
        return true;
    }

    void time_bare(const char* name) {
        const u64 start = counter();
        for (unsigned i = 0; i < kBareRuns; ++i) run();
        const u64 end = counter();
        std::printf("bench %s %u %llu\n", name, kBareRuns, static_cast<unsigned long long>(end - start));
    }

    int vcpu_ = -1;
    kvm::Run* run_ = nullptr;
    bool bare_done_[2] = {};
    volatile u64 sink_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: floor IMAGE\n");
        return 2;
    }
    std::setvbuf(stdout, nullptr, _IONBF, 0);  // as a serial port
    // On a thread of its own, as in any monitor: a process with several threads pays for each system call on a
    // descriptor, because the kernel has to count its users.
    Floor floor(argv[1]);
    std::thread([&floor] { floor.loop(); }).join();
}
