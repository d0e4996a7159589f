// The ELF core of a machine: its structure, and what gdb makes of it.
#include <elf.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "core_dump.h"
#include "fake_machine.h"
#include "monitor_fakes.h"
#include "trapeze/base/fd.h"

namespace trapeze::debug {
namespace {

class DumpTest : public testing::Test {
protected:
    DumpTest() {
        const Fd file(::mkstemp(name_));
        for (unsigned cpu = 0; cpu < 2; ++cpu) {
            for (unsigned n = 0; n < 31; ++n) machine_.accels[cpu]->preset(accel::x_reg(n), cpu * 0x100 + n);
            machine_.accels[cpu]->preset(accel::CoreReg::Pc, 0xffff'8000'0000'1000 + cpu);
            machine_.accels[cpu]->preset(accel::CoreReg::Sp, 0x1111);
            machine_.accels[cpu]->preset(accel::CoreReg::SpEl1, 0x2222);
            machine_.accels[cpu]->preset(accel::CoreReg::Pstate, 0x3c5);
        }
        put(0x400, "beginning");
        put(FakeMachine::kRamSize - 3, "end");
    }
    ~DumpTest() override { ::unlink(name_); }

    void put(u64 offset, std::string_view text) {
        ASSERT_TRUE(machine_.memory().write(mem::Gpa{FakeMachine::kRam + offset},
                                            {reinterpret_cast<const u8*>(text.data()), text.size()}));
    }
    std::string dump() {
        const auto written = write_core_dump(machine_, name_);
        EXPECT_TRUE(written) << written.error().message();
        std::ifstream in(name_, std::ios::binary);
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    }
    template <typename T>
    static T at(const std::string& file, u64 offset) {
        T object{};
        EXPECT_LE(offset + sizeof(T), file.size());
        std::memcpy(&object, file.data() + offset, sizeof(T));
        return object;
    }

    FakeMachine machine_;
    char name_[32] = "/tmp/trapeze-dump-XXXXXX";
};

TEST_F(DumpTest, MapsMemoryWhereItIs) {
    const std::string file = dump();
    const auto elf = at<Elf64_Ehdr>(file, 0);
    EXPECT_EQ(elf.e_type, ET_CORE);
    EXPECT_EQ(elf.e_machine, EM_AARCH64);
    ASSERT_EQ(elf.e_phnum, 2);
    const auto load = at<Elf64_Phdr>(file, elf.e_phoff + sizeof(Elf64_Phdr));
    EXPECT_EQ(load.p_type, u32{PT_LOAD});
    EXPECT_EQ(load.p_paddr, FakeMachine::kRam);
    EXPECT_EQ(load.p_vaddr, FakeMachine::kRam);
    EXPECT_EQ(load.p_filesz, FakeMachine::kRamSize);
    ASSERT_EQ(file.size(), load.p_offset + load.p_filesz);
    EXPECT_EQ(file.substr(load.p_offset + 0x400, 9), "beginning");
    EXPECT_EQ(file.substr(file.size() - 3), "end");
    struct stat info {};
    ASSERT_EQ(::stat(name_, &info), 0);
    EXPECT_LT(static_cast<u64>(info.st_blocks) * 512, FakeMachine::kRamSize / 2) << "zeros are holes";
    EXPECT_EQ(info.st_mode & 0777, 0600u) << "a dump may hold secrets";
}

TEST_F(DumpTest, HasTheRegistersOfEveryCpu) {
    const std::string file = dump();
    const auto note = at<Elf64_Phdr>(file, sizeof(Elf64_Ehdr));
    ASSERT_EQ(note.p_type, u32{PT_NOTE});
    u64 offset = note.p_offset;
    for (unsigned cpu = 0; cpu < 2; ++cpu) {
        const auto header = at<Elf64_Nhdr>(file, offset);
        EXPECT_EQ(header.n_type, u32{NT_PRSTATUS});
        EXPECT_EQ(header.n_descsz, 392u);
        EXPECT_EQ(file.substr(offset + 12, 5), std::string("CORE\0", 5));
        const u64 content = offset + 12 + 8;
        EXPECT_EQ(at<u32>(file, content + 32), cpu + 1);
        EXPECT_EQ(at<u64>(file, content + 112 + 30 * 8), cpu * 0x100 + 30);
        EXPECT_EQ(at<u64>(file, content + 112 + 31 * 8), 0x2222u) << "SP of EL1h";
        EXPECT_EQ(at<u64>(file, content + 112 + 32 * 8), 0xffff'8000'0000'1000 + cpu);
        EXPECT_EQ(at<u64>(file, content + 112 + 33 * 8), 0x3c5u);
        offset = content + 392;
    }
    EXPECT_EQ(offset, note.p_offset + note.p_filesz);
}

TEST_F(DumpTest, CarriesTheVmcoreinfoOfTheGuest) {
    const std::string text = "OSRELEASE=6.12\nKERNELOFFSET=1000\n";
    const Elf64_Nhdr header{11, static_cast<Elf64_Word>(text.size()), 0};
    put(0x7000, {reinterpret_cast<const char*>(&header), sizeof(header)});
    put(0x700c, std::string_view("VMCOREINFO\0\0", 12));
    put(0x7018, text);
    // An impostor whose size would reach beyond RAM.
    const Elf64_Nhdr impostor{11, 0xffff'ffff, 0};
    put(0x6000, {reinterpret_cast<const char*>(&impostor), sizeof(impostor)});
    const std::string file = dump();
    const auto note = at<Elf64_Phdr>(file, sizeof(Elf64_Ehdr));
    const std::string notes = file.substr(note.p_offset, note.p_filesz);
    EXPECT_THAT(notes, testing::HasSubstr(std::string("VMCOREINFO\0\0", 12) + text));
}

TEST_F(DumpTest, SaysWhyItCannot) {
    const auto written = write_core_dump(machine_, "/no/such/directory/file");
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().message(), testing::HasSubstr("could not open '/no/such/directory/file'"));
}

// The real reader. It needs no symbols: the core alone has registers and memory.
TEST_F(DumpTest, GdbReadsIt) {
    (void)dump();
    const std::string command =
        std::string("gdb-multiarch -nx -batch -ex 'set architecture aarch64' -ex 'core-file ") + name_ +
        "' -ex 'info registers pc x30 sp' -ex 'x/9cb 0x40000400' -ex 'info threads' 2>&1";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string output;
    char buffer[4096];
    while (const std::size_t count = std::fread(buffer, 1, sizeof(buffer), pipe))
        output.append(buffer, count);
    ::pclose(pipe);
    EXPECT_THAT(output, testing::ContainsRegex("pc +0xffff800000001000"));
    EXPECT_THAT(output, testing::ContainsRegex("x30 +0x1e"));
    EXPECT_THAT(output, testing::ContainsRegex("sp +0x2222"));
    EXPECT_THAT(output, testing::HasSubstr("98 'b'\t101 'e'\t103 'g'"));
    EXPECT_THAT(output, testing::ContainsRegex("LWP 2")) << "the second vCPU";
}

}  // namespace
}  // namespace trapeze::debug
