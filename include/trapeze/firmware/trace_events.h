// Trace events of the firmware services.
#pragma once

#include "trapeze/base/log.h"

namespace trapeze::firmware {

inline TraceEvent psci_call{"psci_call"};
inline TraceEvent sdei_call{"sdei_call"};
inline TraceEvent sdei_event{"sdei_event"};
inline TraceEvent smccc_call{"smccc_call"};
inline TraceEvent trng_call{"trng_call"};

}  // namespace trapeze::firmware
