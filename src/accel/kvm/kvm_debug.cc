// Guest debugging with KVM: debug exceptions, FP, SIMD and SVE registers, and code that a debugger changes.
#include <algorithm>
#include <bit>
#include <cstring>

#include "kvm/kvm_vcpu.h"
#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"

namespace trapeze::accel {
namespace {

// DBGBCR<n>_EL1 and DBGWCR<n>_EL1. Both match at EL1 and EL0.
using Enable = Field<0, 0>;
using PrivilegeMode = Field<2, 1>;  // DBGBCR.PMC, DBGWCR.PAC
using BreakpointBas = Field<8, 5>;
using LoadStore = Field<4, 3>;  // DBGWCR.LSC
using WatchpointBas = Field<12, 5>;
using WatchpointMask = Field<28, 24>;
constexpr u64 kEl1AndEl0 = 0b11;

constexpr u64 breakpoint_control() {
    return Enable::make(1) | PrivilegeMode::make(kEl1AndEl0) | BreakpointBas::make(0xf);
}

u64 watchpoint_control(const Watchpoint& w) {
    const u64 common =
        Enable::make(1) | PrivilegeMode::make(kEl1AndEl0) | LoadStore::make(static_cast<u64>(w.kind));
    if (w.length <= 8)
        return common | WatchpointBas::make(low_mask(static_cast<unsigned>(w.length)) << (w.address & 7));
    return common | WatchpointBas::make(0xff) |
           WatchpointMask::make(static_cast<u64>(std::countr_zero(w.length)));
}

struct VectorId {
    u64 id;
    std::size_t size;  // of KVM's value
};

// KVM hides the V registers of an SVE vCPU behind Z.
VectorId vector_id(VectorReg reg, unsigned n, bool sve) {
    switch (reg) {
        case VectorReg::V:
            return sve ? VectorId{kvm::sve_z(n), kvm::kSveZBytes} : VectorId{kvm::core_reg_v(n), 16};
        case VectorReg::Fpsr: return {kvm::kRegFpsr, 4};
        case VectorReg::Fpcr: return {kvm::kRegFpcr, 4};
        case VectorReg::Z: return {kvm::sve_z(n), kvm::kSveZBytes};
        case VectorReg::P: return {kvm::sve_p(n), kvm::kSvePBytes};
        case VectorReg::Ffr: return {kvm::kRegSveFfr, kvm::kSvePBytes};
    }
    return {};
}

bool is_sve(VectorReg reg) {
    return reg >= VectorReg::Z;
}

}  // namespace

DebugLimits KvmVcpu::debug_limits() const {
    const auto count = [this](int capability) {
        return static_cast<unsigned>(
            std::min(kvm_check(vm_, capability), static_cast<int>(kvm::kMaxDebugRegs)));
    };
    return {.breakpoints = count(kvm::kCapGuestDebugHwBps), .watchpoints = count(kvm::kCapGuestDebugHwWps)};
}

Result<> KvmVcpu::set_guest_debug(const GuestDebug& debug) {
    CHECK(debug.breakpoints.size() <= kvm::kMaxDebugRegs && debug.watchpoints.size() <= kvm::kMaxDebugRegs);
    kvm::GuestDebug off{};
    // Off first: that makes KVM forget a step that it has begun, and userspace finished.
    if (kvm_ioctl(fd_, kvm::kSetGuestDebug, &off) != 0) {
        return fail_errno(errno, "vCPU {}: KVM_SET_GUEST_DEBUG failed", index_);
    }
    lines_masked_ = debug.mask_interrupts;
    const bool hardware = !debug.breakpoints.empty() || !debug.watchpoints.empty();
    if (!debug.single_step && !debug.software_breakpoints && !hardware) return {};

    kvm::GuestDebug on{};
    on.control = kvm::kGuestDebugEnable;
    if (debug.single_step) on.control |= kvm::kGuestDebugSingleStep;
    if (debug.software_breakpoints) on.control |= kvm::kGuestDebugSoftwareBreakpoints;
    if (hardware) on.control |= kvm::kGuestDebugHardware;
    for (std::size_t n = 0; n < debug.breakpoints.size(); ++n) {
        on.dbg_bcr[n] = breakpoint_control();
        on.dbg_bvr[n] = debug.breakpoints[n] & ~u64{3};
    }
    for (std::size_t n = 0; n < debug.watchpoints.size(); ++n) {
        const Watchpoint& w = debug.watchpoints[n];
        CHECK(is_watchable(w.address, w.length));
        on.dbg_wcr[n] = watchpoint_control(w);
        on.dbg_wvr[n] = w.address & ~u64{7};
    }
    if (kvm_ioctl(fd_, kvm::kSetGuestDebug, &on) != 0) {
        return fail_errno(errno, "vCPU {}: KVM_SET_GUEST_DEBUG failed", index_);
    }
    return {};
}

DebugExit KvmVcpu::decode_debug_exit() {
    u64 esr = run_->debug.hsr;
    if ((run_->flags & kvm::kDebugHsrHighValid) != 0) esr |= u64{run_->debug.hsr_high} << 32;
    return {{esr}, get(CoreReg::Pc), run_->debug.far};
}

unsigned KvmVcpu::vector_length() const {
    if ((init_.features[0] & (1u << kvm::kVcpuSve)) == 0) return 0;
    u64 lengths[8] = {};
    kvm::OneReg argument{kvm::kRegSveVls, reinterpret_cast<u64>(lengths)};
    if (kvm_ioctl(fd_, kvm::kGetOneReg, &argument) != 0 || lengths[0] == 0) return 0;
    // Bit n: n + 1 quadwords. The architecture ends at 16.
    return static_cast<unsigned>(std::bit_width(lengths[0] & 0xffff)) * 16;
}

bool KvmVcpu::get_vector(VectorReg reg, unsigned n, std::span<u8> to) {
    CHECK(!exit_pending_);
    const bool sve = (init_.features[0] & (1u << kvm::kVcpuSve)) != 0;
    if (is_sve(reg) && !sve) return false;
    const VectorId which = vector_id(reg, n, sve);
    u8 value[kvm::kSveZBytes] = {};
    kvm::OneReg argument{which.id, reinterpret_cast<u64>(value)};
    if (to.size() > which.size || kvm_ioctl(fd_, kvm::kGetOneReg, &argument) != 0) return false;
    std::memcpy(to.data(), value, to.size());
    return true;
}

bool KvmVcpu::set_vector(VectorReg reg, unsigned n, std::span<const u8> from) {
    CHECK(!exit_pending_);
    const bool sve = (init_.features[0] & (1u << kvm::kVcpuSve)) != 0;
    if (is_sve(reg) && !sve) return false;
    const VectorId which = vector_id(reg, n, sve);
    u8 value[kvm::kSveZBytes] = {};
    kvm::OneReg argument{which.id, reinterpret_cast<u64>(value)};
    // What lies above the part that is written stays.
    if (from.size() > which.size || kvm_ioctl(fd_, kvm::kGetOneReg, &argument) != 0) return false;
    std::memcpy(value, from.data(), from.size());
    return kvm_ioctl(fd_, kvm::kSetOneReg, &argument) == 0;
}

// A guest with its MMU off fetches and loads past the caches unless the host forces them on (FEAT_S2FWB), so
// the lines go to memory; and the instruction caches of all CPUs forget them.
void KvmVcpu::instructions_written(std::span<const u8> host) {
#if defined(__aarch64__)
    u64 ctr = 0;
    asm("mrs %0, ctr_el0" : "=r"(ctr));
    const u64 line = u64{4} << extract(ctr, 19, 16);  // CTR_EL0.DminLine: log2 of words
    const u64 begin = reinterpret_cast<u64>(host.data()) & ~(line - 1);
    const u64 end = reinterpret_cast<u64>(host.data() + host.size());
    for (u64 at = begin; at < end; at += line) asm volatile("dc civac, %0" : : "r"(at) : "memory");
    asm volatile("dsb ish" : : : "memory");
#endif
    auto* const from = const_cast<char*>(reinterpret_cast<const char*>(host.data()));
    __builtin___clear_cache(from, from + host.size());
}

}  // namespace trapeze::accel
