// The human monitor's commands against a machine whose registers and memory are known.
#include "trapeze/debug/hmp.h"

#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "fake_machine.h"
#include "hmp_expression.h"
#include "monitor_fakes.h"
#include "trapeze/base/fd.h"
#include "trapeze/base/log.h"

namespace trapeze::debug {
namespace {

using accel::CoreReg;
using testing::ElementsAre;
using testing::HasSubstr;

TraceEvent test_event("hmp_test_event");

class HmpTest : public testing::Test {
protected:
    void store(u64 address, std::string_view bytes) {
        ASSERT_TRUE(machine.memory().write(mem::Gpa{address},
                                           {reinterpret_cast<const u8*>(bytes.data()), bytes.size()}));
    }
    void map_a_page() { machine.map_page(0, 0x1000, FakeMachine::kRam + 0x5000); }
    std::string run(std::string_view line) { return hmp.execute(line); }

    FakeMachine machine;
    Hmp hmp{machine};
};

TEST_F(HmpTest, ExaminesPhysicalMemoryInQemusLayout) {
    store(FakeMachine::kRam, {"\x01\x02\x03\x04\xff\xff\xff\xff"
                              "AB\n\0zzzz\x10",
                              17});
    EXPECT_EQ(run("xp/3xw 0x40000000"), "0000000040000000: 0x04030201 0xffffffff 0x000a4241\n");
    EXPECT_EQ(run("xp /2xg 0x40000000"), "0000000040000000: 0xffffffff04030201 0x7a7a7a7a000a4241\n");
    EXPECT_EQ(run("xp/1dw 0x40000004"), "0000000040000004: -1\n");
    EXPECT_EQ(run("xp/1uw 0x40000004"), "0000000040000004: 4294967295\n");
    EXPECT_EQ(run("xp/4c 0x40000008"), "0000000040000008: 'A' 'B' '\\n' '\\x00'\n");
    EXPECT_EQ(run("xp/9xb 0x40000000"),
              "0000000040000000: 0x01 0x02 0x03 0x04 0xff 0xff 0xff 0xff\n0000000040000008: 0x41\n");
    EXPECT_EQ(run("xp 0x40000000"), "0000000040000000: 0x04030201\n");
    EXPECT_EQ(run("xp/2xw 0x3ffffffc"), "000000003ffffffc: Cannot access memory\n");
    EXPECT_EQ(run("xp/2xg 0x401ffff8"), "00000000401ffff8: 0x0000000000000000 Cannot access memory\n");
}

TEST_F(HmpTest, ExaminesVirtualMemory) {
    map_a_page();
    store(FakeMachine::kRam + 0x5ff8, "12345678");
    EXPECT_EQ(run("x/1xg 0x1ff8"), "0000000000001ff8: 0x3837363534333231\n");
    EXPECT_THAT(run("x/1xg 0x1ffc"), HasSubstr("Cannot access memory")) << "half of it is not mapped";
    EXPECT_THAT(run("x/1xb 0x3000"), HasSubstr("Cannot access memory"));
    EXPECT_EQ(run("gva2gpa 0x1234"), "gpa: 0x40005234\n");
    EXPECT_EQ(run("gva2gpa 0x3000"), "Unmapped\n");
    EXPECT_EQ(run("cpu 1"), "");
    EXPECT_EQ(run("gva2gpa 0x1234"), "gpa: 0x1234\n") << "the other vCPU's MMU is off";
    machine.accels[0]->preset(accel::x_reg(3), 0x1ff8);
    EXPECT_EQ(run("cpu 0"), "");
    EXPECT_EQ(run("x/2c $x3 + 1"), "0000000000001ff9: '2' '3'\n");
}

TEST_F(HmpTest, Calculates) {
    machine.accels[0]->preset(CoreReg::Pc, 0xffff'8000'0008'0000);
    machine.accels[0]->preset(accel::x_reg(30), 0x1'2345'6789);
    machine.accels[0]->preset(CoreReg::Sp, 0x100);
    machine.accels[0]->preset(CoreReg::SpEl1, 0x200);
    machine.accels[0]->preset(CoreReg::Pstate, 0x3c5);
    machine.accels[0]->preset(arch::reg::VBAR_EL1, 0x800);
    EXPECT_EQ(run("p $pc"), "0xffff800000080000\n");
    EXPECT_EQ(run("print/d 2+3*4"), "14\n");
    EXPECT_EQ(run("p/d -(7 - 2) * 2"), "-10\n");
    EXPECT_EQ(run("p/u 1<<4|0x10&~1"), "16\n");
    EXPECT_EQ(run("p/o 010 + 'A'"), "0111\n");
    EXPECT_EQ(run("p/c 65"), "'A'\n");
    EXPECT_EQ(run("p $w30"), "0x0000000023456789\n");
    EXPECT_EQ(run("p $lr"), "0x0000000123456789\n");
    EXPECT_EQ(run("p $sp"), "0x0000000000000200\n");
    EXPECT_EQ(run("p $vbar_el1 + 8"), "0x0000000000000808\n");
    EXPECT_EQ(run("p $nope"), "unknown register '$nope'\n");
    EXPECT_EQ(run("p 1/0"), "division by zero\n");
    EXPECT_EQ(run("p 5 % (3 - 3)"), "division by zero\n");
    EXPECT_EQ(run("p (1"), "')' expected\n");
    EXPECT_EQ(run("p"), "usage: print /fmt expr\n");
    EXPECT_EQ(run("p 1 1"), "print: extraneous characters at the end of line\n");
    EXPECT_EQ(run("p 0x12345678901234567"), "'0x12345678901234567' is too large\n");
    EXPECT_EQ(run("p " + std::string(1000, '(')), "the expression is nested too deeply\n");
    EXPECT_EQ(run("p " + std::string(1000, '-') + "1"), "the expression is nested too deeply\n");
    EXPECT_EQ(run("p/i 1"), "instructions are not disassembled; gdb does that\n");
    EXPECT_EQ(run("x/99999999999xb 0"), "the count is too large\n");
    EXPECT_EQ(run("x/999999xb 0"), "at most 65536 bytes are shown at once\n");
}

TEST_F(HmpTest, ShowsRegisters) {
    for (unsigned n = 0; n < 31; ++n) machine.accels[0]->preset(accel::x_reg(n), 0x1000 + n);
    machine.accels[0]->preset(CoreReg::Pc, 0x4008'0000);
    machine.accels[0]->preset(CoreReg::Pstate, 0x6000'03c5);
    machine.accels[0]->preset(arch::reg::ESR_EL1, 0x9600'0004);
    const std::string text = run("info registers");
    EXPECT_THAT(text,
                HasSubstr("\nCPU#0\n PC=0000000040080000 X00=0000000000001000 X01=0000000000001001\nX02="));
    EXPECT_THAT(text,
                HasSubstr("X30=000000000000101e SP=0000000000000000\nPSTATE=600003c5 -ZC- EL1h DAIF\n"));
    EXPECT_THAT(text, HasSubstr("ESR_EL1=0000000096000004"));
    EXPECT_THAT(text, testing::Not(HasSubstr("CPU#1")));
    EXPECT_THAT(run("info registers -a"), HasSubstr("CPU#1"));
    EXPECT_EQ(run("info registers -z"), "usage: registers [-a]\n");
    EXPECT_GT(machine.inspections, 0u);
    EXPECT_THAT(run("info sysregs"), HasSubstr("ESR_EL1              0000000096000004\n"));
}

TEST_F(HmpTest, SelectsTheCpu) {
    machine.accels[1]->preset(CoreReg::Pc, 0x77);
    EXPECT_EQ(run("cpu 2"), "invalid CPU index\n");
    EXPECT_EQ(run("cpu 1"), "");
    EXPECT_EQ(run("p $pc"), "0x0000000000000077\n");
    EXPECT_THAT(run("info cpus"), HasSubstr("  CPU #0: affinity 0x0 off\n* CPU #1: affinity 0x1 off\n"));
}

TEST_F(HmpTest, SavesMemory) {
    char name[] = "/tmp/trapeze-hmp-XXXXXX";
    const Fd file(::mkstemp(name));
    const std::string path = name;
    const auto content = [&] {
        std::ifstream in(path, std::ios::binary);
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    };
    store(FakeMachine::kRam + 0x5000, "physical");
    EXPECT_EQ(run("pmemsave 0x40005000 8 \"" + path + "\""), "");
    EXPECT_EQ(content(), "physical");
    map_a_page();
    EXPECT_EQ(run("memsave 0x1004 4 " + path), "");
    EXPECT_EQ(content(), "ical");
    EXPECT_THAT(run("memsave 0x3000 4 " + path), HasSubstr("invalid address 0x3000"));
    EXPECT_THAT(run("pmemsave 0x40000000 4 /no/such/file"), HasSubstr("could not open '/no/such/file'"));
    EXPECT_EQ(run("pmemsave 1 2"), "usage: pmemsave addr size file\n");
    ::unlink(name);
}

TEST_F(HmpTest, SwitchesTracesAndLogs) {
    EXPECT_EQ(run("trace-event hmp_test_* on"), "");
    EXPECT_TRUE(test_event.enabled());
    EXPECT_THAT(run("info trace-events"), HasSubstr("hmp_test_event : state 1\n"));
    EXPECT_EQ(run("trace-event hmp_test_event off"), "");
    EXPECT_FALSE(test_event.enabled());
    EXPECT_EQ(run("trace-event nothing on"), "no trace event matches 'nothing'\n");
    EXPECT_EQ(run("trace-event hmp_test_event maybe"), "'maybe' is neither on nor off\n");
    EXPECT_EQ(run("log unimp"), "");
    EXPECT_TRUE(log_enabled(LogClass::Unimp));
    EXPECT_EQ(run("log bogus"), "unknown log item 'bogus'\n");
    EXPECT_TRUE(log_enabled(LogClass::Unimp)) << "nothing has changed";
    EXPECT_EQ(run("log none"), "");
    EXPECT_FALSE(log_enabled(LogClass::Unimp));
}

TEST_F(HmpTest, RaisesSdeiEvents) {
    EXPECT_EQ(run("info sdei"), "vCPU 0: masked\n");
    EXPECT_EQ(run("sdei-inject 0"), "");
    EXPECT_EQ(run("sdei-inject 0x40000000+2 1"), "");
    EXPECT_EQ(run("cpu 1"), "");
    EXPECT_EQ(run("sdei-inject 2"), "it has to wait\n");
    EXPECT_EQ(machine.log, "sdei 0x0 on -1 or 0 sdei 0x40000002 on 1 or 0 sdei 0x2 on -1 or 1 ");
    EXPECT_EQ(run("sdei-inject 1"), "there is no event 0x1\n");
    EXPECT_EQ(run("sdei-inject 0x100000000"), "there is no event 0x100000000\n");
    EXPECT_THAT(run("sdei-inject"), HasSubstr("usage: sdei-inject event [vcpu]"));
    EXPECT_THAT(run("sdei-inject 0 $pc"), HasSubstr("pc"));
    EXPECT_THAT(run("sdei-inject 0 1 2"), HasSubstr("extraneous"));
    EXPECT_THAT(run("sdei-inject five"), HasSubstr("five"));
}

TEST_F(HmpTest, SaysWhatItCannotDo) {
    EXPECT_EQ(run("nmi"), "this machine has no non-maskable interrupt\n");
    EXPECT_THAT(run("catch hypercall"), HasSubstr("-gdb"));
    EXPECT_THAT(run("dump-guest-memory -p /tmp/x"), HasSubstr("leave out -p"));
    machine.state = RunState::Shutdown;
    EXPECT_EQ(run("info status"), "VM status: paused (shutdown)\n");
    EXPECT_EQ(run("c"), "a reset is needed\n");
    EXPECT_EQ(run("info chardev"), "serial0: filename=unix:/tmp/s,server=on\n");
    EXPECT_EQ(run(std::string(10'000, 'x')), "the command is too long\n");
}

TEST_F(HmpTest, Helps) {
    EXPECT_EQ(run("help xp"), "xp /fmt addr -- show physical memory: xp/8xb 0x40000000\n");
    EXPECT_EQ(run("help s"), "stop|s -- pause the machine\n");
    EXPECT_THAT(run("info"), HasSubstr("info registers [-a] -- "));
    EXPECT_EQ(run("help info"), run("info"));
    EXPECT_EQ(run("help nothing"), "unknown command: 'nothing'\n");
}

TEST_F(HmpTest, Completes) {
    EXPECT_THAT(hmp.complete("sys"), ElementsAre("system_powerdown", "system_reset"));
    EXPECT_THAT(hmp.complete("info s"), ElementsAre("sdei", "status", "sysregs"));
    EXPECT_THAT(hmp.complete("help mem"), ElementsAre("memsave"));
    EXPECT_THAT(hmp.complete("trace-event hmp_t"), ElementsAre("hmp_test_event"));
    EXPECT_THAT(hmp.complete("bogus x"), ElementsAre());
    EXPECT_THAT(hmp.complete("stop x"), ElementsAre());
}

TEST_F(HmpTest, SurvivesGarbage) {
    u32 state = 1;
    for (int i = 0; i < 20'000; ++i) {
        std::string line = i % 3 == 0 ? "p " : i % 3 == 1 ? "x/" : "";
        for (int n = 0; n < 30; ++n) {
            state = state * 1664525 + 1013904223;
            constexpr std::string_view kAlphabet = "xp/0129$(-+*%<>~'\"acwg pc\t\xff";
            line += kAlphabet[(state >> 16) % kAlphabet.size()];
        }
        const std::string answer = run(line);
        EXPECT_TRUE(answer.empty() || answer.ends_with('\n')) << line;
    }
}

}  // namespace
}  // namespace trapeze::debug
