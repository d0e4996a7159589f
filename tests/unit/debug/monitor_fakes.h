// A machine of mocks and a port that remembers, for the tests of the monitors.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "trapeze/bus/char_port.h"
#include "trapeze/debug/machine_control.h"

namespace trapeze::debug {

class MockMachine : public MachineControl {
public:
    MOCK_METHOD(std::size_t, cpu_count, (), (const, override));
    MOCK_METHOD(vcpu::Vcpu&, cpu, (std::size_t), (override));
    MOCK_METHOD(u64, cpu_affinity, (std::size_t), (const, override));
    MOCK_METHOD(mem::GuestMemory&, memory, (), (override));
    MOCK_METHOD(std::string, machine_name, (), (const, override));
    MOCK_METHOD(RunState, run_state, (), (const, override));
    MOCK_METHOD(void, add_observer, (MachineObserver&), (override));
    MOCK_METHOD(void, remove_observer, (MachineObserver&), (override));
    MOCK_METHOD(void, stop, (RunState), (override));
    MOCK_METHOD(Result<>, cont, (), (override));
    MOCK_METHOD(void, system_reset, (ShutdownCause), (override));
    MOCK_METHOD(void, system_powerdown, (), (override));
    MOCK_METHOD(void, quit, (ShutdownCause), (override));
};

class TextPort : public bus::CharPort {
public:
    std::size_t send(std::span<const u8> bytes) override {
        const std::size_t taken = std::min(bytes.size(), room);
        text.append(reinterpret_cast<const char*>(bytes.data()), taken);
        room -= taken;
        return taken;
    }
    void set_receiver(bus::CharReceiver*) override {}
    void receiver_ready() override {}
    std::string text;
    std::size_t room = std::size_t{1} << 40;
};

}  // namespace trapeze::debug
