#include "intc.h"

#include "fdt.h"
#include "gicv2.h"
#include "gicv3.h"
#include "rvic.h"

// A call of a function that a class has declared and nobody defined; only a program that is not linked right
// has one.
extern "C" void __cxa_pure_virtual() {
    guest::fail(__FILE__, __LINE__, "pure virtual call");
}

namespace guest::intc {
namespace {

constexpr u32 kCounted = 64;
u32 counts[MAX_CPUS][kCounted];
u32 last[MAX_CPUS];

// Found once; every CPU finds the same.
const Controller* found = nullptr;

const Controller& find() {
    const fdt::Property compatible = fdt::find("intc", "compatible");
    if (compatible.has_string("arm,gic-v3")) return gicv3::controller();
    if (compatible.has_string("arm,cortex-a15-gic")) return gicv2::controller();
    if (fdt::find("rvic", "compatible").has_string("arm,rvic")) return rvic::controller();
    fail(__FILE__, __LINE__, "no interrupt controller in the device tree");
}

}  // namespace

const Controller& controller() {
    const Controller* known = load(found);
    if (known == nullptr) {
        known = &find();
        store(found, known);
    }
    return *known;
}

void count_irq() {
    const u32 intid = acknowledge();
    const u64 cpu = this_cpu().index;
    if (intid < kCounted) {
        add(counts[cpu][intid], 1u);
        store(last[cpu], intid);
    }
    if (intid != kSpurious) end(intid);
}

u32 irq_count(unsigned cpu, u32 intid) {
    return load(counts[cpu][intid]);
}
u32 last_irq(unsigned cpu) {
    return load(last[cpu]);
}
void reset_counts() {
    for (auto& cpu : counts) {
        for (u32& count : cpu) store(count, 0u);
    }
}

}  // namespace guest::intc
