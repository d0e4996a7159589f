#include "call.h"

namespace trapeze::firmware {

std::string describe(const trap::Outcome& outcome) {
    if (const auto* call = std::get_if<trap::CallResult>(&outcome)) {
        std::string text = fmt::format("{:#x}", call->x[0]);
        for (unsigned n = 1; n < call->count; ++n) text += fmt::format(" {:#x}", call->x[n]);
        return text;
    }
    if (const auto* block = std::get_if<trap::Block>(&outcome))
        return block->result ? fmt::format("block, {:#x}", block->result->x[0]) : "block";
    if (const auto* stop = std::get_if<trap::Stop>(&outcome)) {
        switch (stop->reason) {
            case trap::StopReason::CpuOff: return "CPU off";
            case trap::StopReason::PowerOff: return "power off";
            case trap::StopReason::Reset: return "reset";
        }
    }
    return "other";
}

}  // namespace trapeze::firmware
