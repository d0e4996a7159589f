// The commands of both monitors for the balloon. Error texts are QEMU's.
#include <limits>

#include "hmp_command.h"
#include "hmp_expression.h"
#include "qmp_command.h"

namespace trapeze::debug {
namespace {

Result<BalloonControl*> balloon(MachineControl& machine) {
    if (BalloonControl* control = machine.balloon()) return control;
    return fail("No balloon device has been activated");
}

Result<BalloonControl*> balloon(QmpCall& call) {
    if (call.machine.balloon() == nullptr) call.error_class = "DeviceNotActive";
    return balloon(call.machine);
}

// Sizes are signed there.
Result<> set_target(BalloonControl& control, u64 bytes) {
    if (bytes == 0 || bytes > u64{std::numeric_limits<s64>::max()})
        return fail("Parameter 'target' expects a size");
    control.set_target(bytes);
    return {};
}

}  // namespace

HmpResult hmp_balloon(HmpCall& call) {
    constexpr u64 kMost = ~u64{0} >> 20;
    BalloonControl* control = TRY(balloon(call.machine));
    std::string_view rest = call.words[0];
    // Registers are none of its business: reading them would pause the machine.
    const u64 target = TRY(take_expression(rest, [](std::string_view) { return std::nullopt; }));
    if (!rest.empty()) return fail("'{}' is not a number", call.words[0]);
    TRY(set_target(*control, target > kMost ? 0 : target << 20));
    return "";
}

HmpResult hmp_info_balloon(HmpCall& call) {
    BalloonControl* control = TRY(balloon(call.machine));
    return fmt::format("balloon: actual={}\n", control->actual() >> 20);
}

Result<Json> qmp_balloon(QmpCall& call) {
    BalloonControl* control = TRY(balloon(call));
    TRY(set_target(*control, call.number("value")));
    return Json::object();
}

Result<Json> qmp_query_balloon(QmpCall& call) {
    BalloonControl* control = TRY(balloon(call));
    return Json{{"actual", control->actual()}};
}

}  // namespace trapeze::debug
