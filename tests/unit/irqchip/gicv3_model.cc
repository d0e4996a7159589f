#include "gicv3_model.h"

#include <fmt/core.h>

namespace trapeze::irqchip::test {

using namespace arch::reg;

std::string Op::text() const {
    static constexpr const char* kNames[] = {"dist read",     "dist write", "redist read", "redist write",
                                             "icc read",      "icc write",  "level",       "pulse",
                                             "private level", "reset",      "reset cpu"};
    const std::string place =
        kind == IccRead || kind == IccWrite
            ? arch::sysreg_to_string(arch::SysReg::from_encoding(static_cast<u16>(where)))
            : fmt::format("{:#x}", where);
    return fmt::format("{} vcpu={} {} value={:#x} size={}", kNames[kind], vcpu, place, value, size);
}

Model::Model(const std::vector<u64>& mpidrs, u32 spi_count)
    : cpus_(mpidrs.size()), spis_(1024), end_(32 + spi_count) {
    for (unsigned v = 0; v < cpus_.size(); ++v) {
        cpus_[v].mpidr = mpidrs[v] & 0xff'00ff'ffff;
        for (Irq& irq : cpus_[v].irqs) irq.exists = true;
    }
    for (u32 i = 32; i < end_; ++i) spis_[i].exists = true;
    reset();
}

void Model::reset() {
    const auto clear = [](Irq& irq, bool edge) {
        const Irq old = irq;
        irq = {};
        irq.exists = old.exists;
        irq.wire = old.wire;
        irq.edge = edge;
    };
    enable_ = {};
    for (Cpu& cpu : cpus_) {
        for (u32 i = 0; i < 32; ++i) clear(cpu.irqs[i], i < 16);
        Cpu fresh;
        fresh.mpidr = cpu.mpidr;
        fresh.irqs = cpu.irqs;
        cpu = fresh;
    }
    for (Irq& irq : spis_) clear(irq, false);
}

u64 Model::apply(const Op& op) {
    u64 result = 0;
    switch (op.kind) {
        case Op::DistRead: result = dist_read(op.where, op.size); break;
        case Op::DistWrite: dist_write(op.where, op.value, op.size); break;
        case Op::RedistRead: result = redist_read(op.vcpu, op.where, op.size); break;
        case Op::RedistWrite: redist_write(op.vcpu, op.where, op.value, op.size); break;
        case Op::IccRead:
            result = icc_read(op.vcpu, arch::SysReg::from_encoding(static_cast<u16>(op.where)));
            break;
        case Op::IccWrite:
            icc_write(op.vcpu, arch::SysReg::from_encoding(static_cast<u16>(op.where)), op.value);
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
            Cpu& cpu = cpus_[op.vcpu];
            Cpu fresh;
            fresh.mpidr = cpu.mpidr;
            fresh.irqs = cpu.irqs;
            fresh.asleep = cpu.asleep;
            fresh.dpg = cpu.dpg;
            cpu = fresh;
            break;
        }
    }
    settle();
    return result;
}

unsigned Model::Cpu::running() const {
    for (unsigned level = 0; level < 32; ++level) {
        if (((ap[0] | ap[1]) >> level & 1) != 0) return level * 8;
    }
    return 255;
}

int Model::Cpu::running_group() const {
    const unsigned priority = running();
    if (priority == 255) return -1;
    return (ap[0] >> priority / 8 & 1) != 0 ? 0 : 1;
}

// How many low bits of a priority are subpriority.
unsigned Model::Cpu::group_shift(unsigned group) const {
    return group == 0 || cbpr ? bpr[0] + 1 : bpr[1];
}

bool Model::Cpu::would_take(unsigned group, unsigned priority) const {
    if (priority >= pmr) return false;
    return running() == 255 || priority >> group_shift(group) < running() >> group_shift(group);
}

Model::Irq* Model::find(unsigned v, u64 intid) {
    if (intid < 32) return &cpus_[v].irqs[intid];
    return intid < 1020 && spis_[intid].exists ? &spis_[intid] : nullptr;
}

