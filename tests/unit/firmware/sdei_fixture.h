// SDEI behind a HypercallSpace, with fake PEs that call it, an interrupt controller that remembers its wires
// and a machine that remembers whom it was told of. Numbers are those of DEN0054C and docs/sdei.md, written
// out once more: a test must not agree with the implementation about a wrong one.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "trapeze/arch/sdei.h"
#include "trapeze/firmware/sdei.h"

namespace trapeze::firmware::test {

namespace s = arch::sdei;

using Pe = bus::VcpuIndex;

inline constexpr s64 kOk = 0;
inline constexpr s64 kInvalid = -2;
inline constexpr s64 kDenied = -3;
inline constexpr s64 kPending = -5;
inline constexpr s64 kNoResource = -10;

// The events of the machine.
inline constexpr u32 kNmi = 0;  // private, the one that software can signal
inline constexpr u32 kPrivateCritical = 0x4000'0001;
inline constexpr u32 kShared = 0x4000'0002;
inline constexpr u32 kSharedCritical = 0x4000'0003;
inline constexpr u32 kPrivateSlot = 0x4000'0100;  // the first to bind an interrupt to
inline constexpr u32 kPrivateSlots = 8;
inline constexpr u32 kSharedSlot = 0x4000'0200;
inline constexpr u32 kSharedSlots = 16;

inline constexpr u64 kRmPe = 1;
inline constexpr u64 kRelative = 2;

// What SDEI_EVENT_STATUS returns.
inline constexpr s64 kRegistered = 1, kEnabled = 3, kRunning = 4;

inline constexpr u64 kEl1h = 0x5;
inline constexpr u64 kDaif = 0x3c0;
inline constexpr u64 kVbar = 0xffff'8000'0801'0000;

// A PE with all registers that events change. Every X register starts with a value of its own.
class SdeiCpu final : public trap::CpuPort {
public:
    explicit SdeiCpu(Pe index) : index_(index) {
        for (unsigned n = 0; n < 31; ++n) regs[n] = 0xc0de'0000'0000 + index * 0x1000u + n;
    }
    Pe index() const override { return index_; }
    u64 pc() const override { return program_counter; }
    u64 x(unsigned n) override {
        if (on_read) std::exchange(on_read, {})();
        return n == 31 ? 0 : regs[n];
    }
    arch::Pstate pstate() override { return {flags}; }
    u64 sysreg(arch::SysReg reg) override {
        if (reg != arch::reg::VBAR_EL1) throw std::logic_error("no register " + arch::sysreg_to_string(reg));
        return kVbar + index_ * 0x1'0000u;
    }
    void set_sysreg(arch::SysReg, u64) override { throw std::logic_error("SDEI sets no system register"); }

    // What a vCPU does with the outcome; the details of PSTATE are tested where it is done.
    void go(const trap::Redirect& to) {
        for (unsigned n = 0; n < to.count; ++n) regs[n] = to.x[n];
        program_counter = to.pc;
        flags = to.as_exception ? (kDaif | kEl1h) : to.pstate;
    }

    std::array<u64, 31> regs{};
    u64 program_counter = 0xffff'8000'0123'4560;
    u64 flags = 0x6000'0000 | kEl1h;
    std::function<void()> on_read;  // once, when SDEI looks at a register

private:
    const Pe index_;
};

// An interrupt controller: the wires that it sees. It is called with SDEI's lock held.
class SdeiController final : public bus::IrqSink {
public:
    void set_level(bus::IntId id, bool level) override {
        EXPECT_GE(bus::to_number(id), 32u);
        set(high, bus::to_number(id), level);
        ++changes;
    }
    void pulse(bus::IntId id) override { pulses.push_back(bus::to_number(id)); }
    void set_private_level(Pe pe, bus::IntId id, bool level) override {
        EXPECT_LT(bus::to_number(id), 32u);
        set(private_high, {pe, bus::to_number(id)}, level);
        ++changes;
    }

