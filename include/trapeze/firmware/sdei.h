// Software Delegated Exception Interface 1.1 (DEN0054C): events that interrupt a guest whose interrupts are
// masked. docs/sdei.md has which events there are, and what the specification leaves open.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/irq.h"
#include "trapeze/firmware/sdei_snapshot.h"
#include "trapeze/trap/hypercall_table.h"

namespace trapeze::firmware {

struct SdeiConfig {
    // Affinity of each vCPU in the layout of MPIDR_EL1 (other bits are ignored); 1 to 512, all different.
    std::vector<u64> mpidrs;
    // Interrupts that a guest may bind: bus::spi(0) to bus::spi(shared_wires - 1), and the private INTIDs 16
    // to 31 if their wires come by here.
    u32 shared_wires = 988;
    bool private_wires = true;
};

// What SDEI needs from the machine. Called with SDEI's lock held, on any thread.
class SdeiHost {
public:
    virtual ~SdeiHost() = default;
    // There may be an event for this vCPU: its thread calls Sdei::take_event() before it enters the guest
    // again.
    virtual void post_event(bus::VcpuIndex vcpu) = 0;
    // Of any vCPU. Only an interrupt with neither can be bound.
    struct Activity {
        bool pending = false;
        bool active = false;
    };
    virtual Activity activity(bus::IntId interrupt) = 0;
};

// All calls are thread-safe. `host` and `controller` outlive it.
class Sdei final : private bus::IrqSink {
public:
    // CHECKs the configuration: it is ours, not the guest's.
    Sdei(const SdeiConfig& config, bus::IrqSink& controller, SdeiHost& host);
    ~Sdei() override;
    Sdei(const Sdei&) = delete;
    Sdei& operator=(const Sdei&) = delete;

    void add_hypercalls(trap::HypercallSpace& space);
    // The node /firmware/sdei, for callers by HVC.
    static void describe(bus::FdtWriter& fdt);

    // Where devices and vCPUs send their interrupts: to the controller, unless the guest has bound them.
    bus::IrqSink& wires() { return *this; }

    // On the vCPU's own thread, between exits: the switch to the handler of an event that is due, if any.
    std::optional<trap::Redirect> take_event(trap::CpuPort& cpu);

    // The power-on state; wires keep their level. All vCPUs are paused.
    void reset();
    // What turning a PE on or off does: it masks events, its private ones are unregistered, its handlers are
    // forgotten.
    void reset_pe(bus::VcpuIndex vcpu);

    // Raises an event: a private one for `vcpu`, a shared one for whom the guest chose. Fails, with a
    // sentence, if there is no such event, no handler, or if it is pending already. Returns why it cannot be
    // handled at once; empty if it can.
    Result<std::string> inject(u32 event, bus::VcpuIndex vcpu);
    // Raises event 0 on every vCPU that has it enabled. Fails if there is none.
    Result<> inject_nmi();
    static bool is_shared(u32 event);

    // What the guest has registered, as whole lines.
    std::string describe_state() const;

    // Continues from a snapshot of an Sdei with the same configuration. Fails, and changes nothing, if it is
    // none: a snapshot may come from elsewhere. All vCPUs are paused.
    SdeiSnapshot save() const;
    Result<> restore(const SdeiSnapshot& snapshot);

private:
    void set_level(bus::IntId id, bool level) override;
    void pulse(bus::IntId id) override;
    void set_private_level(bus::VcpuIndex vcpu, bus::IntId id, bool level) override;

    struct Impl;
    const std::unique_ptr<Impl> impl_;
};

}  // namespace trapeze::firmware
