// The human monitor's commands for networks.
#include "hmp_command.h"

namespace trapeze::debug {
namespace {

Result<NetworkControl*> networks(HmpCall& call) {
    if (NetworkControl* networks = call.machine.networks()) return networks;
    return fail("this machine has no networks");
}

// "[netdev] rule".
using Change = Result<> (NetworkControl::*)(const std::string&, const std::string&);
HmpResult change_forward(HmpCall& call, Change change) {
    NetworkControl* control = TRY(networks(call));
    const bool named = call.words.size() > 1;
    TRY((control->*change)(named ? call.words[0] : std::string(), call.words[named ? 1 : 0]));
    return "";
}

}  // namespace

HmpResult hmp_hostfwd_add(HmpCall& call) {
    return change_forward(call, &NetworkControl::add_host_forward);
}

HmpResult hmp_hostfwd_remove(HmpCall& call) {
    TRY(change_forward(call, &NetworkControl::remove_host_forward));
    return fmt::format("host forwarding rule for {} removed\n", call.words.back());
}

HmpResult hmp_set_link(HmpCall& call) {
    const bool up = call.words[1] == "on";
    if (!up && call.words[1] != "off") return fail("Parameter 'up' expects on or off");
    NetworkControl* control = TRY(networks(call));
    TRY(control->set_link(call.words[0], up));
    return "";
}

HmpResult hmp_info_network(HmpCall& call) {
    NetworkControl* control = TRY(networks(call));
    return control->describe();
}

HmpResult hmp_info_usernet(HmpCall& call) {
    NetworkControl* control = TRY(networks(call));
    return control->describe_connections();
}

}  // namespace trapeze::debug
