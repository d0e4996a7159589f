// libFuzzer entry: loads and stores without a syndrome. The input is an instruction, the registers, the
// controls of translation and the beginning of RAM, where the tables can be. Everything is allowed except
// crashes and sanitizer reports.
#include <algorithm>
#include <cstring>
#include <span>

#include "trap/load_store_cpu.h"
#include "trapeze/trap/dispatch.h"

namespace trapeze::trap {
namespace {

constexpr u64 kRam = 0x4000'0000;
constexpr u64 kRamSize = 0x4000;

class Device final : public bus::MmioDevice {
public:
    u64 mmio_read(const bus::MmioAccess& access) override { return access.offset; }
    void mmio_write(const bus::MmioAccess&, u64) override {}
    void reset() override {}
    std::string_view name() const override { return "fuzz"; }
};

struct Machine {
    Machine() {
        (void)memory.add_ram({mem::Gpa{kRam}, kRamSize});
        bus.add({mem::Gpa{0x0900'0000}, 0x1000}, device);
    }
    Device device;
    SysRegSpace sysregs;
    HypercallSpace calls;
    bus::MmioBus bus;
    mem::GuestMemory memory;
};

void run(std::span<const u8> input) {
    static Machine machine;
    LoadStoreCpu cpu;
    const auto take = [&input](auto& value) {
        const std::size_t size = std::min(sizeof(value), input.size());
        std::memcpy(&value, input.data(), size);
        input = input.subspan(size);
    };
    u8 instruction[4] = {};
    take(instruction);
    take(cpu.pstate_value);
    cpu.pstate_value &= 0x00ff'ffef;
    for (const arch::SysReg reg : {arch::reg::SCTLR_EL1, arch::reg::TCR_EL1, arch::reg::TTBR0_EL1,
                                   arch::reg::TTBR1_EL1, arch::reg::MAIR_EL1})
        take(cpu.registers[reg]);
    take(cpu.general);
    take(cpu.stack);
    (void)machine.memory.fill_zero(mem::Gpa{kRam}, kRamSize);
    (void)machine.memory.write(mem::Gpa{kRam}, input.first(std::min<std::size_t>(input.size(), kRamSize)));
    (void)machine.memory.write(mem::Gpa{LoadStoreCpu::kPc}, instruction);
    (void)dispatch(UndescribedMmioTrap{mem::Gpa{0x0900'0000}, 0}, cpu,
                   {machine.sysregs, machine.calls, machine.bus, machine.memory});
}

}  // namespace
}  // namespace trapeze::trap

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, std::size_t size) {
    trapeze::trap::run({data, size});
    return 0;
}
