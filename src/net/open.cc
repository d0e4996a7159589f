#include "trapeze/net/open.h"

#include "ports.h"

namespace trapeze::net {
namespace {

// A cable that leads nowhere.
class NoPort final : public bus::NetPort {
public:
    bool send(const bus::NetFrame&) override { return true; }
    void set_receiver(bus::NetReceiver*) override {}
    void receiver_ready() override {}
    std::string describe() const override { return "no peer"; }
};

struct Opener {
    EventLoop& loop;
    using Port = Result<std::unique_ptr<bus::NetPort>>;
    Port operator()(const NoConfig&) const { return std::make_unique<NoPort>(); }
    Port operator()(const UserConfig& config) const { return open_user(config, loop); }
    Port operator()(const TapConfig& config) const { return open_tap(config, loop); }
    Port operator()(const StreamConfig& config) const { return open_stream(config, loop); }
    Port operator()(const DatagramConfig& config) const { return open_datagram(config, loop); }
};

}  // namespace

Result<std::unique_ptr<bus::NetPort>> open(const Config& config, EventLoop& loop) {
    return std::visit(Opener{loop}, config);
}

}  // namespace trapeze::net
