// -netdev, -nic and -net: host networks, and devices on them.
#pragma once

#include "draft.h"

namespace trapeze::cli {

// Adds the network that the keys of a -netdev describe; those of -nic and -net are the same, once their own
// are taken out. `option` and `text` are for messages.
Result<void> add_netdev(Draft& draft, std::string_view option, std::string_view text,
                        std::vector<KeyValue> items);
std::string netdevs_help();

// netdev_user.cc
extern const KeyTable<NetdevRequest> kUserKeys;

// Whole option values: "52:54:00:12:34:56".
Result<virtio::MacAddress> parse_mac(std::string_view text);

// The names that there are for our network device, as model= has them.
bool is_net_model(std::string_view model);

// netdev_options.cc: for devices. The network is theirs alone.
Result<net::Config> take_netdev(Draft& draft, std::string_view id);

}  // namespace trapeze::cli