    std::set<u32> high;
    std::set<std::pair<Pe, u32>> private_high;
    std::vector<u32> pulses;
    unsigned changes = 0;

private:
    template <typename T>
    static void set(std::set<T>& where, T what, bool level) {
        if (level) {
            where.insert(what);
        } else {
            where.erase(what);
        }
    }
};

class SdeiMachine final : public SdeiHost {
public:
    explicit SdeiMachine(std::size_t pes) : posted(pes) {}
    void post_event(Pe pe) override {
        posted.at(pe).store(true);
        posts.fetch_add(1);
    }
    Activity activity(bus::IntId id) override {
        const auto at = activities.find(bus::to_number(id));
        return at != activities.end() ? at->second : Activity{};
    }

    std::deque<std::atomic<bool>> posted;  // and take_event() has not been called since
    std::atomic<unsigned> posts{0};
    std::map<u32, Activity> activities;  // by INTID; neither, if it is not here
};

inline SdeiConfig sdei_config(unsigned pes) {
    SdeiConfig config;
    for (unsigned i = 0; i < pes; ++i) config.mpidrs.push_back(u64{1} << 31 | u64{i / 4} << 8 | i % 4);
    return config;
}

// SDEI and its PEs. Unless said otherwise PE 0 is the one that calls.
class SdeiBench {
public:
    explicit SdeiBench(unsigned pes = 1) : SdeiBench(sdei_config(pes)) {}
    explicit SdeiBench(const SdeiConfig& c) : config(c), host(c.mpidrs.size()), sdei(c, controller, host) {
        sdei.add_hypercalls(space);
        for (Pe pe = 0; pe < c.mpidrs.size(); ++pe) cpus.emplace_back(pe);
    }

    // The registers that a caller sets, and what SDEI wants done about it.
    trap::Outcome outcome(Pe pe, u32 function, std::initializer_list<u64> arguments = {}) {
        SdeiCpu& cpu = cpus.at(pe);
        cpu.regs[0] = function;
        unsigned n = 1;
        for (const u64 argument : arguments) cpu.regs[n++] = argument;
        return space.handle({trap::Conduit::Hvc, 0}, cpu);
    }
    // X0 of a call that returns. The other result registers are zero, whatever the arguments were.
    s64 call(Pe pe, u32 function, std::initializer_list<u64> arguments = {}) {
        const trap::Outcome done = outcome(pe, function, arguments);
        const auto* result = std::get_if<trap::CallResult>(&done);
        if (result == nullptr) {
            ADD_FAILURE() << "call " << function << " does not return";
            return 0xdead;
        }
        EXPECT_EQ(result->count, 4);
        EXPECT_THAT(std::vector<u64>(result->x.begin() + 1, result->x.end()), testing::Each(0u));
        for (unsigned n = 0; n < result->count; ++n) cpus[pe].regs[n] = result->x[n];
        return static_cast<s64>(result->x[0]);
    }

    // Entry points and arguments are different for each event and PE.
    static u64 entry(Pe pe, u32 event) {
        return 0xffff'8000'0900'0000 + pe * 0x1'0000u + (event & 0x3ff) * 16;
    }
    static u64 argument(Pe pe, u32 event) { return 0xa000'0000'0000 + (u64{pe} << 32) + event; }
    u64 mpidr(Pe pe) const { return config.mpidrs.at(pe); }

