// Trace events of rVIC and rVID.
#pragma once

#include "trapeze/base/log.h"

namespace trapeze::irqchip::rvic::trace {

inline TraceEvent rvic_call("rvic_call");
inline TraceEvent rvic_set_irq("rvic_set_irq");
inline TraceEvent rvic_set_line("rvic_set_line");
inline TraceEvent rvid_call("rvid_call");
inline TraceEvent rvid_set_irq("rvid_set_irq");
inline TraceEvent rvid_msi("rvid_msi");

}  // namespace trapeze::irqchip::rvic::trace
