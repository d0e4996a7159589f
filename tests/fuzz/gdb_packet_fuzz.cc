// libFuzzer entry: what a hostile peer sends to the gdbstub. The input is a list of operations: raw bytes,
// well-framed packets, and the target stopping in between. Everything is allowed except crashes, sanitizer
// reports, replies longer than a packet may be, and memory that grows.
#include <cstdlib>

#include "debug/gdb_fake_target.h"
#include "fuzz_input.h"
#include "gdb/catch_points.h"
#include "gdb/session.h"

namespace trapeze::debug::gdb {
namespace {

// One of the usual beginnings, so that the fuzzer need not find them all.
constexpr std::string_view kBeginnings[] = {"",
                                            "g",
                                            "G",
                                            "p",
                                            "P",
                                            "m",
                                            "M",
                                            "x",
                                            "X",
                                            "Z",
                                            "z",
                                            "H",
                                            "T",
                                            "c",
                                            "s",
                                            "C",
                                            "S",
                                            "D",
                                            "?",
                                            "vCont;",
                                            "vCont?",
                                            "vKill;",
                                            "qSupported:",
                                            "qXfer:features:read:target.xml:",
                                            "qXfer:memory-map:read::",
                                            "qXfer:threads:read::",
                                            "qRcmd,",
                                            "qThreadExtraInfo,",
                                            "Qqemu.sstep=",
                                            "Qqemu.PhyMemMode:",
                                            "QStartNoAckMode",
                                            "qfThreadInfo"};

void fuzz(std::span<const u8> input) {
    FakeTarget target;
    target.monitor_output.assign(100, '$');
    Session session(target, [](std::string_view bytes) { require(bytes.size() <= 2 * kMaxPacket + 4); });
    session.start();
    while (input.size() >= 2) {
        const u8 operation = input[0];
        const std::size_t length = std::min<std::size_t>(input[1], input.size() - 2);
        const std::span<const u8> bytes = input.subspan(2, length);
        input = input.subspan(2 + length);
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        switch (operation % 8) {
            case 0: session.receive(bytes); break;
            case 1:
                target.running = false;
                session.stopped({.cpu = operation / 8u % 2u, .signal = kSignalTrap});
                break;
            case 2: {
                CatchPoints points;
                bool changed = false;
                (void)points.command(text, changed);
                break;
            }
            default: {
                const std::string packet =
                    frame(std::string(kBeginnings[operation % std::size(kBeginnings)]) + std::string(text));
                session.receive({reinterpret_cast<const u8*>(packet.data()), packet.size()});
            }
        }
        (void)session.steps_on(0, 0);
        require(target.memory.size() == 0x4000);
        if (!session.is_active()) session.start();
        if (target.points.size() > 1000) target.points.clear();
        if (target.registers.size() > 1000) target.registers.clear();
    }
}

}  // namespace
}  // namespace trapeze::debug::gdb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    trapeze::debug::gdb::fuzz({data, size});
    return 0;
}
