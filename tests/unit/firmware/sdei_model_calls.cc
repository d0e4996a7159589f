// The calls of the reference model.
#include <algorithm>

#include "sdei_model.h"

namespace trapeze::firmware::test {
namespace {

constexpr s64 kNotSupported = -1, kInvalid = -2, kDenied = -3, kPending = -5, kNoResource = -10;
constexpr u32 kFirst = 0xc400'0020;
constexpr u64 kVendor = 0x7472'707a;

}  // namespace

SdeiModel::Answer SdeiModel::call(unsigned pe, const u64 (&x)[6]) {
    switch (static_cast<u32>(x[0]) - kFirst) {
        case 5: return complete(pe, std::nullopt);
        case 6: return complete(pe, x[1]);
        default: return {.x0 = returning(pe, x)};
    }
}

s64 SdeiModel::returning(unsigned pe, const u64 (&x)[6]) {
    const auto x1 = static_cast<u32>(x[1]);
    switch (static_cast<u32>(x[0]) - kFirst) {
        case 0: return static_cast<s64>(u64{1} << 48 | u64{1} << 32 | kVendor);
        case 1: return register_event(pe, x);
        case 2: return set_enabled(pe, x1, true);
        case 3: return set_enabled(pe, x1, false);
        case 4: return context(pe, x1);
        case 7: return unregister(pe, x1);
        case 8: return exists(x1) ? status(pe, x1) : kInvalid;
        case 9: return info(pe, x1, static_cast<u32>(x[2]));
        case 10: return route(x1, x[2], x[3]);
        case 11: {
            const bool was = masked_[pe];
            masked_[pe] = true;
            return was ? 0 : 1;
        }
        case 12: masked_[pe] = false; return 0;
        case 13: return bind(x1);
        case 14: return release(x1);
        case 15: return signal(pe, x1, x[2]);
        case 16: return x1 == 0 ? 16 << 16 | 8 : x1 == 1 ? 1 : kInvalid;
        case 17: {
            const s64 result = reset_events(pe, false);
            return fault_ == SdeiFault::PrivateResetIsNeverDenied ? 0 : result;
        }
        case 18: return shared_reset(pe);
        default: return kNotSupported;
    }
}

s64 SdeiModel::register_event(unsigned pe, const u64 (&x)[6]) {
    const auto event = static_cast<u32>(x[1]);
    const u64 entry = x[2], flags = x[4];
    if (!exists(event) || flags > 3 || entry % 4 != 0) return kInvalid;
    if (entry == 0 && (flags & 2) == 0) return kInvalid;
    const bool one = is_shared(event) && (flags & 1) != 0;
    if (one && find_pe(x[5]) < 0) return kInvalid;
    if (find(pe, event) != nullptr || runs(pe, event)) return kDenied;
    if (is_slot(event)) {
        const auto bound = bindings_.find(event);
        if (bound == bindings_.end() || (activity_[bound->second] & 2) != 0) return kDenied;
    }
    Handler& h = handlers_[key(pe, event)];
    h.entry = entry;
    h.argument = x[3];
    h.flags = one ? flags : flags & 2;
    h.target = one ? find_pe(x[5]) : -1;
    return 0;
}

s64 SdeiModel::set_enabled(unsigned pe, u32 event, bool enabled) {
    if (!exists(event)) return kInvalid;
    if (find(pe, event) == nullptr) return kDenied;
    handlers_[key(pe, event)].enabled = enabled;
    return 0;
}

s64 SdeiModel::unregister(unsigned pe, u32 event) {
    if (!exists(event)) return kInvalid;
    const Handler* h = find(pe, event);
    if (h == nullptr && !runs(pe, event)) return kDenied;
    if (h != nullptr && h->raised && fault_ == SdeiFault::UnregisterKeepsPending) return 0;
    handlers_.erase(key(pe, event));
    return runs(pe, event) ? kPending : 0;
}

s64 SdeiModel::info(unsigned pe, u32 event, u32 what) const {
    if (!exists(event) || what > 4) return kInvalid;
    if (what == 0) return is_shared(event) ? 1 : 0;
    if (what == 1) return event == 0 ? 0 : 1;
    if (what == 2) return is_critical(event) ? 1 : 0;
    if (!is_shared(event)) return kInvalid;
    const Handler* h = find(pe, event);
    if (h == nullptr) return kDenied;
    if (what == 3) return h->target >= 0 ? 1 : 0;
    if (h->target < 0) return kInvalid;
    return static_cast<s64>(mpidrs_[static_cast<unsigned>(h->target)] & 0xff'00ff'ffff);
}

s64 SdeiModel::route(u32 event, u64 mode, u64 mpidr) {
    if (!exists(event) || !is_shared(event) || mode > 1) return kInvalid;
    if (is_slot(event) && !bindings_.contains(event)) return kInvalid;
    if (mode == 1 && find_pe(mpidr) < 0) return kInvalid;
    if (find(0, event) == nullptr || find(0, event)->enabled || runs(0, event)) return kDenied;
    Handler& h = handlers_[key(0, event)];
    h.target = mode == 1 ? find_pe(mpidr) : -1;
    h.flags = (h.flags & 2) | mode;
    return 0;
}

s64 SdeiModel::signal(unsigned pe, u32 event, u64 mpidr) {
    const int target = find_pe(mpidr);
    if (event != 0 || target < 0) return kInvalid;
    const unsigned to = fault_ == SdeiFault::SignalGoesToTheCaller ? pe : static_cast<unsigned>(target);
    if (find(to, 0) != nullptr) handlers_[key(to, 0)].raised = true;
    return 0;
}

s64 SdeiModel::bind(u32 intid) {
    if (intid < 16 || intid >= 32 + shared_wires_) return kInvalid;
    if (intid < 32 && !private_wires_) return kDenied;
    for (const auto& [event, bound] : bindings_) {
        if (bound == intid) return event;
    }
    if (activity_[intid] != 0) return kDenied;
    for (const u32 event : all_events()) {
        if (!is_slot(event) || is_shared(event) != (intid >= 32) || bindings_.contains(event)) continue;
        bindings_[event] = intid;
        return event;
    }
    return kNoResource;
}

s64 SdeiModel::release(u32 event) {
    if (!bindings_.contains(event)) return kInvalid;
    for (unsigned pe = 0; pe < running_.size(); ++pe) {
        if (status(pe, event) != 0) return kDenied;
    }
    if ((activity_[bindings_[event]] & 2) != 0) return kDenied;
    bindings_.erase(event);
    return 0;
}

s64 SdeiModel::reset_events(unsigned pe, bool shared) {
    bool running = false;
    for (const u32 event : all_events()) {
        if (is_shared(event) == shared && unregister(pe, event) == kPending) running = true;
    }
    return running ? kDenied : 0;
}

s64 SdeiModel::shared_reset(unsigned pe) {
    if (reset_events(pe, true) != 0) return kDenied;
    bool kept = false;
    for (const u32 event : all_events()) {
        if (bindings_.contains(event) && release(event) != 0) kept = true;
    }
    return kept ? kDenied : 0;
}

s64 SdeiModel::context(unsigned pe, u32 n) const {
    if (n > 17) return kInvalid;
    if (running_[pe].empty()) return kDenied;
    return static_cast<s64>(running_[pe].back().context.x[n]);
}

SdeiModel::Answer SdeiModel::complete(unsigned pe, std::optional<u64> resume) {
    if (resume && *resume % 4 != 0) return {.x0 = kInvalid};
    if (running_[pe].empty()) return {.x0 = kDenied};
    const SdeiContext context = running_[pe].back().context;
    running_[pe].pop_back();
    Answer to{.goes = true, .pc = context.pc, .pstate = context.pstate};
    to.x.assign(context.x.begin(), context.x.end());
    if (fault_ == SdeiFault::CompleteForgetsX17) to.x[17] = 0;
    if (resume) {
        to.pc = *resume;
        to.as_exception = true;
        to.exception_return = {context.pc, context.pstate};
    }
    return to;
}

}  // namespace trapeze::firmware::test
