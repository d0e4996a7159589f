#include "gdb/machine_target.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace trapeze::debug::gdb {
namespace {

using Kind = vcpu::DebugEvent::Kind;

bool is_watch(PointKind kind) {
    return kind >= PointKind::WriteWatch;
}

accel::WatchKind watch_kind(PointKind kind) {
    if (kind == PointKind::WriteWatch) return accel::WatchKind::Write;
    return kind == PointKind::ReadWatch ? accel::WatchKind::Read : accel::WatchKind::Access;
}

// As few watchpoint registers as possible for any range: one for what fits into one, else one per doubleword.
void add_watchpoints(std::vector<accel::Watchpoint>& list, accel::WatchKind kind, u64 address, u64 length) {
    if (accel::is_watchable(address, length)) {
        list.push_back({address, length, kind});
        return;
    }
    constexpr std::size_t kMost = 16;  // more than any CPU has
    while (length > 0 && list.size() <= kMost) {
        const u64 part = std::min(8 - address % 8, length);
        list.push_back({address, part, kind});
        address += part;
        length -= part;
    }
}

}  // namespace

MachineTarget::MachineTarget(MachineControl& machine, Monitor monitor)
    : machine_(machine), monitor_(std::move(monitor)), code_(machine) {}

std::string MachineTarget::cpu_description(std::size_t cpu) {
    const char* state = "running";
    switch (machine_.cpu(cpu).power_state()) {
        case vcpu::PowerState::Off: state = "off"; break;
        case vcpu::PowerState::OnPending: state = "turning on"; break;
        case vcpu::PowerState::On: break;
    }
    return fmt::format("CPU#{} [{}]", cpu, state);
}

// gdb applies the map to the addresses it uses, and refuses to touch what is not in it. Virtual ones can be
// anything.
std::string MachineTarget::memory_map_xml(bool physical) {
    std::string text =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map "
        "V1.0//EN\" "
        "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n";
    const auto add = [&text](u64 start, u64 length) {
        text += fmt::format("<memory type=\"ram\" start=\"{:#x}\" length=\"{:#x}\"/>\n", start, length);
    };
    if (physical) {
        for (const auto& region : machine_.memory().regions())
            add(region.range.base.value, region.range.size);
    } else {
        constexpr u64 kHalf = u64{1} << 63;
        add(0, kHalf);
        add(kHalf, kHalf);
    }
    return text + "</memory-map>\n";
}

// --- Registers
// -----------------------------------------------------------------------------------------------------

const RegisterLayout& MachineTarget::layout() {
    if (layout_) return *layout_;
    vcpu::Vcpu& cpu = machine_.cpu(0);
    RegisterInputs inputs{.vector_length = cpu.accel().vector_length(), .pauth = false, .system = {}};
    const u64 isar1 = cpu.read_sysreg(arch::reg::ID_AA64ISAR1_EL1).value_or(0);
    const u64 isar2 = cpu.read_sysreg(arch::reg::ID_AA64ISAR2_EL1).value_or(0);
    // ID_AA64ISAR1_EL1.{APA, API}, ID_AA64ISAR2_EL1.APA3: address authentication.
    inputs.pauth = extract(isar1, 11, 4) != 0 || extract(isar2, 15, 12) != 0;
    for (const arch::SysReg reg : readable_system_registers()) {
        if (read_system_register(cpu, reg)) inputs.system.push_back(reg);
    }
    return layout_.emplace(make_register_layout(inputs));
}

std::size_t MachineTarget::register_size(unsigned number) {
    return number < layout().registers.size() ? layout().registers[number].bytes : 0;
}

bool MachineTarget::read_register(std::size_t cpu, unsigned number, std::span<u8> to) {
    return read_cpu_register(machine_.cpu(cpu), layout().registers[number], to);
}

bool MachineTarget::write_register(std::size_t cpu, unsigned number, std::span<const u8> from) {
    return write_cpu_register(machine_.cpu(cpu), layout().registers[number], from);
}

u64 MachineTarget::pc(std::size_t cpu) {
    return machine_.cpu(cpu).accel().get(accel::CoreReg::Pc);
}

void MachineTarget::set_pc(std::size_t cpu, u64 value) {
    machine_.cpu(cpu).accel().set(accel::CoreReg::Pc, value);
}

// --- Memory
// --------------------------------------------------------------------------------------------------------

std::size_t MachineTarget::read_memory(std::size_t cpu, u64 address, std::span<u8> to, bool physical) {
    return code_.read(cpu, address, to, physical);
}

bool MachineTarget::write_memory(std::size_t cpu, u64 address, std::span<const u8> from, bool physical) {
    return code_.write(cpu, address, from, physical);
}

// --- Breakpoints and watchpoints
// -------------------------------------------------------------------------------------

const MachineTarget::Point* MachineTarget::find(PointKind kind, u64 address) const {
    const auto at =
        std::ranges::find_if(points_, [&](const Point& p) { return p.kind == kind && p.address == address; });
    return at == points_.end() ? nullptr : &*at;
}

accel::GuestDebug MachineTarget::debug_registers() const {
    accel::GuestDebug debug;
    debug.software_breakpoints = code_.has_patches();
    for (const Point& p : points_) {
        if (is_watch(p.kind)) {
            add_watchpoints(debug.watchpoints, watch_kind(p.kind), p.address, p.length);
        } else if (!p.patched) {
            debug.breakpoints.push_back(p.address);
        }
    }
    return debug;
}

bool MachineTarget::fits(const accel::GuestDebug& debug) {
    if (!limits_) limits_ = machine_.cpu(0).accel().debug_limits();
    return debug.breakpoints.size() <= limits_->breakpoints &&
           debug.watchpoints.size() <= limits_->watchpoints;
}

