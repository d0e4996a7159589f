// A device in a session, without a transport: for tests of devices. Everything runs on the test's thread.
#pragma once

#include "driver_rings.h"
#include "trapeze/virtio/device.h"

namespace trapeze::virtio {

class FakeHost final : public DeviceHost {
public:
    void queue_used() override { ++interrupts; }
    void notify_again(u16 queue) override { again.push_back(queue); }
    void config_changed() override { ++config_changes; }
    void needs_reset(std::string_view what) override { broken = what; }

    int interrupts = 0;
    int config_changes = 0;
    std::vector<u16> again;
    std::string broken;
};

// Starts `device` with the features it offers, those of `more`, and split rings.
class DeviceSession {
public:
    DeviceSession(Device& device, u64 features) : device_(device) {
        const u64 all = features | feature::kVersion1 | feature::kIndirectDesc;
        Session session{.features = all, .queues = {}, .host = &host};
        for (const u16 size : device.queue_sizes()) {
            rings.push_back(std::make_unique<SplitDriverRing>(memory, size, all));
            rings.back()->ask_for_interrupt(1);
            session.queues.push_back(make_queue(memory.memory, rings.back()->addresses(), all));
        }
        device.start(std::move(session));
    }
    ~DeviceSession() {
        if (!stopped) stop();
    }
    void stop() {
        device_.stop([this] { stopped = true; });
    }

    TestMemory memory;
    FakeHost host;
    std::vector<std::unique_ptr<SplitDriverRing>> rings;
    bool stopped = false;

private:
    Device& device_;
};

}  // namespace trapeze::virtio
