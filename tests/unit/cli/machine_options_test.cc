// What each option of the machine and its boot sets, and the helps.
#include <gmock/gmock.h>

#include "command_line_test.h"
#include "trapeze/base/version.h"

namespace trapeze::cli {
namespace {

using machine::AccelKind;
using machine::GicVersion;
using machine::OnOffAuto;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(MachineOptions, Defaults) {
    const RunMachine machine = run("");
    EXPECT_EQ(machine.config.name, "trapeze");
    EXPECT_EQ(machine.config.process_name, "");
    EXPECT_EQ(machine.config.vcpus, 1u);
    EXPECT_EQ(machine.config.ram_bytes, 128ull << 20);
    EXPECT_EQ(machine.config.cpu.model, "host");
    EXPECT_TRUE(machine.config.dtb_randomness);
    EXPECT_FALSE(machine.config.no_reboot);
    EXPECT_FALSE(machine.config.no_shutdown);
    EXPECT_FALSE(machine.config.start_paused);
    EXPECT_EQ(machine.config.mux_escape, 1u);
    EXPECT_THAT(machine.warnings, IsEmpty());
}

TEST(MachineOptions, OneOrTwoDashes) {
    EXPECT_EQ(config("--smp 3 --append 'a b' -no-reboot").vcpus, 3u);
    EXPECT_EQ(config("--append 'a b'").append, "a b");
    EXPECT_TRUE(config("--no-reboot").no_reboot);
}

TEST(MachineOptions, Files) {
    const auto c = config("-initrd i.cpio -append 'a,,b c=d' -dtb x.dtb -pidfile run/pid");
    EXPECT_EQ(c.kernel, "Image");
    EXPECT_EQ(c.initrd, "i.cpio");
    EXPECT_EQ(c.append, "a,,b c=d");
    EXPECT_EQ(c.dtb, "x.dtb");
    EXPECT_EQ(c.pid_file, "run/pid");
}

TEST(MachineOptions, FilesAsMachineKeys) {
    const auto c = config("-machine virt,kernel=a,,b,initrd=i,append=c=1,dtb=d,dumpdtb=out.dtb");
    EXPECT_EQ(c.kernel, "a,b");
    EXPECT_EQ(c.initrd, "i");
    EXPECT_EQ(c.append, "c=1");
    EXPECT_EQ(c.dtb, "d");
    EXPECT_EQ(c.dump_dtb, "out.dtb");
    // Whichever spelling comes last counts.
    EXPECT_EQ(config("-machine kernel=b -kernel c").kernel, "c");
}

TEST(MachineOptions, AKernelOrADumpIsNeeded) {
    EXPECT_EQ(parse_line("-machine virt").error().message(), "-kernel is missing: there is nothing to start");
    EXPECT_EQ(parse_line("").error().message(), "-kernel is missing: there is nothing to start");
    EXPECT_TRUE(parse_line("-machine virt,dumpdtb=out.dtb"));
}

TEST(MachineOptions, MachineAccumulatesAndTheLastValueCounts) {
    EXPECT_FALSE(config("-machine virt,dtb-randomness=off -M gic-version=3").dtb_randomness);
    EXPECT_TRUE(config("-machine virt,dtb-randomness=off -M dtb_randomness=on").dtb_randomness);
    // A value that would be refused does no harm once overridden.
    EXPECT_EQ(error("-machine virt,gic-version=4 -machine gic-version=3"), "");
    EXPECT_NE(error("-machine virt,gic-version=3 -machine gic-version=4"), "");
    EXPECT_FALSE(config("-machine dtb-kaslr-seed=off").dtb_randomness);
}

TEST(MachineOptions, MachineKeysWithoutEffect) {
    for (const char* key : {"type=virt",
                            "acpi=on",
                            "acpi=off",
                            "acpi=auto",
                            "highmem=off",
                            "highmem-ecam=on",
                            "highmem_mmio=on",
                            "highmem-redists=off",
                            "compact-highmem=on",
                            "graphics=off",
                            "dump-guest-core=off",
                            "mem-merge=off",
                            "suppress-vmdesc=on",
                            "msi=off",
                            "msi=auto",
                            "iommu=none",
                            "virtualization=off",
                            "secure=off",
                            "mte=off",
                            "ras=off",
                            "usb=off",
                            "cxl=off",
                            "nvdimm=off",
                            "hmat=off"}) {
        EXPECT_EQ(error(std::string("-machine virt,") + key), "") << key;
    }
}

TEST(MachineOptions, Irqchip) {
    const auto irqchip = [](std::string_view line) { return config(line).irqchip; };
    EXPECT_EQ(irqchip("-machine virt").gic, GicVersion::Auto);
    EXPECT_EQ(irqchip("-machine virt,gic-version=2").gic, GicVersion::V2);
    EXPECT_EQ(irqchip("-machine virt,gic_version=3").gic, GicVersion::V3);
    EXPECT_EQ(irqchip("-machine virt,gic-version=max").gic, GicVersion::Max);
    EXPECT_EQ(irqchip("-machine virt,gic-version=host").gic, GicVersion::Max);
    EXPECT_FALSE(irqchip("-machine virt").rvic);
    EXPECT_TRUE(irqchip("-machine virt,irqchip=rvic").rvic);
    EXPECT_FALSE(irqchip("-machine virt,irqchip=rvic -M irqchip=gic").rvic);
    EXPECT_EQ(irqchip("-machine virt").its, OnOffAuto::Auto);
    EXPECT_EQ(irqchip("-machine virt,its=off").its, OnOffAuto::Off);
    EXPECT_EQ(irqchip("-machine virt,its=on").its, OnOffAuto::On);
    EXPECT_EQ(irqchip("-machine virt").sdei, OnOffAuto::Auto);
    EXPECT_EQ(irqchip("-machine virt,sdei=off").sdei, OnOffAuto::Off);
    EXPECT_EQ(irqchip("-machine virt,sdei=on").sdei, OnOffAuto::On);
    EXPECT_THAT(error("-machine virt,irqchip=gicv3"), HasSubstr("must be gic or rvic"));
    EXPECT_THAT(error("-machine virt,gic-version=5"), HasSubstr("must be 2, 3, max or host"));
}

TEST(MachineOptions, Smp) {
    EXPECT_EQ(config("-smp 512").vcpus, 512u);
    EXPECT_EQ(config("-smp cpus=4").vcpus, 4u);
    EXPECT_EQ(config("-smp 4 -smp 2").vcpus, 2u);
    const auto plain = config("-smp 4").topology;
    EXPECT_EQ(plain.sockets * plain.clusters * plain.threads, 1u);
    EXPECT_EQ(plain.cores, 4u);
    const auto full = config("-smp 16,sockets=2,clusters=2,cores=2,threads=2").topology;
    EXPECT_EQ(full.sockets, 2u);
    EXPECT_EQ(full.clusters, 2u);
    EXPECT_EQ(full.cores, 2u);
    EXPECT_EQ(full.threads, 2u);
    EXPECT_EQ(config("-smp sockets=2,cores=3").vcpus, 6u);
    EXPECT_EQ(config("-smp 8,cores=4").topology.sockets, 2u);
    EXPECT_EQ(config("-smp 8,sockets=2,cores=2").topology.threads, 2u);
    EXPECT_EQ(config("-smp 8,sockets=2").topology.cores, 4u);
    const auto spare = config("-smp 2,maxcpus=8,dies=1,books=1");
    EXPECT_EQ(spare.vcpus, 2u);
    EXPECT_EQ(spare.topology.cores, 8u);
}

TEST(MachineOptions, Memory) {
    EXPECT_EQ(config("-m 4096").ram_bytes, 4ull << 30);
    EXPECT_EQ(config("-m 1G").ram_bytes, 1ull << 30);
    EXPECT_EQ(config("-m size=512m").ram_bytes, 512ull << 20);
    EXPECT_EQ(config("-m 255G").ram_bytes, 255ull << 30);
    EXPECT_EQ(config("-m 4k").ram_bytes, 4096u);
    EXPECT_EQ(config("-m 1G -m 2G").ram_bytes, 2ull << 30);
}

TEST(MachineOptions, MemoryBackends) {
    using Kind = mem::RamConfig::Kind;
    EXPECT_EQ(config("-m 1G").ram.kind, Kind::Anonymous);
    const auto kola = config(
        "-machine virt,memory-backend=mem -object "
        "memory-backend-memfd,id=mem,size=1024M,share=on,prealloc=on "
        "-m 1024");
    EXPECT_EQ(kola.ram_bytes, 1ull << 30);
    EXPECT_EQ(kola.ram.kind, Kind::Memfd);
    EXPECT_TRUE(kola.ram.shared);
    EXPECT_TRUE(kola.ram.prealloc);
    // Sizes of objects count bytes; a memfd is for sharing, by default.
    const auto memfd = config(
        "-object memory-backend-memfd,id=m,size=4194304,hugetlb=on,hugetlbsize=2M "
        "-machine memory-backend=m");
    EXPECT_EQ(memfd.ram_bytes, 4ull << 20);
    EXPECT_TRUE(memfd.ram.shared);
    EXPECT_FALSE(memfd.ram.prealloc);
    EXPECT_TRUE(memfd.ram.huge_pages);
    EXPECT_EQ(memfd.ram.huge_page_bytes, 2ull << 20);
    const auto ram =
        config("-object memory-backend-ram,id=m,size=64M,merge=off,dump=on -machine memory-backend=m");
    EXPECT_EQ(ram.ram.kind, Kind::Anonymous);
    EXPECT_FALSE(ram.ram.shared);
    const auto file = config(
        "-object memory-backend-file,id=m,size=64M,mem-path=/f,offset=8k,share=on "
        "-machine memory-backend=m");
    EXPECT_EQ(file.ram.kind, Kind::File);
    EXPECT_EQ(file.ram.path, "/f");
    EXPECT_EQ(file.ram.file_offset, 8192u);
    EXPECT_TRUE(file.ram.shared);
    // One that the machine does not name is not its RAM.
    EXPECT_EQ(config("-object memory-backend-memfd,id=m,size=64M").ram.kind, Kind::Anonymous);
    const auto path = config("-m 64 -mem-path /f -mem-prealloc");
    EXPECT_EQ(path.ram.kind, Kind::File);
    EXPECT_EQ(path.ram.path, "/f");
    EXPECT_FALSE(path.ram.shared);
    EXPECT_TRUE(path.ram.prealloc);
    EXPECT_THAT(printed("-object memory-backend-file,help"), testing::HasSubstr("mem-path="));
    EXPECT_THAT(printed("-object memory-backend-ram,help"), testing::Not(testing::HasSubstr("mem-path=")));
}

TEST(MachineOptions, Accelerators) {
    const auto kinds = [](std::string_view line) {
        std::vector<AccelKind> list;
        for (const auto& accel : config(line).accels) list.push_back(accel.kind);
        return list;
    };
    EXPECT_THAT(kinds("-machine virt"), ElementsAre(AccelKind::TrapHarder, AccelKind::Kvm));
    EXPECT_THAT(kinds("-machine virt,kernel-irqchip=on"), ElementsAre(AccelKind::Kvm))
        << "trap-harder has none";
    EXPECT_THAT(kinds("-accel trap-harder"), ElementsAre(AccelKind::TrapHarder));
    EXPECT_THAT(kinds("-accel kvm"), ElementsAre(AccelKind::Kvm));
    EXPECT_THAT(kinds("-accel kvm,trap-harder=on"), ElementsAre(AccelKind::TrapHarder));
    EXPECT_THAT(kinds("-accel kvm,trap-harder=off"), ElementsAre(AccelKind::Kvm));
    EXPECT_THAT(kinds("-accel trap-harder -accel kvm -accel tcg,thread=multi"),
                ElementsAre(AccelKind::TrapHarder, AccelKind::Kvm));
    EXPECT_THAT(kinds("-accel tcg -accel kvm"), ElementsAre(AccelKind::Kvm));
    EXPECT_THAT(kinds("-machine accel=kvm:tcg -M virt"), ElementsAre(AccelKind::Kvm));
    EXPECT_THAT(kinds("-machine accel=trap-harder:kvm"), ElementsAre(AccelKind::TrapHarder, AccelKind::Kvm));
    EXPECT_THAT(kinds("-enable-kvm"), ElementsAre(AccelKind::Kvm));
    EXPECT_THAT(kinds("-enable-kvm -accel kvm,trap-harder=on"), ElementsAre(AccelKind::TrapHarder));
}

TEST(MachineOptions, TrapAt) {
    const auto trap_at = [](std::string_view line) { return config(line).accels.at(0).trap_at; };
    EXPECT_FALSE(trap_at("-machine virt"));
    EXPECT_FALSE(trap_at("-accel trap-harder"));
    EXPECT_TRUE(trap_at("-accel trap-harder,trap-at=on"));
    EXPECT_FALSE(trap_at("-accel trap-harder,trap-at=off"));
    EXPECT_TRUE(trap_at("-accel kvm,trap-at=on,trap-harder=on"));
    EXPECT_FALSE(trap_at("-accel kvm,trap-at=off"));
}

TEST(MachineOptions, KernelIrqchip) {
    const auto irqchip = [](std::string_view line) { return config(line).accels.at(0).kernel_irqchip; };
    EXPECT_EQ(irqchip("-accel kvm"), OnOffAuto::Auto);
    EXPECT_EQ(irqchip("-accel kvm,kernel-irqchip=on"), OnOffAuto::On);
    EXPECT_EQ(irqchip("-accel kvm,kernel-irqchip=off"), OnOffAuto::Off);
    EXPECT_EQ(irqchip("-machine virt,accel=kvm,kernel-irqchip=off"), OnOffAuto::Off);
    EXPECT_EQ(irqchip("-machine kernel_irqchip=off -accel kvm,trap-harder=on"), OnOffAuto::Off);
    // The accelerator's own word counts.
    EXPECT_EQ(irqchip("-machine kernel-irqchip=on -accel kvm,kernel-irqchip=off"), OnOffAuto::Off);
}

TEST(MachineOptions, Cpu) {
    EXPECT_EQ(config("-cpu max").cpu.model, "max");
    EXPECT_THAT(run("-cpu max").warnings, IsEmpty());
    const auto cpu = config("-cpu host,pmu=off,sve=on,pauth=off,aarch64=on,kvm-steal-time=off").cpu;
    EXPECT_EQ(cpu.pmu, OnOffAuto::Off);
    EXPECT_EQ(cpu.sve, OnOffAuto::On);
    EXPECT_EQ(cpu.pauth, OnOffAuto::Off);
    EXPECT_EQ(config("-cpu host").cpu.pmu, OnOffAuto::Auto);
    // The last -cpu counts, as a whole.
    EXPECT_EQ(config("-cpu host,pmu=off -cpu host").cpu.pmu, OnOffAuto::Auto);
}

TEST(MachineOptions, CpuWarnings) {
    const auto named = run("-cpu cortex-a57");
    EXPECT_EQ(named.config.cpu.model, "cortex-a57");
    EXPECT_THAT(named.warnings, ElementsAre("-cpu cortex-a57: running with the host CPU's features"));
    EXPECT_THAT(
        run("-cpu max,pauth-impdef=on").warnings,
        ElementsAre("-cpu max,pauth-impdef=on: 'pauth-impdef' applies to emulated CPUs only; ignored"));
    for (const char* key : {"sve128=on", "sve2048=off", "lpa2=off", "sve-max-vq=4", "sme=off", "sme512=on"}) {
        EXPECT_EQ(run(std::string("-cpu max,") + key).warnings.size(), 1u) << key;
    }
}

TEST(MachineOptions, NameAndRunning) {
    EXPECT_EQ(config("-name vm1").name, "vm1");
    EXPECT_EQ(config("-name a,,b").name, "a,b");
    const auto named = config("-name guest=vm2,process=proc,debug-threads=on");
    EXPECT_EQ(named.name, "vm2");
    EXPECT_EQ(named.process_name, "proc");
    EXPECT_TRUE(config("-no-reboot").no_reboot);
    EXPECT_TRUE(config("-no-shutdown").no_shutdown);
    EXPECT_TRUE(config("-S").start_paused);
    EXPECT_TRUE(config("-action reboot=shutdown,shutdown=pause").no_reboot);
    EXPECT_TRUE(config("-action reboot=shutdown,shutdown=pause").no_shutdown);
    EXPECT_FALSE(config("-no-reboot -action reboot=reset,panic=exit-failure,watchdog=none").no_reboot);
}

TEST(MachineOptions, PanicAction) {
    using machine::PanicAction;
    EXPECT_EQ(config("").panic_action, PanicAction::Shutdown);
    EXPECT_EQ(config("-action panic=exit-failure").panic_action, PanicAction::ExitFailure);
    EXPECT_EQ(config("-action panic=pause,reboot=reset").panic_action, PanicAction::Pause);
    EXPECT_EQ(config("-action panic=none").panic_action, PanicAction::None);
    EXPECT_EQ(config("-action panic=none -action panic=shutdown").panic_action, PanicAction::Shutdown);
    EXPECT_TRUE(config("").pvpanic);
    EXPECT_FALSE(config("-M virt,pvpanic=off").pvpanic);
}

TEST(MachineOptions, TestDevice) {
    EXPECT_FALSE(config("").test_device);
    EXPECT_TRUE(config("-M virt,x-test-device=on").test_device);
}

TEST(MachineOptions, WatchdogActionsAreAcceptedWithAWarning) {
    for (const std::string_view word :
         {"reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi"}) {
        for (const std::string_view option : {"-action watchdog=", "-watchdog-action "}) {
            const RunMachine machine = run(fmt::format("{}{}", option, word));
            ASSERT_EQ(machine.warnings.size(), 1u) << word;
            EXPECT_EQ(
                machine.warnings.front(),
                fmt::format("-action watchdog={} has no effect: this version has no watchdog devices", word));
        }
    }
}

TEST(MachineOptions, AcceptedWithoutEffect) {
    const RunMachine machine =
        run("-vga none -vnc none -parallel none -parallel null -audio none -audio driver=none -net none -nic "
            "none "
            "-qmp none -sandbox off -rtc base=utc,clock=host,driftfix=none -boot order=c,menu=on -L "
            "/usr/share/qemu "
            "-usb -no-user-config -display none");
    EXPECT_THAT(machine.warnings, IsEmpty());
    EXPECT_EQ(machine.config.kernel, "Image");
}

TEST(Help, FirstLinesServeScripts) {
    for (const char* option : {"-version", "--version", "-h", "-help", "--help", "-?"}) {
        const std::string text = printed(option);
        const std::string first = text.substr(0, text.find('\n'));
        EXPECT_THAT(first, testing::ContainsRegex("version [0-9]+[.][0-9]+[.][0-9]+")) << option;
        EXPECT_THAT(first, HasSubstr("QEMU")) << option;
        EXPECT_THAT(first, HasSubstr(kVersion)) << option;
    }
}

TEST(Help, ProbesOfKvmUnitTests) {
    EXPECT_THAT(printed("-machine '?'"), HasSubstr("ARM Virtual Machine"));
    EXPECT_THAT(printed("-machine virt,?"), HasSubstr("gic-version"));
    EXPECT_THAT(printed("-machine virt -device '?'"), HasSubstr("virtio-blk-device"));
    EXPECT_THAT(printed("-machine virt -chardev ?"), HasSubstr("stdio"));
}

TEST(Help, BothSpellingsEverywhere) {
    for (const char* option :
         {"-machine", "-M", "-machine virt,", "-cpu", "-cpu host,", "-accel", "-accel kvm,", "-device",
          "-chardev", "-chardev stdio,", "-d", "-trace", "-d trace:", "-d unimp,", "-display"}) {
        const std::string text(option);
        const bool attached = text.ends_with(',') || text.ends_with(':');
        const std::string line = attached ? text : text + " ";
        EXPECT_EQ(printed(line + "help"), printed(line + "?")) << option;
    }
    EXPECT_THAT(printed("-cpu help"), HasSubstr("cortex-a57"));
    EXPECT_THAT(printed("-accel help"), HasSubstr("trap-harder"));
    EXPECT_THAT(printed("-d help"), HasSubstr("guest_errors"));
}

TEST(Help, WinsOverErrorsToItsRightOnly) {
    EXPECT_TRUE(parse_line("-h -nonsense"));
    EXPECT_FALSE(parse_line("-nonsense -h"));
}

TEST(Help, ListSysregsIsForMain) {
    for (const char* option : {"-list-sysregs", "--list-sysregs"}) {
        const auto parsed = parse_line(option);
        ASSERT_TRUE(parsed);
        ASSERT_TRUE(std::holds_alternative<SpecialAction>(*parsed));
        EXPECT_EQ(std::get<SpecialAction>(*parsed), SpecialAction::ListSysregs);
    }
}

}  // namespace
}  // namespace trapeze::cli
