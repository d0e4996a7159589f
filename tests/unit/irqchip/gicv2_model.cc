#include "gicv2_model.h"

#include <fmt/core.h>

namespace trapeze::irqchip::gicv2_test {
namespace {

// A register bank that is made of bytes, one for each interrupt or SGI.
bool byte_wise(u64 offset) {
    return (offset >= 0x400 && offset < 0x7fc) || (offset >= 0x800 && offset < 0xbfc) ||
           (offset >= 0xf10 && offset < 0xf30);
}

}  // namespace

std::string Op::text() const {
    static constexpr const char* kNames[] = {"dist read", "dist write",    "cpu read", "cpu write", "level",
                                             "pulse",     "private level", "reset",    "reset cpu"};
    return fmt::format("{} vcpu={} {:#x} value={:#x} size={}", kNames[kind], vcpu, where, value, size);
}

Model::Model(unsigned vcpus, u32 spi_count) : cpus_(vcpus), spis_(1024), end_(32 + spi_count) {
    for (Cpu& cpu : cpus_) {
        for (u32 i = 0; i < 32; ++i) {
            cpu.irqs[i].exists = true;
            cpu.irqs[i].sgi = i < 16;
        }
    }
    for (u32 i = 32; i < end_; ++i) spis_[i].exists = true;
    reset();
}

void Model::reset() {
    const auto clear = [](Irq& irq) {
        const Irq old = irq;
        irq = {};
        irq.exists = old.exists;
        irq.sgi = old.sgi;
        irq.wire = old.wire;
        irq.edge = irq.enabled = irq.sgi;
    };
    ctlr_ = 0;
    for (unsigned v = 0; v < cpus_.size(); ++v) {
        Cpu fresh;
        fresh.irqs = cpus_[v].irqs;
        cpus_[v] = fresh;
        for (Irq& irq : cpus_[v].irqs) {
            clear(irq);
            irq.targets = {v};
        }
    }
    for (Irq& irq : spis_) {
        clear(irq);
        if (cpus_.size() == 1) irq.targets = {0};
    }
}

u64 Model::apply(const Op& op) {
    switch (op.kind) {
        case Op::DistRead: return dist_read(op.vcpu, op.where, op.size);
        case Op::DistWrite: dist_write(op.vcpu, op.where, op.value, op.size); break;
        case Op::CpuRead: return op.size == 4 ? cpu_read(op.vcpu, op.where) : 0;
        case Op::CpuWrite:
            if (op.size == 4) cpu_write(op.vcpu, op.where, op.value);
            break;
        case Op::Level:
        case Op::PrivateLevel: {
            Irq& irq = *find(op.vcpu, op.where);
            if (irq.edge && op.value != 0 && !irq.wire) irq.latch = true;
            irq.wire = op.value != 0;
            break;
        }
        case Op::Pulse: {
            Irq& irq = *find(op.vcpu, op.where);
            if (irq.edge && !irq.wire) irq.latch = true;
            irq.wire = false;
            break;
        }
        case Op::Reset: reset(); break;
        case Op::ResetCpu: {
            Cpu fresh;
            fresh.irqs = cpus_[op.vcpu].irqs;
            cpus_[op.vcpu] = fresh;
            break;
        }
    }
    return 0;
}

Model::Irq* Model::find(unsigned v, u64 intid) {
    if (intid < 32) return &cpus_[v].irqs[intid];
    return intid < 1020 && spis_[intid].exists ? &spis_[intid] : nullptr;
}

unsigned Model::Cpu::running() const {
    for (unsigned level = 0; level < 32; ++level) {
        if (((apr | nsapr) >> level & 1) != 0) return level * 8;
    }
    return 255;
}

// How many low bits of a priority are subpriority.
unsigned Model::Cpu::group_shift(unsigned group) const {
    return group == 0 || (ctlr & 0x10) != 0 ? bpr + 1 : abpr;
}

// The distributor leaves out the groups that GICD_CTLR disables, and nothing else: the CPU interface's
// enables come after the choice. The lower INTID wins among equals.
Model::Best Model::best(unsigned v) const {
    Best result;
    const auto consider = [&](u32 intid, const Irq& irq) {
        if (!irq.exists || !irq.pending() || !irq.enabled || irq.active || !irq.targets.contains(v)) return;
        if ((ctlr_ >> irq.group & 1) == 0) return;
        if (irq.priority < result.priority) result = {intid, irq.priority, irq.group};
    };
    for (u32 i = 0; i < 32; ++i) consider(i, cpus_[v].irqs[i]);
    for (u32 i = 32; i < end_; ++i) consider(i, spis_[i]);
    return result;
}

bool Model::takes(unsigned v, const Best& b) const {
    const Cpu& cpu = cpus_[v];
    if (b.intid == 1023 || (cpu.ctlr >> b.group & 1) == 0 || b.priority >= cpu.pmr) return false;
    const unsigned shift = cpu.group_shift(b.group);
    return cpu.running() == 255 || b.priority >> shift < cpu.running() >> shift;
}

Model::Outputs Model::outputs(unsigned v) const {
    const Best b = best(v);
    if (!takes(v, b)) return {};
    const bool fiq = b.group == 0 && (cpus_[v].ctlr & 8) != 0;
    return {!fiq, fiq};
}

u64 Model::dist_read(unsigned v, u64 offset, unsigned size) {
    if (byte_wise(offset)) {
        if ((size != 1 && size != 4) || offset % size != 0) return 0;
        u64 result = 0;
        for (unsigned i = 0; i < size; ++i) result |= byte_read(v, offset + i) << 8 * i;
        return result;
    }
    if (size != 4 || offset % 4 != 0) return 0;
    if (offset == 0) return ctlr_;
    u64 result = 0;
    if (offset >= 0xc00 && offset < 0xd00) {
        for (u32 i = 0; i < 16; ++i) {
            const Irq* irq = find(v, (offset - 0xc00) * 4 + i);
            if (irq != nullptr && irq->edge) result |= bit(2 * i + 1);
        }
        return result;
    }
    if (offset < 0x80 || offset >= 0x400) return 0;
    for (u32 i = 0; i < 32; ++i) {
        const Irq* irq = find(v, offset % 0x80 * 8 + i);
        if (irq == nullptr) continue;
        bool on = false;
        switch (offset / 0x80) {
            case 1: on = irq->group == 1; break;
            case 2:
            case 3: on = irq->enabled; break;
            case 4:
            case 5: on = irq->pending(); break;
            default: on = irq->active; break;
        }
        if (on) result |= bit(i);
    }
    return result;
}

u64 Model::byte_read(unsigned v, u64 offset) {
    const auto as_byte = [](const std::set<unsigned>& vcpus) {
        u64 result = 0;
        for (const unsigned vcpu : vcpus) result |= bit(vcpu);
        return result;
    };
    if (offset >= 0xf10) return as_byte(cpus_[v].irqs[offset % 16].senders);
    const Irq* irq = find(v, offset % 0x400);
    if (irq == nullptr) return 0;
    if (offset < 0x800) return irq->priority;
    return cpus_.size() == 1 ? 0 : as_byte(irq->targets);
}

void Model::dist_write(unsigned v, u64 offset, u64 value, unsigned size) {
    if (byte_wise(offset)) {
        if ((size != 1 && size != 4) || offset % size != 0) return;
        for (unsigned i = 0; i < size; ++i) byte_write(v, offset + i, value >> 8 * i & 0xff);
        return;
    }
    if (size != 4 || offset % 4 != 0) return;
    if (offset == 0) ctlr_ = value & 3;
    if (offset == 0xf00) send_sgi(v, value);
    if (offset >= 0xc00 && offset < 0xd00) {
        for (u32 i = 0; i < 16; ++i) {
            Irq* irq = find(v, (offset - 0xc00) * 4 + i);
            if (irq != nullptr && !irq->sgi) irq->edge = (value >> (2 * i + 1) & 1) != 0;
        }
    }
    if (offset < 0x80 || offset >= 0x400) return;
    for (u32 i = 0; i < 32; ++i) {
        Irq* irq = find(v, offset % 0x80 * 8 + i);
        if (irq != nullptr) bit_write(v, *irq, offset / 0x80, (value >> i & 1) != 0);
    }
}

void Model::byte_write(unsigned v, u64 offset, u64 value) {
    std::set<unsigned> vcpus;
    for (unsigned i = 0; i < cpus_.size(); ++i) {
        if ((value >> i & 1) != 0) vcpus.insert(i);
    }
    if (offset >= 0xf10) {
        auto& senders = cpus_[v].irqs[offset % 16].senders;
        if (offset >= 0xf20) {
            senders.insert(vcpus.begin(), vcpus.end());
        } else {
            for (const unsigned vcpu : vcpus) senders.erase(vcpu);
        }
        return;
    }
    Irq* irq = find(v, offset % 0x400);
    if (irq == nullptr) return;
    if (offset < 0x800) {
        irq->priority = value & 0xf8;
    } else if (offset >= 0x820 && cpus_.size() > 1) {
        irq->targets = vcpus;
    }
}

// SGIs are always enabled and made pending elsewhere.
void Model::bit_write(unsigned, Irq& irq, u64 bank, bool on) {
    if (bank == 1) irq.group = on ? 1 : 0;
    if (!on) return;
    if ((bank == 2 || bank == 3) && !irq.sgi) irq.enabled = bank == 2;
    if ((bank == 4 || bank == 5) && !irq.sgi) irq.latch = bank == 4;
    if (bank == 6 && !irq.active) {
        irq.active = true;
        irq.active_sender = -1;
    }
    if (bank == 7) irq.active = false;
}

void Model::send_sgi(unsigned v, u64 value) {
    for (unsigned t = 0; t < cpus_.size(); ++t) {
        bool hit = false;
        switch (value >> 24 & 3) {
            case 0: hit = (value >> (16 + t) & 1) != 0; break;
            case 1: hit = t != v; break;
            case 2: hit = t == v; break;
            default: break;
        }
        if (hit) cpus_[t].irqs[value & 15].senders.insert(v);
    }
}

u64 Model::cpu_read(unsigned v, u64 offset) {
    const Cpu& cpu = cpus_[v];
    switch (offset) {
        case 0x00: return cpu.ctlr;
        case 0x04: return cpu.pmr;
        case 0x08: return cpu.bpr;
        case 0x0c: return acknowledge(v, false);
        case 0x14: return cpu.running();
        case 0x18: return hppir(v, false);
        case 0x1c: return cpu.abpr;
        case 0x20: return acknowledge(v, true);
        case 0x28: return hppir(v, true);
        case 0xd0: return cpu.apr;
        case 0xe0: return cpu.nsapr;
        case 0xfc: return 0x2043b;
        default: return 0;
    }
}

void Model::cpu_write(unsigned v, u64 offset, u64 value) {
    Cpu& cpu = cpus_[v];
    const auto bpr = static_cast<unsigned>(value % 8);
    switch (offset) {
        case 0x00: cpu.ctlr = value & 0x21f; break;
        case 0x04: cpu.pmr = value & 0xf8; break;
        case 0x08: cpu.bpr = bpr < 2 ? 2 : bpr; break;
        case 0x10: end(v, value, false); break;
        case 0x1c: cpu.abpr = bpr < 3 ? 3 : bpr; break;
        case 0x24: end(v, value, true); break;
        case 0xd0: cpu.apr = value; break;
        case 0xe0: cpu.nsapr = value; break;
        case 0x1000:
            if ((cpu.ctlr & 0x200) != 0) deactivate(v, value);
            break;
        default: break;
    }
}

// Of several senders, the one with the lowest number is shown.
u64 Model::hppir(unsigned v, bool alias) const {
    const Best b = best(v);
    if (b.intid == 1023 || (alias && b.group == 0)) return 1023;
    if (!alias && b.group == 1 && (cpus_[v].ctlr & 4) == 0) return 1022;
    return b.intid < 16 ? u64{*cpus_[v].irqs[b.intid].senders.begin()} << 10 | b.intid : b.intid;
}

u64 Model::acknowledge(unsigned v, bool alias) {
    Cpu& cpu = cpus_[v];
    const Best b = best(v);
    if (!takes(v, b)) return 1023;
    const u64 result = hppir(v, alias);
    if (result == 1022 || result == 1023) return result;
    const unsigned shift = cpu.group_shift(b.group);
    (b.group == 0 ? cpu.apr : cpu.nsapr) |= bit((b.priority >> shift << shift) / 8);
    Irq& irq = *find(v, b.intid);
    irq.active = true;
    irq.latch = false;
    if (irq.sgi) {
        irq.active_sender = static_cast<int>(result >> 10);
        irq.senders.erase(irq.senders.begin());
    }
    return result;
}

// The running priority drops whatever interrupt is named, unless an alias is used for group 0; GICC_EOIR ends
// group 1 with or without AckCtl.
void Model::end(unsigned v, u64 value, bool alias) {
    Cpu& cpu = cpus_[v];
    if ((value & 0x3ff) >= 1020 || cpu.running() == 255) return;
    const u64 mask = bit(cpu.running() / 8);
    const bool group0 = (cpu.apr & mask) != 0;
    if (alias && group0) return;
    (group0 ? cpu.apr : cpu.nsapr) &= ~mask;
    if ((cpu.ctlr & 0x200) == 0) deactivate(v, value);
}

// Of an SGI only if the sender is right.
void Model::deactivate(unsigned v, u64 value) {
    const u64 intid = value & 0x3ff;
    Irq* irq = intid < 1020 ? find(v, intid) : nullptr;
    if (irq == nullptr) return;
    if (irq->sgi && irq->active_sender >= 0 && irq->active_sender != static_cast<int>(value >> 10 & 7))
        return;
    irq->active = false;
}

}  // namespace trapeze::irqchip::gicv2_test
