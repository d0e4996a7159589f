// Trace events of the firmware services.
#pragma once

#include "trapeze/base/log.h"

namespace trapeze::firmware {

inline TraceEvent psci_call{"psci_call"};
inline TraceEvent smccc_call{"smccc_call"};
inline TraceEvent trng_call{"trng_call"};

}  // namespace trapeze::firmware