Model::Best Model::best(unsigned v) const {
    Best result;
    const Cpu& cpu = cpus_[v];
    if (cpu.asleep) return result;
    const auto consider = [&](u32 intid, const Irq& irq) {
        if (!irq.wants_attention() || !enable_[irq.group] || !cpu.enable[irq.group]) return;
        if (irq.priority < result.priority) result = {intid, irq.priority, irq.group};
    };
    for (u32 i = 0; i < 32; ++i) consider(i, cpu.irqs[i]);
    for (u32 i = 32; i < end_; ++i) {
        if (spis_[i].target == static_cast<int>(v)) consider(i, spis_[i]);
    }
    return result;
}

int Model::signalled(unsigned v) const {
    const Best b = best(v);
    return b.intid != 1023 && cpus_[v].would_take(b.group, b.priority) ? static_cast<int>(b.group) : -1;
}

// 1 of N: stay with a vCPU that would take it; else the first that would, counting from INTID modulo the
// number of vCPUs; else stay with one that might; else the first that might.
int Model::choose(u32 intid) const {
    const Irq& irq = spis_[intid];
    const auto might = [&](const Cpu& cpu) {
        return !cpu.asleep && !cpu.dpg[irq.group] && cpu.enable[irq.group];
    };
    const auto would = [&](const Cpu& cpu) { return might(cpu) && cpu.would_take(irq.group, irq.priority); };
    if (irq.target >= 0 && would(cpus_[static_cast<unsigned>(irq.target)])) return irq.target;
    const auto count = static_cast<unsigned>(cpus_.size());
    for (unsigned i = 0; i < count; ++i) {
        if (would(cpus_[(intid + i) % count])) return static_cast<int>((intid + i) % count);
    }
    if (irq.target >= 0 && might(cpus_[static_cast<unsigned>(irq.target)])) return irq.target;
    for (unsigned i = 0; i < count; ++i) {
        if (might(cpus_[(intid + i) % count])) return static_cast<int>((intid + i) % count);
    }
    return -1;
}

void Model::settle() {
    for (u32 i = 32; i < end_; ++i) {
        Irq& irq = spis_[i];
        if (!irq.wants_attention()) {
            irq.target = -1;
        } else if ((irq.router & bit(31)) != 0) {
            irq.target = choose(i);
        } else {
            irq.target = -1;
            for (unsigned v = 0; v < cpus_.size(); ++v) {
                if (cpus_[v].mpidr == irq.router) irq.target = static_cast<int>(v);
            }
        }
    }
}

u64 Model::dist_read(u64 offset, unsigned size) {
    if (offset == 0 && size == 4) return 0x50u | (enable_[0] ? 1u : 0u) | (enable_[1] ? 2u : 0u);
    if (offset >= 0x6100 && offset < 0x6000 + 8 * 1020 && size >= 4 && offset % size == 0) {
        const Irq& irq = spis_[(offset - 0x6000) / 8];
        const u64 value = size == 8 || offset % 8 == 0 ? irq.router : irq.router >> 32;
        return size == 8 ? value : value & 0xffff'ffff;
    }
    return bank_read(0, offset, size, 32, 1024);
}

