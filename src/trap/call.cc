#include "trapeze/trap/call.h"

namespace trapeze::trap {

std::string describe(const Outcome& outcome) {
    if (const auto* call = std::get_if<CallResult>(&outcome)) {
        std::string text = fmt::format("{:#x}", call->x[0]);
        for (unsigned n = 1; n < call->count; ++n) text += fmt::format(" {:#x}", call->x[n]);
        return text;
    }
    if (const auto* block = std::get_if<Block>(&outcome))
        return block->result ? fmt::format("block, {:#x}", block->result->x[0]) : "block";
    if (const auto* stop = std::get_if<Stop>(&outcome)) {
        switch (stop->reason) {
            case StopReason::CpuOff: return "CPU off";
            case StopReason::PowerOff: return "power off";
            case StopReason::Reset: return "reset";
        }
    }
    return "other";
}

}  // namespace trapeze::trap