    s64 enroll(u32 event, Pe pe = 0, u64 flags = 0, u64 affinity = 0) {
        return call(pe, s::SDEI_EVENT_REGISTER,
                    {event, entry(pe, event), argument(pe, event), flags, affinity});
    }
    s64 enable(u32 event, Pe pe = 0) { return call(pe, s::SDEI_EVENT_ENABLE, {event}); }
    s64 disable(u32 event, Pe pe = 0) { return call(pe, s::SDEI_EVENT_DISABLE, {event}); }
    s64 unregister(u32 event, Pe pe = 0) { return call(pe, s::SDEI_EVENT_UNREGISTER, {event}); }
    s64 status(u32 event, Pe pe = 0) { return call(pe, s::SDEI_EVENT_STATUS, {event}); }
    s64 info(u32 event, u64 key, Pe pe = 0) { return call(pe, s::SDEI_EVENT_GET_INFO, {event, key}); }
    s64 route(u32 event, u64 mode, u64 affinity = 0) {
        return call(0, s::SDEI_EVENT_ROUTING_SET, {event, mode, affinity});
    }
    s64 signal(Pe target, Pe caller = 0) { return call(caller, s::SDEI_EVENT_SIGNAL, {kNmi, mpidr(target)}); }
    s64 mask(Pe pe = 0) { return call(pe, s::SDEI_PE_MASK); }
    s64 unmask(Pe pe = 0) { return call(pe, s::SDEI_PE_UNMASK); }
    s64 bind(u32 intid) { return call(0, s::SDEI_INTERRUPT_BIND, {intid}); }
    s64 release(u32 event) { return call(0, s::SDEI_INTERRUPT_RELEASE, {event}); }
    s64 context(u64 n, Pe pe = 0) { return call(pe, s::SDEI_EVENT_CONTEXT, {n}); }

    // Registers and enables, and unmasks the PE.
    void arm(u32 event, Pe pe = 0, u64 flags = 0, u64 affinity = 0) {
        EXPECT_EQ(enroll(event, pe, flags, affinity), kOk);
        EXPECT_EQ(enable(event, pe), kOk);
        EXPECT_EQ(unmask(pe), kOk);
    }
    u32 bound(u32 intid) {
        const s64 event = bind(intid);
        EXPECT_GT(event, 0) << "INTID " << intid;
        return static_cast<u32>(event);
    }
    void raise(u32 event, Pe pe = 0) { EXPECT_TRUE(sdei.inject(event, pe)) << "event " << event; }

    bool posted(Pe pe = 0) const { return host.posted.at(pe).load(); }
    // As a vCPU's thread does: only if it was told, and before it is in the guest again.
    std::optional<trap::Redirect> redirect(Pe pe = 0) {
        if (!host.posted.at(pe).exchange(false)) return std::nullopt;
        return sdei.take_event(cpus.at(pe));
    }
    // The event that this PE is now in the handler of; nullopt: nothing was delivered.
    std::optional<u32> deliver(Pe pe = 0) {
        const std::optional<trap::Redirect> to = redirect(pe);
        if (!to) return std::nullopt;
        EXPECT_TRUE(to->as_exception);
        EXPECT_FALSE(to->exception_return);
        cpus[pe].go(*to);
        return static_cast<u32>(to->x[0]);
    }
    // The end of the innermost handler.
    trap::Redirect finish(Pe pe, u32 function, u64 x1) {
        const trap::Outcome done = outcome(pe, function, {x1});
        const auto* to = std::get_if<trap::Redirect>(&done);
        if (to == nullptr) {
            ADD_FAILURE() << "PE " << pe << " is in no handler";
            return {};
        }
        cpus[pe].go(*to);
        return *to;
    }
    trap::Redirect complete(Pe pe = 0) { return finish(pe, s::SDEI_EVENT_COMPLETE, 0); }

    void wire(u32 intid, bool level) { sdei.wires().set_level(bus::IntId{intid}, level); }
    void pulse(u32 intid) { sdei.wires().pulse(bus::IntId{intid}); }
    void private_wire(u32 intid, bool level, Pe pe = 0) {
        sdei.wires().set_private_level(pe, bus::IntId{intid}, level);
    }

    const SdeiConfig config;
    SdeiController controller;
    SdeiMachine host;
    Sdei sdei;
    trap::HypercallSpace space;
    std::deque<SdeiCpu> cpus;
};

// An interrupt of each kind.
inline constexpr u32 kSpi = 40;
inline constexpr u32 kPpi = 23;

}  // namespace trapeze::firmware::test
