#include "rvic_model.h"

#include <fmt/core.h>

namespace trapeze::irqchip::test {
namespace {

constexpr u64 kParameter0 = 0x001, kParameter1 = 0x101, kParameter2 = 0x201;
constexpr u64 kInvalidCpu = 2, kDisabled = 3, kNoInterrupts = 4;
constexpr u64 kNotSupported = ~u64{0};

}  // namespace

std::string RvicOp::text() const {
    static constexpr const char* kNames[] = {"call",    "wire",  "pulse",    "trusted wire",
                                             "message", "reset", "reset cpu"};
    return fmt::format("{} vcpu={} {:#x} {:#x} {:#x} {:#x}", kNames[kind], vcpu, x[0], x[1], x[2], x[3]);
}

RvicModel::RvicModel(std::vector<u64> mpidrs, u32 trusted, u32 untrusted, u32 first_msi)
    : mpidrs_(std::move(mpidrs)),
      trusted_(trusted),
      untrusted_(untrusted),
      first_msi_(first_msi),
      cpus_(mpidrs_.size()),
      wires_(untrusted) {
    for (Cpu& cpu : cpus_) {
        cpu.irqs.resize(trusted + untrusted);
        cpu.wires.resize(trusted);
    }
}

int RvicModel::find(u64 mpidr) const {
    for (std::size_t v = 0; v < mpidrs_.size(); ++v) {
        if (((mpidrs_[v] ^ mpidr) & 0xff'00ff'ffff) == 0) return static_cast<int>(v);
    }
    return -1;
}

bool RvicModel::level(unsigned v, u32 intid) const {
    if (intid < trusted_) return cpus_[v].wires[intid];
    for (const auto& [input, target] : map_) {
        if (wires_[input] && target == std::pair{v, intid}) return true;
    }
    return false;
}

// The oldest of what is pending and unmasked, or -1.
int RvicModel::next(unsigned v) const {
    int best = -1;
    for (u32 i = 0; i < cpus_[v].irqs.size(); ++i) {
        const Irq& irq = cpus_[v].irqs[i];
        if (!irq.pending || irq.masked) continue;
        if (best < 0 || irq.since < cpus_[v].irqs[static_cast<u32>(best)].since) best = static_cast<int>(i);
    }
    return best;
}

void RvicModel::change(unsigned v, u32 intid, bool pending, bool masked) {
    Irq& irq = cpus_[v].irqs[intid];
    const bool before = irq.pending && !irq.masked;
    irq.pending = pending;
    irq.masked = masked;
    if (!before && pending && !masked) irq.since = ++now_;
}

void RvicModel::make_pending(unsigned v, u32 intid) {
    if (cpus_[v].enabled) change(v, intid, true, masked(v, intid));
}

void RvicModel::drive(u32 input, bool level) {
    wires_[input] = level;
    const auto at = map_.find(input);
    if (level && at != map_.end()) make_pending(at->second.first, at->second.second);
}

void RvicModel::reset_cpu(unsigned v) {
    cpus_[v].enabled = false;
    for (Irq& irq : cpus_[v].irqs) irq = {};
}

RvicModel::Answer RvicModel::apply(const RvicOp& op) {
    const auto number = static_cast<u32>(op.x[1]);
    switch (op.kind) {
        case RvicOp::Call: return call(op.vcpu, op.x);
        case RvicOp::Wire: drive(number, op.x[2] != 0); break;
        case RvicOp::Pulse:
            drive(number, true);
            drive(number, false);
            break;
        case RvicOp::TrustedWire:
            cpus_[op.vcpu].wires[number] = op.x[2] != 0;
            if (op.x[2] != 0) make_pending(op.vcpu, number);
            break;
        case RvicOp::Message:
            if (op.x[1] != 0xba5e0000 || op.x[2] < first_msi_ || op.x[2] >= untrusted_) break;
            drive(static_cast<u32>(op.x[2]), true);
            drive(static_cast<u32>(op.x[2]), false);
            break;
        case RvicOp::Reset:
            map_.clear();
            for (unsigned v = 0; v < cpus_.size(); ++v) reset_cpu(v);
            break;
        case RvicOp::ResetCpu: reset_cpu(op.vcpu); break;
    }
    return {};
}

RvicModel::Answer RvicModel::call(unsigned v, const u64 (&x)[4]) {
    const u32 total = trusted_ + untrusted_;
    Cpu& own = cpus_[v];
    switch (static_cast<u32>(x[0])) {
        case 0xc5000100:
        case 0xc5000200: return {0, 3};
        case 0xc5000101: {
            const int target = find(x[2]);
            const u32 intid = static_cast<u32>(x[3]);
            if (x[1] >= untrusted_) return {kParameter0};
            if (target < 0) return {kParameter1};
            if (intid < trusted_ || intid >= total) return {kParameter2};
            map_[static_cast<u32>(x[1])] = {static_cast<unsigned>(target), intid};
            if (wires_[x[1]]) make_pending(static_cast<unsigned>(target), intid);
            return {};
        }
        case 0xc5000102:
            if (x[1] >= untrusted_) return {kParameter0};
            map_.erase(static_cast<u32>(x[1]));
            return {};
        case 0xc5000201:
            if (x[1] == 0) return {0, trusted_};
            if (x[1] == 1) return {0, untrusted_};
            return {kParameter0};
        case 0xc5000202:
            if (own.enabled) return {};
            own.enabled = true;
            for (u32 i = 0; i < total; ++i) {
                if (level(v, i)) make_pending(v, i);
            }
            return {};
        case 0xc5000203: own.enabled = false; return {};
        case 0xc5000204:
        case 0xc5000205:
        case 0xc5000206:
        case 0xc5000207:
        case 0xc5000208: {
            const int target = find(x[1]);
            if (target < 0) return {kInvalidCpu};
            if (static_cast<u32>(x[2]) >= total) return {kParameter1};
            return call_on(static_cast<unsigned>(target), static_cast<u32>(x[0]), static_cast<u32>(x[2]));
        }
        case 0xc5000209: {
            if (!own.enabled) return {kDisabled};
            const int intid = next(v);
            if (intid < 0) return {kNoInterrupts};
            change(v, static_cast<u32>(intid), false, true);
            return {0, static_cast<u64>(intid)};
        }
        case 0xc500020a:
            if (static_cast<u32>(x[1]) >= trusted_) return {kParameter0};
            if (own.wires[static_cast<u32>(x[1])]) make_pending(v, static_cast<u32>(x[1]));
            return {};
        default: return {kNotSupported};
    }
}

RvicModel::Answer RvicModel::call_on(unsigned target, u32 function, u32 intid) {
    switch (function) {
        case 0xc5000204: change(target, intid, pending(target, intid), true); return {};
        case 0xc5000205:
            // A wire that is high counts as if it rose now.
            change(target, intid, pending(target, intid) || (cpus_[target].enabled && level(target, intid)),
                   false);
            return {};
        case 0xc5000206: return {0, pending(target, intid) ? u64{1} : u64{0}};
        case 0xc5000207:
            if (!cpus_[target].enabled) return {kDisabled};
            make_pending(target, intid);
            return {};
        default: change(target, intid, false, masked(target, intid)); return {};
    }
}

}  // namespace trapeze::irqchip::test
