#include "gdb/catch_points.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "gdb/packet.h"

namespace trapeze::debug::gdb {
namespace {

using Kind = CatchPoint::Kind;

template <typename... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

constexpr std::string_view kUsage =
    "catch [what]: stop a vCPU before it executes a trapped instruction (after it, for mmio)\n"
    "  catch                       list the catch points\n"
    "  catch hypercall [ID]        HVC and SMC; ID is a function id, as in 0x84000003\n"
    "  catch psci | sdei | trng    the calls of these interfaces\n"
    "  catch sysreg [NAME]         accesses to system registers that trap\n"
    "  catch wfx                   WFI, WFE, WFIT, WFET\n"
    "  catch mmio [ADDRESS]        accesses to devices\n"
    "  catch unexpected            anything else that traps\n"
    "  catch delete [NUMBER]       remove one, or all\n";

struct CallRange {
    std::string_view name;
    u32 first;  // of the SMC32 range; the SMC64 one has bit 30 set too
    u32 last;
};
// DEN0022 "Function IDs", DEN0054 "Function IDs", DEN0098 "Function identifiers".
constexpr CallRange kCallRanges[] = {{"psci", 0x8400'0000, 0x8400'001f},
                                     {"sdei", 0x8400'0020, 0x8400'003f},
                                     {"trng", 0x8400'0050, 0x8400'005f}};
constexpr u32 kSmc64 = 1u << 30;

std::string_view interface_of(u64 function) {
    for (const CallRange& range : kCallRanges) {
        const u64 id = function & ~u64{kSmc64};
        if (id >= range.first && id <= range.last) return range.name;
    }
    return "";
}

std::pair<std::string_view, std::string_view> first_word(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin);
    const auto end = text.find_first_of(" \t");
    if (end == std::string_view::npos) return {text, {}};
    std::string_view rest = text.substr(end);
    const auto next = rest.find_first_not_of(" \t");
    rest = next == std::string_view::npos ? std::string_view() : rest.substr(next);
    while (rest.ends_with(' ') || rest.ends_with('\t')) rest.remove_suffix(1);
    return {text.substr(0, end), rest};
}

std::optional<u64> parse_number(std::string_view text) {
    return parse_hex(text.starts_with("0x") || text.starts_with("0X") ? text.substr(2) : text);
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        return std::toupper(static_cast<unsigned char>(x)) == std::toupper(static_cast<unsigned char>(y));
    });
}

// A name of the Arm ARM's, or S3_0_C4_C6_0.
std::optional<arch::SysReg> parse_sysreg(std::string_view name) {
    for (unsigned encoding = 0; encoding <= 0xffff; ++encoding) {
        const auto reg = arch::SysReg::from_encoding(static_cast<u16>(encoding));
        const char* known = arch::sysreg_name(reg);
        if (known != nullptr ? same_name(known, name)
                             : name.size() > 1 && name[1] >= '0' && name[1] <= '3' &&
                                   same_name(arch::sysreg_to_string(reg), name)) {
            return reg;
        }
    }
    return std::nullopt;
}

std::string rt_name(unsigned rt) {
    return rt == 31 ? "XZR" : fmt::format("X{}", rt);
}

const char* wfx_name(arch::WfxKind kind) {
    switch (kind) {
        case arch::WfxKind::Wfi: return "WFI";
        case arch::WfxKind::Wfe: return "WFE";
        case arch::WfxKind::Wfit: return "WFIT";
        case arch::WfxKind::Wfet: return "WFET";
    }
    return "WFx";
}

std::optional<CatchPoint> parse(std::string_view what, std::string_view operand, std::string& error) {
    CatchPoint point;
    const auto takes_nothing = [&] {
        if (!operand.empty()) error = fmt::format("catch {} takes no argument\n", what);
        return operand.empty();
    };
    const auto parse_value = [&]() -> bool {
        if (operand.empty()) return true;
        const auto value = parse_number(operand);
        if (!value) error = fmt::format("'{}' is not a hexadecimal number\n", operand);
        point.first = point.last = value.value_or(0);
        return value.has_value();
    };
    if (what == "hypercall") {
        if (!parse_value()) return std::nullopt;
    } else if (what == "sysreg") {
        point.kind = Kind::Sysreg;
        if (!operand.empty()) {
            point.reg = parse_sysreg(operand);
            if (!point.reg) {
                error = fmt::format("no system register '{}'\n", operand);
                return std::nullopt;
            }
        }
    } else if (what == "wfx" || what == "wfi") {
        point.kind = Kind::Wfx;
        if (!takes_nothing()) return std::nullopt;
    } else if (what == "mmio") {
        point.kind = Kind::Mmio;
        if (!parse_value()) return std::nullopt;
    } else if (what == "unexpected") {
        point.kind = Kind::Unexpected;
        if (!takes_nothing()) return std::nullopt;
    } else {
        const auto* range = std::ranges::find(kCallRanges, what, &CallRange::name);
        if (range == std::end(kCallRanges)) {
            error = fmt::format("cannot catch '{}'\n{}", what, kUsage);
            return std::nullopt;
        }
        if (!takes_nothing()) return std::nullopt;
        point.first = range->first;
        point.last = range->last;
    }
    point.text = operand.empty() ? std::string(what) : fmt::format("{} {}", what, operand);
    return point;
}

}  // namespace