void Model::dist_write(u64 offset, u64 value, unsigned size) {
    if (offset == 0 && size == 4) {
        enable_ = {(value & 1) != 0, (value & 2) != 0};
    } else if (offset >= 0x6100 && offset < 0x6000 + 8 * 1020 && size >= 4 && offset % size == 0) {
        Irq& irq = spis_[(offset - 0x6000) / 8];
        if (!irq.exists) return;
        if (size == 4 && offset % 8 == 0) value = (irq.router & ~u64{0xffff'ffff}) | value;
        if (size == 4 && offset % 8 == 4) value = (irq.router & 0xffff'ffff) | value << 32;
        irq.router = value & 0xff'80ff'ffff;
    } else {
        bank_write(0, offset, value, size, 32, 1024);
    }
}

u64 Model::redist_read(unsigned v, u64 offset, unsigned size) {
    const Cpu& cpu = cpus_[v];
    if (offset == 0 && size == 4) return (cpu.dpg[0] ? bit(24) : 0) | (cpu.dpg[1] ? bit(25) : 0);
    if (offset == 0x14 && size == 4) return cpu.asleep ? 6 : 0;
    return offset >= 0x10000 ? bank_read(v, offset - 0x10000, size, 0, 32) : 0;
}

void Model::redist_write(unsigned v, u64 offset, u64 value, unsigned size) {
    Cpu& cpu = cpus_[v];
    if (offset == 0 && size == 4) {
        cpu.dpg = {(value & bit(24)) != 0, (value & bit(25)) != 0};
    } else if (offset == 0x14 && size == 4) {
        cpu.asleep = (value & 2) != 0;
    } else if (offset >= 0x10000) {
        bank_write(v, offset - 0x10000, value, size, 0, 32);
    }
}

u64 Model::bank_read(unsigned v, u64 offset, unsigned size, u32 first, u32 end) {
    u64 result = 0;
    if (offset >= 0x400 && offset < 0x7fc && (size == 1 || size == 4) && offset % size == 0) {
        for (u32 i = 0; i < size; ++i) {
            const u64 intid = offset - 0x400 + i;
            const Irq* irq = intid >= first && intid < end ? find(v, intid) : nullptr;
            if (irq != nullptr) result |= u64{irq->priority} << 8 * i;
        }
        return result;
    }
    if (size != 4 || offset % 4 != 0) return 0;
    if (offset >= 0xc00 && offset < 0xd00) {
        for (u32 i = 0; i < 16; ++i) {
            const u64 intid = (offset - 0xc00) * 4 + i;
            const Irq* irq = intid >= first && intid < end ? find(v, intid) : nullptr;
            if (irq != nullptr && irq->edge) result |= bit(2 * i + 1);
        }
        return result;
    }
    if (offset < 0x80 || offset >= 0x400) return 0;
    for (u32 i = 0; i < 32; ++i) {
        const u64 intid = offset % 0x80 * 8 + i;
        const Irq* irq = intid >= first && intid < end ? find(v, intid) : nullptr;
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

void Model::bank_write(unsigned v, u64 offset, u64 value, unsigned size, u32 first, u32 end) {
    const auto in_frame = [&](u64 intid) { return intid >= first && intid < end ? find(v, intid) : nullptr; };
    if (offset >= 0x400 && offset < 0x7fc && (size == 1 || size == 4) && offset % size == 0) {
        for (u32 i = 0; i < size; ++i) {
            if (Irq* irq = in_frame(offset - 0x400 + i)) irq->priority = value >> 8 * i & 0xf8;
        }
        return;
    }
    if (size != 4 || offset % 4 != 0) return;
    if (offset >= 0xc00 && offset < 0xd00) {
        for (u32 i = 0; i < 16; ++i) {
            const u64 intid = (offset - 0xc00) * 4 + i;
            Irq* irq = in_frame(intid);
            if (irq != nullptr && intid >= 16) irq->edge = (value >> (2 * i + 1) & 1) != 0;
        }
        return;
    }
    if (offset < 0x80 || offset >= 0x400) return;
    for (u32 i = 0; i < 32; ++i) {
        Irq* irq = in_frame(offset % 0x80 * 8 + i);
        if (irq == nullptr) continue;
        const bool on = (value >> i & 1) != 0;
        const u64 bank = offset / 0x80;
        if (bank == 1) irq->group = on ? 1 : 0;
        if (!on) continue;
        if (bank == 2 || bank == 3) irq->enabled = bank == 2;
        if (bank == 4 || bank == 5) irq->latch = bank == 4;
        if (bank == 6 || bank == 7) irq->active = bank == 6;
    }
}

u64 Model::icc_read(unsigned v, arch::SysReg reg) {
    const Cpu& cpu = cpus_[v];
    const Best b = best(v);
    if (reg == ICC_PMR_EL1) return cpu.pmr;
    if (reg == ICC_BPR0_EL1) return cpu.bpr[0];
    if (reg == ICC_BPR1_EL1) return !cpu.cbpr ? cpu.bpr[1] : cpu.bpr[0] == 7 ? 7 : cpu.bpr[0] + 1;
    if (reg == ICC_AP0R0_EL1) return cpu.ap[0];
    if (reg == ICC_AP1R0_EL1) return cpu.ap[1];
    if (reg == ICC_CTLR_EL1) return 0x48400u | (cpu.cbpr ? 1u : 0u) | (cpu.eoimode ? 2u : 0u);
    if (reg == ICC_SRE_EL1) return 7;
    if (reg == ICC_IGRPEN0_EL1) return cpu.enable[0] ? 1 : 0;
    if (reg == ICC_IGRPEN1_EL1) return cpu.enable[1] ? 1 : 0;
    if (reg == ICC_RPR_EL1) return cpu.running();
    if (reg == ICC_HPPIR0_EL1) return b.group == 0 ? b.intid : 1023;
    if (reg == ICC_HPPIR1_EL1) return b.group == 1 ? b.intid : 1023;
    if (reg == ICC_IAR0_EL1) return acknowledge(v, 0);
    if (reg == ICC_IAR1_EL1) return acknowledge(v, 1);
    return 0;
}

void Model::icc_write(unsigned v, arch::SysReg reg, u64 value) {
    Cpu& cpu = cpus_[v];
    const auto bpr = static_cast<unsigned>(value % 8);
    if (reg == ICC_PMR_EL1) cpu.pmr = value & 0xf8;
    if (reg == ICC_BPR0_EL1) cpu.bpr[0] = bpr < 2 ? 2 : bpr;
    if (reg == ICC_BPR1_EL1 && !cpu.cbpr) cpu.bpr[1] = bpr < 3 ? 3 : bpr;
    if (reg == ICC_AP0R0_EL1) cpu.ap[0] = static_cast<u32>(value);
    if (reg == ICC_AP1R0_EL1) cpu.ap[1] = static_cast<u32>(value);
    if (reg == ICC_CTLR_EL1) {
        cpu.cbpr = (value & 1) != 0;
        cpu.eoimode = (value & 2) != 0;
    }
    if (reg == ICC_IGRPEN0_EL1) cpu.enable[0] = (value & 1) != 0;
    if (reg == ICC_IGRPEN1_EL1) cpu.enable[1] = (value & 1) != 0;
    if (reg == ICC_EOIR0_EL1) end_of_interrupt(v, 0, value & 0xff'ffff);
    if (reg == ICC_EOIR1_EL1) end_of_interrupt(v, 1, value & 0xff'ffff);
    if (reg == ICC_DIR_EL1 && cpu.eoimode) deactivate(v, value & 0xff'ffff);
    if (reg == ICC_SGI1R_EL1) send_sgi(v, value, true);
    if (reg == ICC_SGI0R_EL1 || reg == ICC_ASGI1R_EL1) send_sgi(v, value, false);
}

u64 Model::acknowledge(unsigned v, unsigned group) {
    Cpu& cpu = cpus_[v];
    const Best b = best(v);
    if (b.intid == 1023 || b.group != group || !cpu.would_take(group, b.priority)) return 1023;
    const unsigned shift = cpu.group_shift(group);
    cpu.ap[group] |= 1u << ((b.priority >> shift << shift) / 8);
    Irq& irq = *find(v, b.intid);
    irq.active = true;
    irq.latch = false;
    return b.intid;
}

// Software that ends an interrupt of the group that is running drops the priority, whichever INTID it names.
void Model::end_of_interrupt(unsigned v, unsigned group, u64 intid) {
    Cpu& cpu = cpus_[v];
    if (find(v, intid) == nullptr || cpu.running_group() != static_cast<int>(group)) return;
    cpu.ap[group] &= ~(1u << cpu.running() / 8);
    if (!cpu.eoimode) deactivate(v, intid);
}

void Model::deactivate(unsigned v, u64 intid) {
    if (Irq* irq = find(v, intid)) irq->active = false;
}

void Model::send_sgi(unsigned v, u64 value, bool group1_too) {
    for (unsigned t = 0; t < cpus_.size(); ++t) {
        const u64 mpidr = cpus_[t].mpidr;
        bool hit = false;
        if ((value >> 40 & 1) != 0) {
            hit = t != v;
        } else {
            const bool same_cluster = (mpidr >> 32 & 0xff) == (value >> 48 & 0xff) &&
                                      (mpidr >> 16 & 0xff) == (value >> 32 & 0xff) &&
                                      (mpidr >> 8 & 0xff) == (value >> 16 & 0xff);
            const u64 aff0 = mpidr & 0xff;
            hit = same_cluster && aff0 / 16 == (value >> 44 & 0xf) && (value >> aff0 % 16 & 1) != 0;
        }
        Irq& irq = cpus_[t].irqs[value >> 24 & 0xf];
        if (hit && (group1_too || irq.group == 0)) irq.latch = true;
    }
}

}  // namespace trapeze::irqchip::test
