// A reference model of SDEI: nothing shared with the implementation but the form of a snapshot, nothing kept
// that can be found by looking. Every question is answered by looking at every event, PE and wire.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trapeze/firmware/sdei_snapshot.h"

namespace trapeze::firmware::test {

// One thing that happens to SDEI.
struct SdeiOp {
    enum Kind { Call, Wire, Pulse, PrivateWire, Inject, InjectNmi, Deliver, Activity, Reset, ResetPe };
    Kind kind;
    unsigned pe = 0;  // who calls, whose wire, who is reset, who looks for an event
    // Call: X0 to X5. Otherwise [1] is the INTID or event, [2] the level, or what the interrupt does (bit 0:
    // pending, 1: active). Deliver: PC and PSTATE, and [3]: even if nobody told the PE.
    u64 x[6] = {};

    std::string text() const;
};

// A rule broken on purpose: the comparison has to notice.
enum class SdeiFault {
    None,
    UnregisterKeepsPending,
    NormalInterruptsNormal,
    CriticalInterruptsNothing,
    WireIsAnEdge,
    MaskedPeTakesEvents,
    SignalGoesToTheCaller,
    CompleteForgetsX17,
    PeResetKeepsPrivateHandlers,
    ResetKeepsBindings,
    ControllerKeepsTheWire,
    PrivateResetIsNeverDenied,
    RoutingIsIgnored,
    RelativeIsAbsolute,
    Count,
};

class SdeiModel {
public:
    SdeiModel(std::vector<u64> mpidrs, u32 shared_wires, bool private_wires,
              SdeiFault fault = SdeiFault::None);

    // What an operation leads to.
    struct Answer {
        s64 x0 = 0;  // of a call. Inject, InjectNmi: 1: raised and due somewhere, 2: raised, -1: failed
        bool goes = false;  // the PE goes to `pc`, with these registers
        u64 pc = 0, pstate = 0;
        bool as_exception = false;
        std::vector<u64> x = {};
        std::optional<std::pair<u64, u64>> exception_return = {};  // ELR_EL1, SPSR_EL1
        bool operator==(const Answer&) const = default;
        std::string text() const;
    };
    // `registers` are X0 to X17 of the PE, `vbar` its VBAR_EL1.
    Answer apply(const SdeiOp& op, const std::vector<u64>& registers, u64 vbar);

    // The event that this PE has to be told of.
    std::optional<u32> due(unsigned pe) const;
    // What the interrupt controller sees.
    std::set<u32> controller_wires() const;
    std::set<std::pair<u32, u32>> controller_private_wires() const;
    unsigned controller_pulses() const { return pulses_; }
    SdeiSnapshot snapshot() const;
    std::size_t depth(unsigned pe) const { return running_[pe].size(); }

    static bool exists(u32 event);
    static bool is_shared(u32 event);
    static bool is_critical(u32 event);
    static bool is_slot(u32 event);
    static const std::vector<u32>& all_events();

private:
    struct Handler {
        bool enabled = false;
        bool raised = false;
        u64 entry = 0, argument = 0, flags = 0;
        int target = -1;  // -1: any
    };
    struct Stacked {
        u32 event;
        SdeiContext context;
    };
    using Key = std::pair<int, u32>;  // PE, or -1 for a shared event; event

    static Key key(unsigned pe, u32 event) { return {is_shared(event) ? -1 : static_cast<int>(pe), event}; }
    const Handler* find(unsigned pe, u32 event) const;
    bool runs_on(unsigned pe, u32 event) const;
    bool runs(unsigned pe, u32 event) const;
    bool level(unsigned pe, u32 intid) const;
    bool can_take(unsigned pe, bool critical) const;
    bool pending(unsigned pe, u32 event) const;
    bool startable(unsigned pe, u32 event) const;
    int receiver(unsigned pe, u32 event) const;
    int find_pe(u64 mpidr) const;
    bool diverted(unsigned pe, u32 intid) const;
    s64 status(unsigned pe, u32 event) const;

    Answer call(unsigned pe, const u64 (&x)[6]);
    s64 returning(unsigned pe, const u64 (&x)[6]);
    s64 register_event(unsigned pe, const u64 (&x)[6]);
    s64 set_enabled(unsigned pe, u32 event, bool enabled);
    s64 unregister(unsigned pe, u32 event);
    s64 info(unsigned pe, u32 event, u32 key) const;
    s64 route(u32 event, u64 mode, u64 mpidr);
    s64 signal(unsigned pe, u32 event, u64 mpidr);
    s64 bind(u32 intid);
    s64 release(u32 event);
    s64 reset_events(unsigned pe, bool shared);
    s64 shared_reset(unsigned pe);
    s64 context(unsigned pe, u32 n) const;
    Answer complete(unsigned pe, std::optional<u64> resume);
    Answer deliver(const SdeiOp& op, const std::vector<u64>& registers, u64 vbar);
    s64 inject(unsigned pe, u32 event);
    s64 inject_nmi();
    void reset_pe(unsigned pe);
    void reset();

    const std::vector<u64> mpidrs_;
    const u32 shared_wires_;
    const bool private_wires_;
    const SdeiFault fault_;
    std::map<Key, Handler> handlers_;             // registered ones
    std::vector<std::vector<Stacked>> running_;   // by PE, outermost first
    std::vector<bool> masked_;                    // by PE
    std::map<u32, u32> bindings_;                 // event to INTID
    std::set<u32> high_;                          // shared wires
    std::set<std::pair<u32, u32>> private_high_;  // PE, INTID
    std::map<u32, u64> activity_;
    unsigned pulses_ = 0;
};

}  // namespace trapeze::firmware::test
