// The firmware services behind one HypercallSpace, with a fake machine and one fake caller.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "trap/sysregs_fake_cpu.h"
#include "trapeze/arch/psci.h"
#include "trapeze/arch/smccc.h"
#include "trapeze/firmware/psci.h"
#include "trapeze/firmware/smccc.h"
#include "trapeze/firmware/trng.h"

namespace trapeze::firmware {

// Four vCPUs in two clusters. RAM from 1 GiB to 2 GiB.
class FakePower final : public PowerControl {
public:
    struct Started {
        u64 affinity, entry, context_id;
        bool operator==(const Started&) const = default;
    };

    CpuOnResult cpu_on(u64 affinity, u64 entry, u64 context_id) override {
        for (bus::VcpuIndex cpu = 0; cpu < cpu_count(); ++cpu) {
            if (affinities[cpu] != affinity) continue;
            if (powers[cpu] == CpuPower::On) return CpuOnResult::AlreadyOn;
            if (powers[cpu] == CpuPower::OnPending) return CpuOnResult::OnPending;
            if (broken) return CpuOnResult::InternalFailure;
            powers[cpu] = CpuPower::OnPending;
            started.push_back({affinity, entry, context_id});
            return CpuOnResult::Success;
        }
        return CpuOnResult::NotFound;
    }
    unsigned cpu_count() const override { return static_cast<unsigned>(affinities.size()); }
    u64 cpu_affinity(bus::VcpuIndex cpu) const override { return affinities[cpu]; }
    CpuPower cpu_power(bus::VcpuIndex cpu) const override { return powers[cpu]; }
    bool is_executable(u64 address) const override { return address >= 0x4000'0000 && address < 0x8000'0000; }

    std::vector<u64> affinities{0x000, 0x001, 0x100, 0x1'0000'0101};
    std::vector<CpuPower> powers{CpuPower::On, CpuPower::Off, CpuPower::Off, CpuPower::Off};
    std::vector<Started> started;
    bool broken = false;
};

class Firmware : public testing::Test {
protected:
    Firmware() {
        calls_.add(psci_, Psci::table());
        calls_.add(smccc_, SmcccArch::table());
        calls_.add(trng_, Trng::table());
    }

    trap::Outcome call(u32 function, u64 x1 = 0, u64 x2 = 0, u64 x3 = 0,
                       trap::Conduit conduit = trap::Conduit::Hvc) {
        cpu_.set_x(0, function);
        cpu_.set_x(1, x1);
        cpu_.set_x(2, x2);
        cpu_.set_x(3, x3);
        return calls_.handle({conduit, 0}, cpu_);
    }
    // The registers that the call returns.
    std::vector<u64> results(u32 function, u64 x1 = 0, u64 x2 = 0, u64 x3 = 0) {
        const trap::Outcome outcome = call(function, x1, x2, x3);
        const auto* result = std::get_if<trap::CallResult>(&outcome);
        if (result == nullptr) {
            ADD_FAILURE() << "not a result";
            return {};
        }
        return {result->x.begin(), result->x.begin() + result->count};
    }
    // X0 as the signed number that the documents speak of. The 32-bit value must be the same one.
    s64 x0(u32 function, u64 x1 = 0, u64 x2 = 0, u64 x3 = 0) {
        const std::vector<u64> values = results(function, x1, x2, x3);
        if (values.empty()) return 0xdead;
        const s64 value = static_cast<s64>(values[0]);
        EXPECT_EQ(value, static_cast<s32>(value));
        return value;
    }
    static std::optional<trap::StopReason> stop_of(const trap::Outcome& outcome) {
        const auto* stop = std::get_if<trap::Stop>(&outcome);
        return stop != nullptr ? std::optional(stop->reason) : std::nullopt;
    }

    FakePower power_;
    std::map<unsigned, u64> workarounds_{{1, 1}, {2, 0}, {3, 2}};
    std::vector<u8> entropy_;  // given out from the front; when too short, there is none
    trap::HypercallSpace calls_;
    Psci psci_{power_, calls_};
    SmcccArch smccc_{[this](unsigned n) { return std::optional(workarounds_.at(n)); }, calls_};
    Trng trng_{calls_, [this](std::span<u8> buffer) {
                   if (entropy_.size() < buffer.size()) return false;
                   std::copy_n(entropy_.begin(), buffer.size(), buffer.begin());
                   requested_ = buffer.size();
                   return true;
               }};
    std::size_t requested_ = 0;
    trap::FakeCpu cpu_;
};

}  // namespace trapeze::firmware
