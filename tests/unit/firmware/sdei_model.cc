#include "sdei_model.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace trapeze::firmware::test {
namespace {

constexpr u32 kFirst = 0x4000'0000;

}  // namespace

std::string SdeiOp::text() const {
    static constexpr const char* kNames[] = {"call",       "wire",    "pulse",    "private wire", "inject",
                                             "inject nmi", "deliver", "activity", "reset",        "reset pe"};
    return fmt::format("{} pe={} {:#x}", kNames[kind], pe, fmt::join(x, " "));
}

std::string SdeiModel::Answer::text() const {
    if (!goes) return fmt::format("{}", x0);
    std::string text = fmt::format("to {:#x} pstate {:#x}{} x {:#x}", pc, pstate,
                                   as_exception ? " as exception" : "", fmt::join(x, " "));
    if (exception_return)
        text += fmt::format(", elr {:#x} spsr {:#x}", exception_return->first, exception_return->second);
    return text;
}

SdeiModel::SdeiModel(std::vector<u64> mpidrs, u32 shared_wires, bool private_wires, SdeiFault fault)
    : mpidrs_(std::move(mpidrs)),
      shared_wires_(shared_wires),
      private_wires_(private_wires),
      fault_(fault),
      running_(mpidrs_.size()),
      masked_(mpidrs_.size(), true) {}

// --- What there is -----------------------------------------------------------------------------------------

bool SdeiModel::is_slot(u32 event) {
    return (event >= kFirst + 0x100 && event < kFirst + 0x108) ||
           (event >= kFirst + 0x200 && event < kFirst + 0x210);
}
bool SdeiModel::exists(u32 event) {
    return event == 0 || (event > kFirst && event <= kFirst + 3) || is_slot(event);
}
bool SdeiModel::is_shared(u32 event) {
    return event == kFirst + 2 || event == kFirst + 3 || event >= kFirst + 0x200;
}
bool SdeiModel::is_critical(u32 event) {
    return event == kFirst + 1 || event == kFirst + 3;
}
// In the order in which those that are pending at the same time are delivered: private ones first.
const std::vector<u32>& SdeiModel::all_events() {
    static const std::vector<u32> kEvents = [] {
        std::vector<u32> list{0, kFirst + 1};
        for (u32 n = 0; n < 8; ++n) list.push_back(kFirst + 0x100 + n);
        list.insert(list.end(), {kFirst + 2, kFirst + 3});
        for (u32 n = 0; n < 16; ++n) list.push_back(kFirst + 0x200 + n);
        return list;
    }();
    return kEvents;
}

// --- What is
// ------------------------------------------------------------------------------------------------

