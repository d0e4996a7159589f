#include "load_store.h"

#include <algorithm>

#include "guest_data.h"
#include "trapeze/arch/load_store.h"
#include "trapeze/base/bits.h"
#include "trapeze/base/log.h"
#include "trapeze/trap/trace_events.h"

namespace trapeze::trap {
namespace {

using arch::Addressing;
using arch::DataAbortIss;
using arch::LoadStore;
using arch::MemoryOp;
using arch::RegisterList;

u64 to_u64(const VectorValue& bytes) {
    u64 value = 0;
    for (unsigned i = 8; i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

VectorValue from_u64(u64 value) {
    VectorValue bytes{};
    for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<u8>(value >> (8 * i));
    return bytes;
}

// "Atomic memory operations": the new value, of which the low `bits` count.
u64 combine(MemoryOp op, u64 old, u64 operand, unsigned bits) {
    const auto is_less = [bits](u64 a, u64 b) {
        return static_cast<s64>(sign_extend(a, bits)) < static_cast<s64>(sign_extend(b, bits));
    };
    const u64 low = operand & low_mask(bits);
    switch (op) {
        case MemoryOp::Add: return old + operand;
        case MemoryOp::Clear: return old & ~operand;
        case MemoryOp::Xor: return old ^ operand;
        case MemoryOp::Set: return old | operand;
        case MemoryOp::SignedMax: return is_less(old, operand) ? operand : old;
        case MemoryOp::SignedMin: return is_less(old, operand) ? old : operand;
        case MemoryOp::UnsignedMax: return std::max(old, low);
        case MemoryOp::UnsignedMin: return std::min(old, low);
        default: return operand;  // Swap
    }
}

class Executor {
public:
    Executor(const LoadStore& what, CpuPort& cpu, const GuestData& data)
        : what_(what), cpu_(cpu), data_(data) {}

    Outcome run();

private:
    u64 base() { return what_.rn == 31 ? cpu_.sp() : cpu_.x(what_.rn); }
    u64 offset();
    u64 address();
    Outcome inject(u64 va, u8 status, bool is_write);

    // Register n of those that transfer.
    u8 transfer_register(unsigned n) const;
    u8 operand_register(unsigned n) const;
    void write_general(unsigned n, u64 value);

    VectorValue read_element(unsigned n) const;
    void write_element(unsigned n, VectorValue value);

    void load();
    void store();
    void load_structures();
    void store_structures();
    void change_atomically();
    void compare_and_swap();
    void store_64_bytes_with_status();
    template <typename Visit>
    void for_each_lane(Visit visit) const;

    const LoadStore& what_;
    CpuPort& cpu_;
    const GuestData& data_;
    GuestData::Place place_;
    RegisterWrites result_;
};

// "DecodeRegExtend", "ExtendReg".
u64 Executor::offset() {
    if (what_.addressing == Addressing::PostIndexRegister) return cpu_.x(what_.index.rm);
    if (what_.addressing != Addressing::RegisterOffset) return static_cast<u64>(what_.offset);
    u64 index = cpu_.x(what_.index.rm);
    if ((what_.index.option & 1) == 0) {
        const bool is_signed = (what_.index.option & 4) != 0;
        index = is_signed ? sign_extend(index, 32) : index & low_mask(32);
    }
    return index << what_.index.shift;
}

u64 Executor::address() {
    switch (what_.addressing) {
        case Addressing::Literal: return cpu_.pc() + offset();
        case Addressing::PostIndex:
        case Addressing::PostIndexRegister: return base();
        default: return base() + offset();
    }
}

Outcome Executor::inject(u64 va, u8 status, bool is_write) {
    const auto ec = cpu_.pstate().el() == 0 ? arch::ExceptionClass::DataAbortLower
                                            : arch::ExceptionClass::DataAbortCurrent;
    return Inject{arch::Esr::make(ec, DataAbortIss{status, is_write}.encode()), va};
}

u8 Executor::transfer_register(unsigned n) const {
    if (what_.list == RegisterList::Pair) return n == 0 ? what_.rt : what_.rt2;
    return static_cast<u8>((what_.rt + n) % 32);
}

u8 Executor::operand_register(unsigned n) const {
    return what_.registers == 2 && what_.list == RegisterList::Pair ? transfer_register(n)
                                                                    : static_cast<u8>(what_.rs + n);
}

void Executor::write_general(unsigned n, u64 value) {
    if (n != 31) result_.add(static_cast<u8>(n), value);
}

VectorValue Executor::read_element(unsigned n) const {
    VectorValue value{};
    const std::span<u8> bytes = std::span(value).first(what_.size);
    data_.read(place_, n * what_.size, bytes);
    if (data_.big_endian()) std::ranges::reverse(bytes);
    return value;
}

void Executor::write_element(unsigned n, VectorValue value) {
    const std::span<u8> bytes = std::span(value).first(what_.size);
    if (data_.big_endian()) std::ranges::reverse(bytes);
    data_.write(place_, n * what_.size, bytes);
}

void Executor::load() {
    for (unsigned n = 0; n < what_.registers; ++n) {
        const VectorValue element = read_element(n);
        if (what_.vector) {
            result_.add(transfer_register(n), element);
            continue;
        }
        u64 value = to_u64(element);
        if (what_.sign_extend) value = sign_extend(value, what_.size * 8u) & low_mask(what_.register_bits);
        write_general(transfer_register(n), value);
    }
}

void Executor::store() {
    for (unsigned n = 0; n < what_.registers; ++n) {
        const u8 reg = transfer_register(n);
        write_element(n, what_.vector ? cpu_.vector(reg) : from_u64(cpu_.x(reg)));
    }
}

// In the order of memory: element, register (counted from Rt) and where in the register. See the pseudocode
// of "LD1 (multiple structures)".
template <typename Visit>
void Executor::for_each_lane(Visit visit) const {
    unsigned element = 0;
    for (unsigned r = 0; r < what_.shape.repeat; ++r) {
        for (unsigned lane = 0; lane < what_.shape.lanes; ++lane) {
            for (unsigned s = 0; s < what_.shape.interleave; ++s)
                visit(element++, r + s, (what_.shape.first_lane + lane) * what_.size);
        }
    }
}

void Executor::load_structures() {
    std::array<VectorValue, 4> values{};
    if (what_.shape.single && !what_.shape.replicate) {
        for (unsigned n = 0; n < what_.registers; ++n) values[n] = cpu_.vector(transfer_register(n));
    }
    for_each_lane([&](unsigned element, unsigned reg, unsigned byte) {
        const VectorValue value = read_element(element);
        const unsigned end = what_.shape.replicate ? what_.shape.register_bytes : byte + what_.size;
        for (; byte < end; byte += what_.size) std::copy_n(value.begin(), what_.size, &values[reg][byte]);
    });
    for (unsigned n = 0; n < what_.registers; ++n) result_.add(transfer_register(n), values[n]);
}

void Executor::store_structures() {
    std::array<VectorValue, 4> values;
    for (unsigned n = 0; n < what_.registers; ++n) values[n] = cpu_.vector(transfer_register(n));
    for_each_lane([&](unsigned element, unsigned reg, unsigned byte) {
        VectorValue value{};
        std::copy_n(&values[reg][byte], what_.size, value.begin());
        write_element(element, value);
    });
}

void Executor::change_atomically() {
    std::array<u64, 2> old{};
    for (unsigned n = 0; n < what_.elements; ++n) old[n] = to_u64(read_element(n));
    for (unsigned n = 0; n < what_.elements; ++n) {
        const u64 operand = cpu_.x(operand_register(n));
        write_element(n, from_u64(combine(what_.op, old[n], operand, what_.size * 8u)));
        write_general(transfer_register(n), old[n]);
    }
}

// A comparison that fails writes nothing, which "CAS" leaves open.
void Executor::compare_and_swap() {
    bool equal = true;
    for (unsigned n = 0; n < what_.elements; ++n) {
        const u64 old = to_u64(read_element(n));
        const u64 expected = cpu_.x(what_.rs + n) & low_mask(what_.size * 8u);
        equal = equal && old == expected;
        write_general(what_.rs + n, old);
    }
    if (equal) store();
}

// The device takes it: status 0. "ST64BV0": the lowest 32 bits come from ACCDATA_EL1.
void Executor::store_64_bytes_with_status() {
    for (unsigned n = 0; n < what_.registers; ++n) {
        u64 value = cpu_.x(transfer_register(n));
        if (n == 0 && what_.op == MemoryOp::StoreStatusData)
            value = deposit(value, 31, 0, cpu_.sysreg(arch::reg::ACCDATA_EL1));
        write_element(n, from_u64(value));
    }
    write_general(what_.rs, 0);
}

Outcome Executor::run() {
    if (what_.op == MemoryOp::Prefetch) return Advance{};
    const u64 va = address();
    // What has to be single-copy atomic is aligned as a whole.
    const bool whole = what_.is_atomic() || what_.is_exclusive() || what_.bytes() == 64;
    const auto place = data_.translate({.va = va,
                                        .bytes = what_.bytes(),
                                        .alignment = whole ? what_.bytes() : what_.size,
                                        .reads = what_.reads_memory(),
                                        .writes = what_.writes_memory(),
                                        .unprivileged = what_.unprivileged});
    if (!place) return inject(place.error().va, place.error().status, place.error().is_write);
    place_ = *place;
    if (what_.is_atomic() || what_.is_exclusive()) {
        // The tables have changed: the CPU can do it now, and really atomically.
        if (data_.touches_ram(place_)) return Retry{};
    }
    if (what_.writes_back()) result_.add(what_.rn, base() + offset());

    const ExclusiveMonitor mark{place_.first, what_.bytes()};
    const bool structures = what_.list == RegisterList::Structures;
    switch (what_.op) {
        case MemoryOp::Load: structures ? load_structures() : load(); break;
        case MemoryOp::Store: structures ? store_structures() : store(); break;
        case MemoryOp::LoadExclusive:
            if (!cpu_.start_monitor()) return inject(va, DataAbortIss::kUnsupportedExclusiveOrAtomic, false);
            load();
            result_.exclusive = true;
            result_.marked = mark;
            break;
        case MemoryOp::StoreExclusive: {
            const bool passes = cpu_.monitor() == mark;
            if (passes) store();
            write_general(what_.rs, passes ? 0 : 1);
            result_.exclusive = true;
            break;
        }
        case MemoryOp::CompareAndSwap: compare_and_swap(); break;
        case MemoryOp::StoreStatus:
        case MemoryOp::StoreStatusData: store_64_bytes_with_status(); break;
        default: change_atomically(); break;
    }
    return result_;
}

// "Main encoding table": branches, exception generating and system instructions, but for SYS, which has cache
// maintenance. None of them accesses data: another vCPU has put it there since the exit.
bool cannot_abort(u32 instruction) {
    return (instruction & 0x1c00'0000) == 0x1400'0000 && (instruction & 0xfff8'0000) != 0xd508'0000;
}

}  // namespace

Outcome execute_load_store(const UndescribedMmioTrap& trap, CpuPort& cpu, const Handlers& handlers) {
    std::optional<u32> instruction;
    if (!cpu.pstate().is_aarch32()) {
        const GuestData data(cpu, handlers);
        instruction = data.instruction();
        if (instruction) {
            TRACE(kvm_mmio_undescribed, "{}: {:#x} ISS {:#x} instruction {:#010x} @ {:#x}", cpu.index(),
                  trap.address.value, trap.iss, *instruction, cpu.pc());
            const auto what = arch::decode_load_store(*instruction);
            if (what) return Executor(*what, cpu, data).run();
            if (cannot_abort(*instruction)) return Retry{};
        }
    }
    GUEST_ERROR(
        "vCPU {}: access to {:#x} (ISS {:#x}) at {:#x} by an instruction that is not emulated ({:#010x})",
        cpu.index(), trap.address.value, trap.iss, cpu.pc(), instruction.value_or(0));
    return InjectExternalAbort{};
}

MonitorUse monitor_use_at_pc(CpuPort& cpu, const Handlers& handlers) {
    const std::optional<u32> instruction = GuestData(cpu, handlers).instruction();
    if (!instruction) return MonitorUse::None;
    if ((*instruction & 0xffff'f0ff) == 0xd503'305f) return MonitorUse::Clear;  // CLREX
    const std::optional<LoadStore> what = arch::decode_load_store(*instruction);
    return what && what->op == MemoryOp::StoreExclusive ? MonitorUse::StoreExclusive : MonitorUse::None;
}

}  // namespace trapeze::trap