PointResult MachineTarget::insert(std::size_t cpu, PointKind kind, u64 address, u64 length) {
    Point point{kind, address, length, std::nullopt};
    for (const Point& p : points_) {
        if (p.kind == kind && p.address == address && p.length == length) return PointResult::Done;
    }
    if (points_.size() >= kMostPoints) return PointResult::Failed;
    if (!is_watch(kind) && (address % 4 != 0 || length != 4)) return PointResult::Failed;
    if (is_watch(kind) && length == 0) return PointResult::Failed;
    if (kind == PointKind::Software) {
        const auto at = code_.translate(cpu, address);
        if (at && code_.patch(*at)) point.patched = *at;
    }
    // A software breakpoint where nothing is mapped yet, such as start_kernel before the MMU is on, becomes a
    // hardware one.
    points_.push_back(point);
    if (fits(debug_registers())) return PointResult::Done;
    points_.pop_back();
    return kind == PointKind::Software ? PointResult::Failed : PointResult::Unsupported;
}

PointResult MachineTarget::remove(PointKind kind, u64 address, u64 length) {
    const auto at = std::ranges::find_if(points_, [&](const Point& p) {
        return p.kind == kind && p.address == address && p.length == length;
    });
    if (at == points_.end()) return PointResult::Failed;
    if (at->patched) code_.unpatch(*at->patched);
    points_.erase(at);
    return PointResult::Done;
}

void MachineTarget::remove_all() {
    for (const Point& p : points_) {
        if (p.patched) code_.unpatch(*p.patched);
    }
    points_.clear();
}

std::optional<StopInfo> MachineTarget::explain(std::size_t cpu, const vcpu::DebugEvent& event) {
    StopInfo stop{.cpu = cpu};
    switch (event.kind) {
        case Kind::Step:
        case Kind::Catch: return stop;
        case Kind::SoftwareBreakpoint: {
            const auto at = code_.translate(cpu, event.pc);
            if (!at || !code_.is_patched(*at)) return std::nullopt;
            stop.reason = StopInfo::Reason::SoftwareBreak;
            return stop;
        }
        case Kind::HardwareBreakpoint:
            stop.reason = find(PointKind::Hardware, event.pc) != nullptr ? StopInfo::Reason::HardwareBreak
                                                                         : StopInfo::Reason::SoftwareBreak;
            return stop;
        case Kind::Watchpoint: break;
    }
    // The address reported may lie before what is watched, when an access that begins there reaches into it.
    const Point* best = nullptr;
    u64 distance = ~u64{0};
    for (const Point& p : points_) {
        if (!is_watch(p.kind)) continue;
        const u64 away = event.address >= p.address && event.address - p.address < p.length ? 0
                         : p.address > event.address ? p.address - event.address
                                                     : event.address - (p.address + p.length - 1);
        if (best != nullptr && away >= distance) continue;
        best = &p;
        distance = away;
    }
    if (best != nullptr) {
        stop.reason = StopInfo::Reason::Watch;
        stop.watch = best->kind;
        stop.address = distance == 0 ? event.address : best->address;
    }
    return stop;
}

// --- Running
// -------------------------------------------------------------------------------------------------------

void MachineTarget::stop() {
    machine_.stop(RunState::Debug);
}

bool MachineTarget::apply(std::size_t cpu, ResumeAction action, unsigned step_flags, std::string& error) {
    vcpu::DebugSettings settings{
        .guest = debug_registers(), .held = action == ResumeAction::Hold, .catches = catches_};
    settings.guest.single_step = action == ResumeAction::Step;
    settings.guest.mask_interrupts = settings.guest.single_step && (step_flags & kStepNoIrq) != 0;
    const Result<> applied = machine_.cpu(cpu).set_debug(std::move(settings));
    if (!applied) error = applied.error().message();
    return applied.has_value();
}

bool MachineTarget::resume(std::span<const ResumeAction> actions, unsigned step_flags, std::string& error) {
    step_flags_ = step_flags;
    for (std::size_t cpu = 0; cpu < actions.size(); ++cpu) {
        if (!apply(cpu, actions[cpu], step_flags, error)) return false;
    }
    if (const Result<> running = machine_.cont(); !running) {
        error = running.error().message();
        return false;
    }
    return true;
}

void MachineTarget::settle() {
    std::string ignored;
    for (std::size_t cpu = 0; cpu < machine_.cpu_count(); ++cpu) {
        machine_.cpu(cpu).settle_power_on();
        (void)apply(cpu, ResumeAction::Continue, step_flags_, ignored);
    }
}

void MachineTarget::was_reset() {
    code_.reapply();
}

bool MachineTarget::step_again(std::size_t cpu) {
    vcpu::Vcpu& vcpu = machine_.cpu(cpu);
    vcpu.pause();
    vcpu.wait_paused();
    std::string ignored;
    const bool applied = apply(cpu, ResumeAction::Step, step_flags_, ignored);
    if (applied) vcpu.resume();
    return applied;
}

void MachineTarget::reflect(std::size_t cpu) {
    vcpu::Vcpu& vcpu = machine_.cpu(cpu);
    vcpu.pause();
    vcpu.wait_paused();
    u8 bytes[4] = {};
    const u64 at = pc(cpu);
    const u32 brk = vcpu::brk_instruction(vcpu::kDebuggerBrk);
    const bool there =
        code_.read(cpu, at, bytes, false) == sizeof(bytes) && std::memcmp(bytes, &brk, sizeof(brk)) == 0;
    // Otherwise the breakpoint has been removed since: the instruction below it runs.
    if (there) vcpu.reflect_breakpoint();
    vcpu.resume();
}

void MachineTarget::kill() {
    machine_.quit(ShutdownCause::HostUi);
}

}  // namespace trapeze::debug::gdb