const SdeiModel::Handler* SdeiModel::find(unsigned pe, u32 event) const {
    const auto at = handlers_.find(key(pe, event));
    return at != handlers_.end() ? &at->second : nullptr;
}
bool SdeiModel::runs_on(unsigned pe, u32 event) const {
    return std::ranges::any_of(running_[pe], [&](const Stacked& s) { return s.event == event; });
}
bool SdeiModel::runs(unsigned pe, u32 event) const {
    if (!is_shared(event)) return runs_on(pe, event);
    for (unsigned other = 0; other < running_.size(); ++other) {
        if (runs_on(other, event)) return true;
    }
    return false;
}
bool SdeiModel::level(unsigned pe, u32 intid) const {
    return intid < 32 ? private_high_.contains({pe, intid}) : high_.contains(intid);
}
bool SdeiModel::can_take(unsigned pe, bool critical) const {
    if (masked_[pe] && fault_ != SdeiFault::MaskedPeTakesEvents) return false;
    if (running_[pe].size() == 2) return false;
    if (running_[pe].empty()) return true;
    if (!critical) return fault_ == SdeiFault::NormalInterruptsNormal;
    return !is_critical(running_[pe][0].event) && fault_ != SdeiFault::CriticalInterruptsNothing;
}
bool SdeiModel::pending(unsigned pe, u32 event) const {
    const Handler* h = find(pe, event);
    if (h == nullptr) return false;
    const auto bound = bindings_.find(event);
    return h->raised || (bound != bindings_.end() && level(pe, bound->second));
}
bool SdeiModel::startable(unsigned pe, u32 event) const {
    return pending(pe, event) && find(pe, event)->enabled && !runs(pe, event);
}
// Who would take this event now; -1: nobody can.
int SdeiModel::receiver(unsigned pe, u32 event) const {
    const bool critical = is_critical(event);
    if (!is_shared(event)) return can_take(pe, critical) ? static_cast<int>(pe) : -1;
    const int target = find(pe, event)->target;
    for (unsigned other = 0; other < running_.size(); ++other) {
        if (target >= 0 && target != static_cast<int>(other) && fault_ != SdeiFault::RoutingIsIgnored)
            continue;
        if (can_take(other, critical)) return static_cast<int>(other);
    }
    return -1;
}
std::optional<u32> SdeiModel::due(unsigned pe) const {
    for (const bool critical : {true, false}) {
        if (!can_take(pe, critical)) continue;
        for (const u32 event : all_events()) {
            if (is_critical(event) != critical || !startable(pe, event)) continue;
            if (receiver(pe, event) == static_cast<int>(pe)) return event;
        }
    }
    return std::nullopt;
}
int SdeiModel::find_pe(u64 mpidr) const {
    for (std::size_t pe = 0; pe < mpidrs_.size(); ++pe) {
        if (((mpidrs_[pe] ^ mpidr) & 0xff'00ff'ffff) == 0) return static_cast<int>(pe);
    }
    return -1;
}
// Whether the guest handles this interrupt as an event, so that the controller must not see it.
bool SdeiModel::diverted(unsigned pe, u32 intid) const {
    for (const auto& [event, bound] : bindings_) {
        if (bound == intid && find(pe, event) != nullptr) return true;
    }
    return false;
}
std::set<u32> SdeiModel::controller_wires() const {
    std::set<u32> wires = high_;
    if (fault_ != SdeiFault::ControllerKeepsTheWire)
        std::erase_if(wires, [this](u32 w) { return diverted(0, w); });
    return wires;
}
std::set<std::pair<u32, u32>> SdeiModel::controller_private_wires() const {
    std::set<std::pair<u32, u32>> wires = private_high_;
    std::erase_if(wires, [this](const auto& w) { return diverted(w.first, w.second); });
    return wires;
}
s64 SdeiModel::status(unsigned pe, u32 event) const {
    const Handler* h = find(pe, event);
    return (h != nullptr ? 1 : 0) + (h != nullptr && h->enabled ? 2 : 0) + (runs(pe, event) ? 4 : 0);
}

// --- What happens
// -------------------------------------------------------------------------------------------

SdeiModel::Answer SdeiModel::apply(const SdeiOp& op, const std::vector<u64>& registers, u64 vbar) {
    const auto number = static_cast<u32>(op.x[1]);
    const bool up = op.x[2] != 0;
    switch (op.kind) {
        case SdeiOp::Call: return call(op.pe, op.x);
        case SdeiOp::Wire: up ? void(high_.insert(number)) : void(high_.erase(number)); break;
        case SdeiOp::PrivateWire:
            up ? void(private_high_.insert({op.pe, number})) : void(private_high_.erase({op.pe, number}));
            break;
        case SdeiOp::Pulse:
            if (!diverted(0, number)) {
                ++pulses_;
                break;
            }
            for (const auto& [event, intid] : bindings_) {
                if (intid == number) handlers_[key(0, event)].raised = true;
            }
            break;
        case SdeiOp::Inject: return {.x0 = inject(op.pe, number)};
        case SdeiOp::InjectNmi: return {.x0 = inject_nmi()};
        case SdeiOp::Deliver: return deliver(op, registers, vbar);
        case SdeiOp::Activity: activity_[number] = op.x[2]; break;
        case SdeiOp::Reset: reset(); break;
        case SdeiOp::ResetPe: reset_pe(op.pe); break;
    }
    return {};
}

