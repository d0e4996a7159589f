// -device virtio-serial-device, and the ports on it: virtconsole and virtserialport.
#include <algorithm>

#include "device_options.h"
#include "trapeze/virtio/console.h"

namespace trapeze::cli {
namespace {

using machine::ConsoleConfig;
using machine::ConsolePortConfig;
using machine::VirtioConfig;

// --- The device --------------------------------------------------------------------------------------------

struct SerialDraft {
    DeviceCommon common;
    ConsoleConfig config;
};

Result<void> set_max_ports(SerialDraft& draft, const KeyArgument& argument) {
    draft.config.max_ports =
        static_cast<u32>(TRY(parse_number(argument.value, 1, virtio::Console::kMostPorts)));
    return {};
}

constexpr KeyRow<SerialDraft> kSerialKeys[] = {
    {"max_ports", "n", set_max_ports, "ports that it can have, 31 by default"},
    {"emergency-write", "on|off", accept_bool<SerialDraft>, "no effect: not offered"},
};
constexpr auto kAllSerialKeys = with_common_keys(kSerialKeys);
constexpr KeyTable<SerialDraft> kSerialTable = kAllSerialKeys;

Result<void> add_serial(Draft& draft, const DeviceRequest& request) {
    SerialDraft device;
    TRY(apply_keys("device", kSerialTable, request.items, device));
    draft.config.virtio.push_back({device.common.id, device.common.slot, std::move(device.config)});
    return {};
}

// --- Its ports ---------------------------------------------------------------------------------------------

struct PortDraft {
    ConsolePortConfig config;
    std::string bus;
    std::string chardev;
    std::optional<u32> number;
};

Result<void> set_id(PortDraft& port, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("an id must not be empty");
    port.config.id = argument.value;
    return {};
}

Result<void> set_bus(PortDraft& port, const KeyArgument& argument) {
    port.bus = argument.value;
    return {};
}

Result<void> set_chardev(PortDraft& port, const KeyArgument& argument) {
    port.chardev = argument.value;
    return {};
}

Result<void> set_name(PortDraft& port, const KeyArgument& argument) {
    port.config.name = argument.value;
    return {};
}

Result<void> set_number(PortDraft& port, const KeyArgument& argument) {
    port.number = static_cast<u32>(TRY(parse_number(argument.value, 0, virtio::Console::kMostPorts - 1)));
    return {};
}

constexpr KeyRow<PortDraft> kPortKeys[] = {
    {"driver", "name", device_keys::ignore<PortDraft>, "which device it is"},
    {"id", "id", set_id, "name of the device"},
    {"bus", "id.0", set_bus, "the virtio-serial device that it is a port of; by default the first with room"},
    {"chardev", "id", set_chardev, "the -chardev at its other end"},
    {"name", "text", set_name, "what the guest finds it by, in /dev/virtio-ports"},
    {"nr", "n", set_number, "its number; by default the first that is free, 0 only for a virtconsole"},
};
constexpr KeyTable<PortDraft> kPortTable = kPortKeys;

// "ID.0", or for the nth device without an id QEMU's name for that.
bool is_named(std::string_view bus, const VirtioConfig& device, std::size_t nameless) {
    return bus == (device.id.empty() ? fmt::format("virtio-serial-bus.{}", nameless) : device.id + ".0");
}

Result<ConsoleConfig*> find_bus(Draft& draft, const PortDraft& port) {
    bool any = false;
    std::size_t nameless = 0;
    for (VirtioConfig& device : draft.config.virtio) {
        auto* serial = std::get_if<ConsoleConfig>(&device.device);
        if (serial == nullptr) continue;
        any = true;
        if (port.bus.empty() ? serial->ports.size() < serial->max_ports
                             : is_named(port.bus, device, nameless)) {
            return serial;
        }
        if (device.id.empty()) ++nameless;
    }
    if (!port.bus.empty()) return fail("there is no virtio-serial device with the bus '{}'", show(port.bus));
    if (any) return fail("no virtio-serial device has room for it");
    return fail("it needs a -device virtio-serial-device before it");
}

bool is_taken(const ConsoleConfig& serial, u32 number) {
    return std::ranges::find(serial.ports, number, &ConsolePortConfig::number) != serial.ports.end();
}

// Port 0 is for consoles: drivers that know of one port only know it as that.
Result<u32> choose_number(const ConsoleConfig& serial, const PortDraft& port) {
    if (port.number) {
        if (*port.number >= serial.max_ports) return fail("nr must be below {}", serial.max_ports);
        if (*port.number == 0 && !port.config.console) return fail("nr=0 is for a virtconsole");
        if (is_taken(serial, *port.number)) return fail("there is a port {} already", *port.number);
        return *port.number;
    }
    for (u32 number = port.config.console ? 0 : 1; number < serial.max_ports; ++number) {
        if (!is_taken(serial, number)) return number;
    }
    return fail("no port number is free");
}

Result<void> attach(Draft& draft, const DeviceRequest& request, PortDraft& port) {
    ConsoleConfig* serial = TRY(find_bus(draft, port));
    const auto with_name = std::ranges::find(serial->ports, port.config.name, &ConsolePortConfig::name);
    if (!port.config.name.empty() && with_name != serial->ports.end())
        return fail("there is a port '{}' already", show(port.config.name));
    port.config.number = TRY(choose_number(*serial, port));
    machine::CharConfig stream;
    if (!port.chardev.empty()) {
        const auto found = std::ranges::find(draft.chardevs, port.chardev, &machine::CharConfig::id);
        if (found == draft.chardevs.end())
            return fail("there is no -chardev with id '{}'", show(port.chardev));
        stream = *found;
    }
    port.config.device = draft.config.port_devices.size();
    draft.config.port_devices.push_back(std::move(stream));
    draft.port_texts.push_back(fmt::format("device {}", request.text));
    serial->ports.push_back(port.config);
    return {};
}

template <bool Console>
Result<void> add_port(Draft& draft, const DeviceRequest& request) {
    PortDraft port;
    port.config.console = Console;
    TRY(apply_keys("device", kPortTable, request.items, port));
    return with_context(attach(draft, request, port), fmt::format("-device {}", request.text));
}

constexpr DeviceType kTypes[] = {
    {"virtio-serial-device", "virtio-serial", "ports between the guest and the host", add_serial,
     [] { return describe_keys(kSerialTable); }},
    {"virtconsole", "", "a port of virtio-serial: a console, hvc0", add_port<true>,
     [] { return describe_keys(kPortTable); }},
    {"virtserialport", "", "a port of virtio-serial with a name", add_port<false>,
     [] { return describe_keys(kPortTable); }},
};

}  // namespace

std::span<const DeviceType> console_devices() {
    return kTypes;
}

}  // namespace trapeze::cli
