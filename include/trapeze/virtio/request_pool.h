// Requests of a device that its host end works on: as many as were ever in flight at a time, so at most the
// entries of its queues.
#pragma once

#include <memory>
#include <vector>

namespace trapeze::virtio {

// On the device's thread. Request is made from a reference to the device.
template <typename Request, typename Device>
class RequestPool {
public:
    explicit RequestPool(Device& device) : device_(device) {}

    Request& take() {
        if (free_.empty()) {
            all_.push_back(std::make_unique<Request>(device_));
            free_.push_back(all_.back().get());
        }
        Request& request = *free_.back();
        free_.pop_back();
        return request;
    }
    void give_back(Request& request) { free_.push_back(&request); }

private:
    Device& device_;
    std::vector<std::unique_ptr<Request>> all_;
    std::vector<Request*> free_;
};

}  // namespace trapeze::virtio
