// Every message for a bad command line, in full.
#include <set>

#include "command_line_test.h"
#include "option_table.h"

namespace trapeze::cli {
namespace {

struct Refusal {
    std::string_view line;
    std::string_view error;
};

constexpr Refusal kRefusals[] = {
    // Options
    {"-kernal Image", "-kernal: unknown option (did you mean '-kernel'?)"},
    {"--frobnicate", "--frobnicate: unknown option (-help lists all options)"},
    {"--kernel=Image", "--kernel=Image: unknown option (the value follows after a space: -kernel Image)"},
    {"-", "-: unknown option (-help lists all options)"},
    {"--", "--: unknown option (-help lists all options)"},
    {"disk.img", "'disk.img': not an option, and disk images are not supported yet by this version"},
    {"''", "'': not an option, and disk images are not supported yet by this version"},
    {"-smp", "-smp: an argument is missing"},
    {"--append", "-append: an argument is missing"},
    {"-machine ''", "-machine: the argument is empty"},
    {"-m ''", "-m: the argument is empty"},
    {"-kernel ''", "-kernel '': a file name must not be empty"},
    {"-pidfile ''", "-pidfile '': a file name must not be empty"},
    {"-D ''", "-D '': a file name must not be empty"},
    // -machine
    {"-machine pc", "-machine pc: no such machine; 'virt' is the one there is"},
    {"-M none", "-M none: no such machine; 'virt' is the one there is"},
    {"-machine type=vrit", "-machine type=vrit: no such machine; 'virt' is the one there is"},
    {"-machine virt,gic-verison=3",
     "-machine gic-verison=3: unknown key 'gic-verison' (did you mean 'gic-version'?)"},
    {"-machine virt,=3", "-machine virt,=3: a key is missing before '=3'"},
    {"-M virt,gic_version=4",
     "-M gic-version=4: a GICv4 is not supported yet by this version; gic-version=3 is"},
    {"-machine gic-version=7", "-machine gic-version=7: must be 2, 3, max or host"},
    {"-machine virtualization=on",
     "-machine virtualization=on: EL2 in the guest is not supported yet by this version"},
    {"-machine secure=on", "-machine secure=on: EL3 in the guest is not supported yet by this version"},
    {"-machine mte=on", "-machine mte=on: memory tagging is not supported yet by this version"},
    {"-machine mte", "-machine mte: no such machine; 'virt' is the one there is"},
    {"-machine virt,mte", "-machine mte: memory tagging is not supported yet by this version"},
    {"-machine virt,dumpdtb", "-machine dumpdtb: a value is missing"},
    {"-chardev file,id=x,path", "-chardev path: a value is missing"},
    {"-smp 4,cores", "-smp cores: a value is missing"},
    {"-machine virt,nodumpdtb", "-machine nodumpdtb: unknown key 'nodumpdtb' (did you mean 'dumpdtb'?)"},
    {"-machine mte=maybe", "-machine mte=maybe: must be on or off"},
    {"-machine sdei=often", "-machine sdei=often: must be on, off or auto"},
    {"-machine its=maybe", "-machine its=maybe: must be on, off or auto"},
    {"-machine irqchip=apic", "-machine irqchip=apic: must be gic or rvic"},
    {"-machine msi=its",
     "-machine msi=its: message-signalled interrupts are not supported yet by this version"},
    {"-machine msi=x", "-machine msi=x: must be off or auto"},
    {"-machine iommu=smmuv3", "-machine iommu=smmuv3: the IOMMU is not supported yet by this version"},
    {"-machine usb=on", "-machine usb=on: the USB controller is not supported yet by this version"},
    {"-machine acpi=x", "-machine acpi=x: must be on, off or auto"},
    {"-machine memory-backend=mem", "-machine memory-backend=mem: there is no -object with that id"},
    {"-machine memory-backend=", "-machine memory-backend=: an id must not be empty"},
    {"-machine memory-backend=r -object rng-builtin,id=r",
     "-machine memory-backend=r: -object rng-builtin,id=r is no memory"},
    {"-machine memory-backend=m -object memory-backend-ram,id=m,size=1G -m 2G",
     "-machine memory-backend=m: -object memory-backend-ram,id=m,size=1G has another size than -m 2G"},
    {"-machine memory-backend=m -object memory-backend-ram,id=m,size=1G -mem-path f",
     "-machine memory-backend=m: contradicts -mem-path"},
    {"-object memory-backend-ram,id=m", "-object memory-backend-ram,id=m: size= is missing"},
    {"-object memory-backend-ram,id=m,size=5", "-object size=5: must be a multiple of 4K"},
    {"-object memory-backend-ram,id=m,size=1T", "-object size=1T: machine 'virt' has room for at most 255G"},
    {"-object memory-backend-file,id=m,size=1G",
     "-object memory-backend-file,id=m,size=1G: mem-path= is missing"},
    {"-object memory-backend-file,id=m,size=1G,mem-path=",
     "-object mem-path=: a file name must not be empty"},
    {"-object memory-backend-file,id=m,size=1G,mem-path=f,offset=1",
     "-object offset=1: must be a multiple of 4K"},
    {"-object memory-backend-file,id=m,size=1G,mem-path=f,pmem=on",
     "-object pmem=on: persistent memory is not supported yet by this version"},
    {"-object memory-backend-memfd,id=m,size=1G,hugetlbsize=2M",
     "-object memory-backend-memfd,id=m,size=1G,hugetlbsize=2M: hugetlbsize= needs hugetlb=on"},
    {"-object memory-backend-memfd,id=m,size=1G,hugetlb=on,hugetlbsize=3M",
     "-object hugetlbsize=3M: must be a power of two"},
    {"-object memory-backend-ram,id=m,size=1G,policy=bind",
     "-object policy=bind: NUMA policies are not supported yet by this version"},
    {"-object memory-backend-ram,id=m,size=1G,mem-path=f", "-object mem-path=f: unknown key 'mem-path'"},
    {"-object memory-backend-epc,id=m",
     "-object memory-backend-epc,id=m: object 'memory-backend-epc' is not supported yet by this version"},
    {"-mem-path ''", "-mem-path '': a file name must not be empty"},
    {"-machine pflash0=rom", "-machine pflash0=rom: firmware images are not supported yet by this version"},
    {"-machine dumpdtb=", "-machine dumpdtb=: a file name must not be empty"},
    {"-machine kernel-irqchip=split",
     "-machine kernel-irqchip=split: split applies to x86 only; use on or off"},
    // Accelerators
    {"-accel kwm", "-accel kwm: unknown accelerator 'kwm' (did you mean 'kvm'?)"},
    {"-accel kvm,trap-hard=on", "-accel trap-hard=on: unknown key 'trap-hard' (did you mean 'trap-harder'?)"},
    {"-accel kvm,trap-harder=perhaps", "-accel trap-harder=perhaps: must be on or off"},
    {"-accel kvm,kernel-irqchip=split",
     "-accel kernel-irqchip=split: split applies to x86 only; use on or off"},
    {"-accel kvm,dirty-ring-size=4096",
     "-accel dirty-ring-size=4096: the dirty ring is not supported yet by this version"},
    {"-accel trap-harder,trap-harder=off", "-accel trap-harder=off: contradicts -accel trap-harder"},
    {"-accel kvm,trap-harder=on,kernel-irqchip=on",
     "-accel kvm,trap-harder=on,kernel-irqchip=on: kernel-irqchip=on contradicts trap-harder, whose "
     "interrupt "
     "controller is in userspace"},
    {"-accel trap-harder -machine kernel-irqchip=on",
     "-accel trap-harder: kernel-irqchip=on contradicts trap-harder, whose interrupt controller is in "
     "userspace"},
    {"-accel kvm,trap-at=on", "-accel kvm,trap-at=on: trap-at=on needs trap-harder=on"},
    {"-accel trap-harder,trap-at=sometimes", "-accel trap-at=sometimes: must be on or off"},
    {"-accel trap-harder,trap-art=on",
     "-accel trap-art=on: unknown key 'trap-art' (did you mean 'trap-at'?)"},
    {"-accel tcg",
     "-accel tcg: emulation is not supported yet by this version; use -accel trap-harder or -accel kvm"},
    {"-accel hvf -accel tcg",
     "-accel hvf: emulation is not supported yet by this version; use -accel trap-harder or -accel kvm"},
    {"-machine accel=tcg",
     "-machine accel=tcg: emulation is not supported yet by this version; use -accel trap-harder or -accel "
     "kvm"},
    {"-machine accel=kvm:", "-machine accel=kvm:: unknown accelerator ''"},
    {"-machine accel=kvm -accel kvm", "-accel kvm: cannot be combined with -machine accel=kvm"},
    // -cpu
    {"-cpu cortex-a57x", "-cpu cortex-a57x: unknown CPU model 'cortex-a57x' (did you mean 'cortex-a57'?)"},
    {"-cpu Penryn", "-cpu Penryn: unknown CPU model 'Penryn'"},
    {"-cpu host,svee=on", "-cpu svee=on: unknown key 'svee' (did you mean 'sve'?)"},
    {"-cpu host,sve100=on", "-cpu sve100=on: unknown key 'sve100'"},
    {"-cpu host,sve128=2", "-cpu sve128=2: must be on or off"},
    {"-cpu host,sve=3", "-cpu sve=3: must be on or off"},
    {"-cpu host,aarch64=off", "-cpu aarch64=off: 32-bit EL1 is not supported yet by this version"},
    {"-cpu host,kvm-steal-time=on",
     "-cpu kvm-steal-time=on: stolen time is not supported yet by this version"},
    // -smp, -m
    {"-smp 0", "-smp 0: must be a number from 1 to 4294967295"},
    {"-smp x", "-smp x: must be a number from 1 to 4294967295"},
    {"-smp 513", "-smp 513: too many SMP CPUs: machine 'virt' supports at most 512"},
    {"-smp 4000000000", "-smp 4000000000: too many SMP CPUs: machine 'virt' supports at most 512"},
    {"-smp 2,maxcpus=513", "-smp 2,maxcpus=513: too many SMP CPUs: machine 'virt' supports at most 512"},
    {"-smp sockets=65536,cores=65536,threads=65536,clusters=65536",
     "-smp sockets=65536,cores=65536,threads=65536,clusters=65536: too many SMP CPUs: machine 'virt' "
     "supports at "
     "most 512"},
    {"-smp 5,cores=2,sockets=2,threads=1",
     "-smp 5,cores=2,sockets=2,threads=1: 2 sockets * 1 clusters * 2 cores * 1 threads do not make 5 CPUs"},
    {"-smp 4,maxcpus=2", "-smp 4,maxcpus=2: maxcpus must not be less than cpus"},
    {"-smp 4,dies=2", "-smp dies=2: machine 'virt' has no dies"},
    {"-smp 4,core=2", "-smp core=2: unknown key 'core' (did you mean 'cores'?)"},
    {"-m 0", "-m 0: must not be zero"},
    {"-m lots", "-m lots: must be a size such as 512M or 4G"},
    {"-m 4GB", "-m 4GB: must be a size such as 512M or 4G"},
    {"-m 1b", "-m 1b: must be a multiple of 4K"},
    {"-m 256G", "-m 256G: machine 'virt' has room for at most 255G"},
    {"-m 99999999T", "-m 99999999T: is too large"},
    {"-m 1G,slots=2", "-m slots=2: memory hotplug is not supported yet by this version"},
    {"-m 1G,maxmem=4G", "-m maxmem=4G: memory hotplug is not supported yet by this version"},
    // Console
    {"-serial unix:", "-serial unix:: a socket path is missing after unix:"},
    {"-serial unix:s,serve", "-serial unix:s,serve: unknown key 'serve'"},
    {"-serial unix:s,wait=on", "-serial unix:s,wait=on: wait=on needs server=on"},
    {"-serial tcp:4444", "-serial tcp:4444: must be host:port"},
    {"-serial tcp::0", "-serial tcp::0: must be a number from 1 to 65535"},
    {"-serial tcp::1,server,reconnect=5",
     "-serial tcp::1,server,reconnect=5: reconnect= is for clients with an address"},
    {"-chardev socket,id=x,fd=3,reconnect-ms=5",
     "-chardev socket,id=x,fd=3,reconnect-ms=5: reconnect= is for clients with an address"},
    {"-serial vc:80Cx24C", "-serial vc:80Cx24C: character device 'vc' is not supported yet by this version"},
    {"-serial /dev/ttyS0", "-serial /dev/ttyS0: host serial ports are not supported yet by this version"},
    {"-serial mon:file:x", "-serial mon:file:x: mon: works with devices that have input only"},
    {"-serial file:", "-serial file:: a file name is missing after file:"},
    {"-serial chardev:", "-serial chardev:: an id is missing after chardev:"},
    {"-serial chardev:x", "-serial chardev:x: there is no -chardev with id 'x'"},
    {"-serial stido", "-serial stido: unknown character device (did you mean 'stdio'?)"},
    {"-serial ''", "-serial '': unknown character device"},
    {"-monitor telnet::1",
     "-monitor telnet::1: character device 'telnet' is not supported yet by this version"},
    {"-chardev stdio", "-chardev stdio: id= is missing"},
    {"-chardev stdio,id=", "-chardev id=: an id must not be empty"},
    {"-chardev id=x", "-chardev id=x: the back end is missing"},
    {"-chardev stdoi,id=x", "-chardev stdoi,id=x: unknown back end 'stdoi' (did you mean 'stdio'?)"},
    {"-chardev file,id=x", "-chardev file,id=x: path= is missing"},
    {"-chardev file,id=x,path=", "-chardev path=: a file name must not be empty"},
    {"-chardev null,id=x,path=p", "-chardev path=p: applies to the file back end only"},
    {"-chardev null,id=x,append=on", "-chardev append=on: applies to the file back end only"},
    {"-chardev ringbuf,id=x,size=1000", "-chardev size=1000: must be a power of two, up to 1G"},
    {"-chardev null,id=x,size=1024", "-chardev size=1024: applies to the ringbuf back end only"},
    {"-chardev null,id=x,input-path=p", "-chardev input-path=p: applies to the file back end only"},
    {"-chardev null,id=x,signal=on", "-chardev signal=on: applies to the stdio back end only"},
    {"-chardev null,id=x -chardev null,id=x", "-chardev null,id=x: id 'x' is already taken"},
    {"-chardev stdio,id=x,logfile=l",
     "-chardev logfile=l: logs of character devices are not supported yet by this version"},
    {"-chardev braille,id=x",
     "-chardev braille,id=x: character device 'braille' is not supported yet by this version"},
    {"-mon mode=readline", "-mon mode=readline: chardev= is missing"},
    {"-mon c,mode=x", "-mon mode=x: must be readline or control"},
    {"-chardev socket,id=x", "-chardev socket,id=x: one of path=, port= and fd= is needed"},
    {"-chardev socket,id=x,path=p,port=1",
     "-chardev socket,id=x,path=p,port=1: one of path=, port= and fd= is needed"},
    {"-chardev socket,id=x,host=localhost", "-chardev socket,id=x,host=localhost: port= is missing"},
    {"-chardev socket,id=x,path=p,wait=on", "-chardev socket,id=x,path=p,wait=on: wait=on needs server=on"},
    {"-chardev socket,id=x,path=p,telnet=on",
     "-chardev telnet=on: the telnet protocol is not supported yet by this version"},
    {"-chardev pty,id=x,server=on", "-chardev server=on: applies to the socket back end only"},
    {"-qmp mon:stdio", "-qmp mon:stdio: mon: adds a monitor for humans; -monitor takes it"},
    {"-echr 0", "-echr 0: must be a number from 1 to 31"},
    {"-echr a", "-echr a: must be a number from 1 to 31"},
    {"-display gtk", "-display gtk: graphical displays are not supported yet by this version; use none"},
    // Diagnostics
    {"-d in_asm", "-d in_asm: unknown log item 'in_asm'; there are guest_errors, unimp and trace:pattern"},
    {"-d unipm",
     "-d unipm: unknown log item 'unipm' (did you mean 'unimp'?); there are guest_errors, unimp and "
     "trace:pattern"},
    {"-d unimp,", "-d unimp,: unknown log item ''; there are guest_errors, unimp and trace:pattern"},
    {"-d trace:", "-d trace:: a trace event pattern must not be empty"},
    {"-trace enable=", "-trace enable=: a trace event pattern must not be empty"},
    {"-trace events=", "-trace events=: a file name must not be empty"},
    {"-trace x,file=", "-trace file=: a file name must not be empty"},
    {"-trace x,buffer=1K", "-trace buffer=1K: a size between 4K and 1G is wanted"},
    {"-trace x,stream=off", "-trace stream=off: file= is missing"},
    {"-stats format=json", "-stats: file= is missing"},
    {"-stats f,format=xml", "-stats format=xml: json or table is wanted"},
    // The rest
    {"-name ''", "-name: the argument is empty"},
    {"-name guest=", "-name guest=: a name must not be empty"},
    {"-name x,debug-threads=2", "-name debug-threads=2: must be on or off"},
    {"-rtc base=localtime", "-rtc base=localtime: only base=utc is supported by this version"},
    {"-rtc clock=vm", "-rtc clock=vm: only clock=host is supported by this version"},
    {"-action reboot=explode", "-action reboot=explode: must be reset or shutdown"},
    {"-action shutdown=x", "-action shutdown=x: must be poweroff or pause"},
    {"-action panic=x", "-action panic=x: must be shutdown, exit-failure, pause or none"},
    {"-action watchdog=x",
     "-action watchdog=x: must be reset, shutdown, poweroff, pause, debug, none or inject-nmi"},
    {"-watchdog-action x",
     "-watchdog-action x: must be reset, shutdown, poweroff, pause, debug, none or inject-nmi"},
    {"-M virt,pvpanic=x", "-M pvpanic=x: must be on or off"},
    {"-vga std", "-vga std: graphics cards are not supported yet by this version"},
    {"-netdev vde,id=x", "-netdev vde,id=x: network type 'vde' is not supported yet by this version"},
    {"-netdev usr,id=x", "-netdev usr,id=x: unknown network type 'usr' (did you mean 'user'?)"},
    {"-netdev user", "-netdev user: id= is missing"},
    {"-netdev user,id=a -netdev user,id=a", "-netdev user,id=a: id 'a' is already taken"},
    {"-netdev user,id=a,hostfwd=tcp::22",
     "-netdev hostfwd=tcp::22: invalid host forwarding rule: '-' is missing between the host's and the "
     "guest's "
     "end"},
    {"-netdev user,id=a,guestfwd=tcp:10.0.2.100:80-stdio",
     "-netdev guestfwd=tcp:10.0.2.100:80-stdio: invalid guest forwarding rule: the end on the host must be "
     "tcp:HOST:PORT, unix:PATH or cmd:COMMAND"},
    {"-netdev user,id=a,host=11.0.0.1",
     "-netdev user,id=a,host=11.0.0.1: the host 11.0.0.1 is not in the network 10.0.2.0"},
    {"-netdev user,id=a,net=10.0.2.0/255.0.255.0", "-netdev net=10.0.2.0/255.0.255.0: the mask has a hole"},
    {"-netdev user,id=a,smb=/", "-netdev smb=/: file sharing by SMB is not supported yet by this version"},
    {"-netdev tap,id=a,script=/etc/ifup",
     "-netdev script=/etc/ifup: scripts are not supported yet by this version; set the interface up before, "
     "and "
     "use script=no"},
    {"-netdev tap,id=a,vhost=on",
     "-netdev vhost=on: in-kernel devices are not supported yet by this version"},
    {"-netdev tap,id=a,ifname=x,fd=3", "-netdev tap,id=a,ifname=x,fd=3: ifname= and fd= exclude each other"},
    {"-netdev stream,id=a,addr.type=unix",
     "-netdev stream,id=a,addr.type=unix: one address is needed: a path, a port or a descriptor"},
    {"-netdev dgram,id=a,local.type=inet",
     "-netdev dgram,id=a,local.type=inet: local.port= and remote.port=, or a descriptor, are needed"},
    {"-device virtio-net-device,netdev=a",
     "-device virtio-net-device,netdev=a: there is no -netdev with id 'a'"},
    {"-device virtio-net-device,mac=01:00:00:00:00:00",
     "-device mac=01:00:00:00:00:00: this is a multicast address"},
    {"-device virtio-net-device,mac=52:54:00:12:34",
     "-device mac=52:54:00:12:34: must be six bytes in hexadecimal: 52:54:00:12:34:56"},
    {"-device virtio-net-device,mq=on",
     "-device mq=on: several pairs of queues are not supported yet by this version"},
    {"-nic user,model=e1000",
     "-nic user,model=e1000: model=e1000: device 'e1000' is not supported yet by this version"},
    {"-nic user,model=virtio-net-pci",
     "-nic user,model=virtio-net-pci: model=virtio-net-pci: PCI is not supported yet by this version; use "
     "virtio-net-device"},
    {"-net nic -net nic -net user",
     "-net: networks with several members are not supported yet by this version; use -nic for each"},
    {"-sandbox on", "-sandbox on: system call filters are not supported yet by this version"},
    {"-gdb x", "-gdb x: must be tcp:host:port, unix:path, stdio or none"},
    {"-gdb tcp:1234", "-gdb tcp:1234: a port is missing: tcp:host:port"},
    {"-gdb tcp::0", "-gdb tcp::0: port: must be a number from 1 to 65535"},
    {"-gdb unix:", "-gdb unix:: a path is missing after unix:"},
    {"-gdb tcp::1,wait=on",
     "-gdb tcp::1,wait=on: 'wait=on' is not supported: the debugger connects to us, at any time"},
    {"-gdb stdio",
     "-gdb stdio: standard input and output are in use already (-serial and -monitor say what for)"},
    {"-bios u-boot.bin", "-bios u-boot.bin: firmware images are not supported yet by this version"},
    {"-device driver=virtio-rng-pci,id=r",
     "-device driver=virtio-rng-pci,id=r: PCI is not supported yet by this version; virtio-rng-device is the "
     "same device without it"},
    {"-device e1000",
     "-device e1000: device 'e1000' is not supported yet by this version (-device help lists "
     "those that are)"},
    // Values that would spoil the terminal
    {"-cpu 'a\nb'", "-cpu a\\x0ab: unknown CPU model 'a\\x0ab'"},
};

TEST(Refusals, SayWhatIsWrong) {
    for (const Refusal& refusal : kRefusals) EXPECT_EQ(error(refusal.line), refusal.error) << refusal.line;
}

TEST(Refusals, EveryKnownButMissingOptionSaysSo) {
    for (const OptionRow& row : refused_options()) {
        const std::string name(row.name);
        const bool has_argument = row.argument != Argument::None;
        EXPECT_EQ(error("-" + name + (has_argument ? " value" : "")),
                  "-" + name + (has_argument ? " value: " : ": ") + not_supported(row.help));
    }
}

TEST(OptionTable, NamesAreUnique) {
    std::set<std::string_view> names;
    for (const auto rows : {options(), refused_options()}) {
        for (const OptionRow& row : rows) EXPECT_TRUE(names.insert(row.name).second) << row.name;
    }
}

TEST(OptionTable, HelpNamesEveryOption) {
    const std::string text = printed("--help");
    for (const OptionRow& row : options()) {
        EXPECT_NE(text.find("\n  -" + std::string(row.name)), std::string::npos) << row.name;
        EXPECT_NE(text.find(row.help), std::string::npos) << row.name;
    }
}

TEST(OptionTable, EveryOptionWithAnArgumentInsistsOnIt) {
    for (const auto rows : {options(), refused_options()}) {
        for (const OptionRow& row : rows) {
            if (row.argument == Argument::None) continue;
            EXPECT_EQ(error(fmt::format("-{}", row.name)),
                      fmt::format("-{}: an argument is missing", row.name));
        }
    }
}

}  // namespace
}  // namespace trapeze::cli