SdeiModel::Answer SdeiModel::deliver(const SdeiOp& op, const std::vector<u64>& registers, u64 vbar) {
    const std::optional<u32> event = due(op.pe);
    if (!event) return {};
    Handler& h = handlers_[key(op.pe, *event)];
    h.raised = false;
    const auto bound = bindings_.find(*event);
    if (bound != bindings_.end() && fault_ == SdeiFault::WireIsAnEdge) high_.erase(bound->second);
    Stacked stacked{*event, {.pc = op.x[1], .pstate = op.x[2]}};
    for (unsigned n = 0; n < 18; ++n) stacked.context.x[n] = registers[n];
    running_[op.pe].push_back(stacked);
    const bool relative = (h.flags & 2) != 0 && fault_ != SdeiFault::RelativeIsAbsolute;
    return {.goes = true,
            .pc = relative ? vbar + h.entry : h.entry,
            .pstate = op.x[2],
            .as_exception = true,
            .x = {*event, h.argument, op.x[1], op.x[2]}};
}

s64 SdeiModel::inject(unsigned pe, u32 event) {
    if (!exists(event) || find(pe, event) == nullptr || pending(pe, event)) return -1;
    handlers_[key(pe, event)].raised = true;
    return startable(pe, event) && receiver(pe, event) >= 0 ? 1 : 2;
}

s64 SdeiModel::inject_nmi() {
    s64 result = -1;
    for (auto& [at, handler] : handlers_) {
        if (at.second != 0 || !handler.enabled) continue;
        handler.raised = true;
        result = 2;
    }
    return result;
}

void SdeiModel::reset_pe(unsigned pe) {
    running_[pe].clear();
    masked_[pe] = true;
    if (fault_ == SdeiFault::PeResetKeepsPrivateHandlers) return;
    std::erase_if(handlers_, [&](const auto& h) { return h.first.first == static_cast<int>(pe); });
}

void SdeiModel::reset() {
    for (unsigned pe = 0; pe < running_.size(); ++pe) reset_pe(pe);
    handlers_.clear();
    if (fault_ != SdeiFault::ResetKeepsBindings) bindings_.clear();
}

// --- In the form of a snapshot
// -------------------------------------------------------------------------------

SdeiSnapshot SdeiModel::snapshot() const {
    SdeiSnapshot out;
    const auto saved = [this](unsigned pe, u32 event) {
        SdeiEventSnapshot one{.event = event, .status = static_cast<u64>(status(pe, event))};
        if (const Handler* h = find(pe, event)) {
            one.raised = h->raised;
            one.entry = h->entry;
            one.argument = h->argument;
            one.flags = h->flags;
            if (h->target >= 0) one.affinity = mpidrs_[static_cast<unsigned>(h->target)] & 0xff'00ff'ffff;
        }
        return one;
    };
    for (unsigned pe = 0; pe < running_.size(); ++pe) {
        SdeiPeSnapshot& to = out.pes.emplace_back();
        to.masked = masked_[pe];
        for (const Stacked& s : running_[pe]) to.running.push_back({s.event, s.context});
        for (const auto& [owner, intid] : private_high_) {
            if (owner == pe) to.private_wires |= 1u << intid;
        }
        for (const u32 event : all_events()) {
            if (!is_shared(event) && status(pe, event) != 0) to.events.push_back(saved(pe, event));
        }
    }
    for (const u32 event : all_events()) {
        if (is_shared(event) && status(0, event) != 0) out.events.push_back(saved(0, event));
    }
    for (const auto& [event, intid] : bindings_) out.bindings.push_back({event, intid});
    out.shared_wires.assign(high_.begin(), high_.end());
    return out;
}

}  // namespace trapeze::firmware::test