bool CatchPoint::matches(const trap::Trap& trap, trap::CpuPort& cpu) const {
    switch (kind) {
        case Kind::Hypercall: {
            if (!std::holds_alternative<trap::HypercallTrap>(trap)) return false;
            if (first == 0 && last == ~u64{0}) return true;
            const u64 function = cpu.x(0) & 0xffff'ffff;
            if (first == last) return function == first;
            return (function & ~u64{kSmc64}) >= first && (function & ~u64{kSmc64}) <= last;
        }
        case Kind::Sysreg: {
            const auto* sysreg = std::get_if<trap::SysRegTrap>(&trap);
            return sysreg != nullptr && (!reg || *reg == sysreg->reg);
        }
        case Kind::Wfx: return std::holds_alternative<trap::WfxTrap>(trap);
        case Kind::Mmio: {
            const auto in = [this](u64 address, u64 size) {
                return address <= last && address + size > first;
            };
            if (const auto* mmio = std::get_if<trap::MmioTrap>(&trap))
                return in(mmio->address.value, mmio->size);
            const auto* other = std::get_if<trap::UndescribedMmioTrap>(&trap);
            return other != nullptr && in(other->address.value, 1);
        }
        case Kind::Unexpected: return std::holds_alternative<trap::UnexpectedTrap>(trap);
    }
    return false;
}

std::string describe_trap(const trap::Trap& trap, trap::CpuPort& cpu) {
    return std::visit(
        Overloaded{
            [&](const trap::SysRegTrap& t) {
                const std::string name = arch::sysreg_to_string(t.reg);
                if (t.is_read) return fmt::format("MRS {}, {}", rt_name(t.rt), name);
                return fmt::format("MSR {}, {} = {:#x}", name, rt_name(t.rt), cpu.x(t.rt));
            },
            [&](const trap::HypercallTrap& t) {
                const std::string_view interface = interface_of(cpu.x(0) & 0xffff'ffff);
                return fmt::format("{} #{} X0={:#x}{}{} X1={:#x} X2={:#x} X3={:#x}",
                                   t.conduit == trap::Conduit::Hvc ? "HVC" : "SMC", t.immediate, cpu.x(0),
                                   interface.empty() ? "" : " ", interface, cpu.x(1), cpu.x(2), cpu.x(3));
            },
            [&](const trap::WfxTrap& t) {
                if (!t.rt_valid) return std::string(wfx_name(t.kind));
                return fmt::format("{} {} = {:#x}", wfx_name(t.kind), rt_name(t.rt), cpu.x(t.rt));
            },
            [](const trap::MmioTrap& t) {
                if (!t.is_write)
                    return fmt::format("MMIO read of {} bytes at {:#x}", t.size, t.address.value);
                return fmt::format("MMIO write of {} bytes at {:#x}, value {:#x}", t.size, t.address.value,
                                   t.value);
            },
            [](const trap::UndescribedMmioTrap& t) {
                return fmt::format("MMIO access without a syndrome at {:#x}, ISS {:#x}", t.address.value,
                                   t.iss);
            },
            [](const trap::UnexpectedTrap& t) {
                return fmt::format("{}, ISS {:#x}", arch::exception_class_name(t.ec), t.iss);
            },
        },
        trap);
}

std::string CatchPoints::list() const {
    if (points_.empty()) return "no catch points\n";
    std::string text;
    for (const CatchPoint& p : points_) text += fmt::format("{:<4} {}\n", p.number, p.text);
    return text;
}

std::string CatchPoints::remove(std::string_view which, bool& changed) {
    changed = true;
    if (which.empty()) {
        points_.clear();
        return {};
    }
    const std::size_t removed =
        std::erase_if(points_, [&](const CatchPoint& p) { return fmt::format("{}", p.number) == which; });
    return removed != 0 ? std::string() : fmt::format("no catch point number '{}'\n", which);
}

std::string CatchPoints::command(std::string_view arguments, bool& changed) {
    changed = false;
    const auto [what, operand] = first_word(arguments);
    if (what.empty()) return list();
    if (what == "help") return std::string(kUsage);
    if (what == "delete") return remove(operand, changed);
    if (points_.size() >= kMost) return "too many catch points\n";
    std::string error;
    auto point = parse(what, operand, error);
    if (!point) return error;
    point->number = next_++;
    changed = true;
    points_.push_back(*std::move(point));
    return fmt::format("Catchpoint {} ({})\n", points_.back().number, points_.back().text);
}

vcpu::TrapFilter CatchPoints::filter() const {
    if (points_.empty()) return {};
    const auto points = std::make_shared<const std::vector<CatchPoint>>(points_);
    return [points](const trap::Trap& trap, trap::CpuPort& cpu) -> std::optional<std::string> {
        for (const CatchPoint& p : *points) {
            if (p.matches(trap, cpu))
                return fmt::format("Catchpoint {}: {}", p.number, describe_trap(trap, cpu));
        }
        return std::nullopt;
    };
}

}  // namespace trapeze::debug::gdb
