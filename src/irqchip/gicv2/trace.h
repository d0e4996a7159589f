// Trace events of the GICv2.
#pragma once

#include "trapeze/base/log.h"

namespace trapeze::irqchip::gicv2::trace {

inline TraceEvent gicv2_dist_read("gicv2_dist_read");
inline TraceEvent gicv2_dist_write("gicv2_dist_write");
inline TraceEvent gicv2_dist_set_irq("gicv2_dist_set_irq");
inline TraceEvent gicv2_dist_set_private_irq("gicv2_dist_set_private_irq");
inline TraceEvent gicv2_dist_send_sgi("gicv2_dist_send_sgi");
inline TraceEvent gicv2_cpu_read("gicv2_cpu_read");
inline TraceEvent gicv2_cpu_write("gicv2_cpu_write");
inline TraceEvent gicv2_cpu_acknowledge("gicv2_cpu_acknowledge");
inline TraceEvent gicv2_cpu_end("gicv2_cpu_end");
inline TraceEvent gicv2_cpu_deactivate("gicv2_cpu_deactivate");
inline TraceEvent gicv2_cpuif_set_irqs("gicv2_cpuif_set_irqs");

}  // namespace trapeze::irqchip::gicv2::trace
