// -device, -drive and what belongs to them.
#include <gmock/gmock.h>

#include "command_line_test.h"

namespace trapeze::cli {
namespace {

using machine::BlockConfig;
using machine::DriveConfig;
using machine::P9Config;
using machine::RngConfig;

BlockConfig block(std::string_view line, std::size_t n = 0) {
    const auto devices = config(line).virtio;
    EXPECT_GT(devices.size(), n) << line;
    return std::get<BlockConfig>(devices.at(n).device);
}

TEST(Devices, NoneByDefault) {
    EXPECT_TRUE(config("-M virt").virtio.empty());
    EXPECT_EQ(config("-M virt").virtio_legacy, std::nullopt);
}

TEST(Devices, RngAndItsSources) {
    const auto rng = [](std::string_view line) {
        return std::get<RngConfig>(config(line).virtio.at(0).device);
    };
    EXPECT_EQ(rng("-device virtio-rng-device").file, "");
    EXPECT_EQ(rng("-device virtio-rng").file, "");
    EXPECT_EQ(rng("-device virtio-rng-device,rng=r -object rng-random,id=r").file, "/dev/urandom");
    EXPECT_EQ(rng("-object rng-random,filename=/dev/hwrng,id=r -device virtio-rng-device,rng=r").file,
              "/dev/hwrng");
    EXPECT_EQ(rng("-object rng-builtin,id=r -device virtio-rng-device,rng=r").file, "");
    const RngConfig limited = rng("-device virtio-rng-device,max-bytes=1024,period=1000");
    EXPECT_EQ(limited.max_bytes, 1024u);
    EXPECT_EQ(limited.period_ms, 1000u);
    EXPECT_EQ(error("-device virtio-rng-device,rng=r"),
              "-device virtio-rng-device,rng=r: there is no -object with id 'r'");
    EXPECT_EQ(error("-object rng-builtin,id=r,filename=x"), "-object filename=x: unknown key 'filename'");
    EXPECT_EQ(error("-object memory-backend-ram,id=m,size=1M -device virtio-rng-device,rng=m"),
              "-device virtio-rng-device,rng=m: -object memory-backend-ram,id=m,size=1M is no source of "
              "randomness");
    EXPECT_EQ(error("-object rng-random"), "-object rng-random: id= is missing");
    EXPECT_EQ(error("-object rng-random,id=a -object rng-builtin,id=a"),
              "-object rng-builtin,id=a: id 'a' is already taken");
}

TEST(Devices, PlacesAndNames) {
    const auto devices =
        config("-device virtio-rng-device,bus=virtio-mmio-bus.3,id=a -device virtio-rng").virtio;
    EXPECT_EQ(devices.at(0).slot, 3u);
    EXPECT_EQ(devices.at(0).id, "a");
    EXPECT_EQ(devices.at(1).slot, std::nullopt);
    EXPECT_EQ(error("-device virtio-rng-device,bus=virtio-mmio-bus.32"),
              "-device bus=virtio-mmio-bus.32: must be a number from 0 to 31");
    EXPECT_EQ(error("-device virtio-rng-device,bus=pcie.0"),
              "-device bus=pcie.0: must be virtio-mmio-bus.0 to 31");
    EXPECT_EQ(error("-device virtio-rng,id=a -device virtio-rng,id=a"),
              "-device id=a: this id is already taken");
    std::string many;
    for (int i = 0; i < 33; ++i) many += "-device virtio-rng ";
    EXPECT_EQ(error(many), "-device: there is room for 32 virtio devices");
}

TEST(Devices, Balloon) {
    const auto balloon = [](std::string_view line) {
        return std::get<machine::BalloonConfig>(config(line).virtio.at(0).device);
    };
    EXPECT_FALSE(balloon("-device virtio-balloon-device").deflate_on_oom);
    EXPECT_FALSE(balloon("-device virtio-balloon").free_page_reporting);
    EXPECT_TRUE(balloon("-device virtio-balloon-device,id=b,deflate-on-oom=on").deflate_on_oom);
    EXPECT_TRUE(balloon("-device virtio-balloon-device,free-page-reporting=on").free_page_reporting);
    EXPECT_EQ(error("-device virtio-balloon -device virtio-balloon-device"),
              "-device virtio-balloon-device: there can be only one balloon");
    EXPECT_EQ(error("-device virtio-balloon,free-page-hint=on"),
              "-device free-page-hint=on: migration is not supported yet by this version");
    EXPECT_THAT(error("-device virtio-balloon-pci"), testing::HasSubstr("virtio-balloon-device is the same"));
}

TEST(Devices, Vsock) {
    const auto vsock = std::get<machine::VsockConfig>(
        config("-device virtio-vsock-device,guest-cid=42,uds-path=/run/v.sock").virtio.at(0).device);
    EXPECT_EQ(vsock.guest_cid, 42u);
    EXPECT_EQ(vsock.path, "/run/v.sock");
    EXPECT_EQ(error("-device virtio-vsock-device,uds-path=v"),
              "-device virtio-vsock-device,uds-path=v: guest-cid= is missing");
    EXPECT_EQ(error("-device virtio-vsock-device,guest-cid=3"),
              "-device virtio-vsock-device,guest-cid=3: uds-path= is missing");
    for (const char* cid : {"2", "4294967295", "x", ""})
        EXPECT_THAT(error(fmt::format("-device virtio-vsock-device,uds-path=v,guest-cid={}", cid)),
                    testing::HasSubstr("guest-cid"));
    EXPECT_THAT(error("-device virtio-vsock-device,guest-cid=3,uds-path="),
                testing::HasSubstr("a path must not be empty"));
    EXPECT_THAT(
        error(fmt::format("-device virtio-vsock-device,guest-cid=3,uds-path={}", std::string(98, 'v'))),
        testing::HasSubstr("a path must not be longer than 96 bytes"));
    EXPECT_THAT(error("-device virtio-vsock-device,guest-cid=3,uds-path=v -device "
                      "virtio-vsock-device,guest-cid=4,uds-path=w"),
                testing::HasSubstr("guests know only one vsock device"));
}

TEST(Devices, VhostVsock) {
    const auto vsock = [](std::string_view line) {
        return std::get<machine::VhostVsockConfig>(config(line).virtio.at(0).device);
    };
    EXPECT_EQ(vsock("-device vhost-vsock-device,guest-cid=42").guest_cid, 42u);
    EXPECT_EQ(vsock("-device vhost-vsock-device,guest-cid=42").fd, -1);
    EXPECT_EQ(vsock("-device vhost-vsock-device,id=v,guest-cid=4294967294,vhostfd=7").fd, 7);
    EXPECT_EQ(error("-device vhost-vsock-device"), "-device vhost-vsock-device: guest-cid= is missing");
    for (const char* cid : {"2", "4294967295", "x", ""})
        EXPECT_THAT(error(fmt::format("-device vhost-vsock-device,guest-cid={}", cid)),
                    testing::HasSubstr("guest-cid"));
    EXPECT_THAT(error("-device vhost-vsock-device,guest-cid=3,vhostfd=-1"), testing::HasSubstr("vhostfd"));
    EXPECT_EQ(error("-device vhost-vsock-device,guest-cid=3,uds-path=v"),
              "-device uds-path=v: unknown key 'uds-path'");
    const std::string_view second = "guests know only one vsock device";
    EXPECT_THAT(error("-device virtio-vsock-device,guest-cid=3,uds-path=v -device "
                      "vhost-vsock-device,guest-cid=4"),
                testing::HasSubstr(second));
    EXPECT_THAT(error("-device vhost-vsock-device,guest-cid=3 -device "
                      "virtio-vsock-device,guest-cid=4,uds-path=v"),
                testing::HasSubstr(second));
    EXPECT_THAT(error("-device vhost-vsock-pci,guest-cid=3"),
                testing::HasSubstr("vhost-vsock-device is the same device without it"));
}

// The ports of the nth device.
std::vector<machine::ConsolePortConfig> ports(std::string_view line, std::size_t n = 0) {
    return std::get<machine::ConsoleConfig>(config(line).virtio.at(n).device).ports;
}

TEST(SerialPorts, GetTheirNumbers) {
    const std::string bus = "-device virtio-serial-device ";
    EXPECT_TRUE(ports(bus).empty());
    EXPECT_EQ(std::get<machine::ConsoleConfig>(config(bus).virtio.at(0).device).max_ports, 31u);
    const auto list = ports(bus +
                            "-device virtserialport,name=a -device virtconsole -device virtconsole "
                            "-device virtserialport,nr=7,name=b -device virtserialport");
    std::vector<u32> numbers;
    for (const auto& port : list) numbers.push_back(port.number);
    EXPECT_EQ(numbers, (std::vector<u32>{1, 0, 2, 7, 3}));
    EXPECT_EQ(list[0].name, "a");
    EXPECT_FALSE(list[0].console);
    EXPECT_TRUE(list[1].console);
}

TEST(SerialPorts, FindTheirDevice) {
    const std::string two =
        "-device virtio-serial,max_ports=2 -device virtio-serial-device,id=s "
        "-device virtconsole -device virtserialport ";
    EXPECT_EQ(ports(two, 0).size(), 2u);
    EXPECT_EQ(ports(two + "-device virtserialport", 1).size(), 1u) << "the first one is full";
    EXPECT_EQ(ports(two + "-device virtconsole,bus=s.0", 1).at(0).number, 0u);
    EXPECT_EQ(ports("-device virtio-serial -device virtserialport,bus=virtio-serial-bus.0").size(), 1u);
    EXPECT_EQ(error(two + "-device virtserialport,bus=t.0"),
              "-device virtserialport,bus=t.0: there is no virtio-serial device with the bus 't.0'");
    EXPECT_EQ(error("-device virtconsole"),
              "-device virtconsole: it needs a -device virtio-serial-device before it");
    EXPECT_EQ(error("-device virtio-serial,max_ports=1 -device virtconsole -device virtconsole"),
              "-device virtconsole: no virtio-serial device has room for it");
    EXPECT_EQ(error("-device virtio-serial,max_ports=1 -device virtserialport"),
              "-device virtserialport: no port number is free");
    EXPECT_THAT(error("-device virtio-serial-pci"), testing::HasSubstr("virtio-serial-device is the same"));
}

TEST(SerialPorts, HaveHostEnds) {
    const auto line = config(
        "-chardev socket,id=c,path=p,server,nowait -device virtio-serial -device virtconsole -device "
        "virtserialport,chardev=c,name=n,id=x");
    ASSERT_EQ(line.port_devices.size(), 2u);
    EXPECT_EQ(line.port_devices[0].kind, machine::CharConfig::Kind::Null);
    EXPECT_EQ(line.port_devices[1].path, "p");
    // The default console is on stdio only if that is free.
    EXPECT_EQ(config("-chardev stdio,id=c -device virtio-serial -device virtconsole,chardev=c").serial.kind,
              machine::CharConfig::Kind::Null);
    EXPECT_EQ(config("-chardev stdio,id=c,mux=on -device virtio-serial -device virtconsole,chardev=c -serial "
                     "chardev:c -mon c")
                  .serial.monitor,
              true);
}

TEST(SerialPorts, Refusals) {
    const std::string bus = "-device virtio-serial ";
    struct {
        std::string_view line, error;
    } const cases[] = {
        {"-device virtserialport,nr=0", "-device virtserialport,nr=0: nr=0 is for a virtconsole"},
        {"-device virtserialport,nr=31", "-device nr=31: must be a number from 0 to 30"},
        {"-device virtserialport,nr=3 -device virtconsole,nr=3",
         "-device virtconsole,nr=3: there is a port 3 already"},
        {"-device virtserialport,name=a -device virtserialport,name=a",
         "-device virtserialport,name=a: there is a port 'a' already"},
        {"-device virtconsole,chardev=c", "-device virtconsole,chardev=c: there is no -chardev with id 'c'"},
        {"-chardev pty,id=c -device virtconsole,chardev=c -device virtconsole,chardev=c",
         "-device virtconsole,chardev=c: chardev 'c' is in use; sharing it needs mux=on"},
        {"-chardev pty,id=c -device virtconsole,chardev=c -serial chardev:c",
         "-device virtconsole,chardev=c: chardev 'c' is in use; sharing it needs mux=on"},
        {"-chardev stdio,id=c -device virtconsole,chardev=c -serial stdio",
         "-device virtconsole,chardev=c: stdio is in use already"},
        {"-chardev pty,id=c -device virtconsole,chardev=c -serial null -mon c",
         "-mon c: chardev 'c' is in use; sharing it needs mux=on"},
        {"-device virtconsole,id=a -device virtserialport,id=a", "-device id=a: this id is already taken"},
        {"-device virtio-serial,max_ports=32", "-device max_ports=32: must be a number from 1 to 31"},
    };
    for (const auto& c : cases) EXPECT_EQ(error(bus + std::string(c.line)), c.error);
}

TEST(Devices, LegacyInterface) {
    EXPECT_EQ(config("-global virtio-mmio.force-legacy=true").virtio_legacy, true);
    EXPECT_EQ(config("-global virtio-mmio.force-legacy=false").virtio_legacy, false);
    EXPECT_THAT(error("-global pl011.x=y"), testing::HasSubstr("pl011.x"));
}

TEST(Devices, HelpListsDevicesAndTheirKeys) {
    EXPECT_THAT(printed("-device help"), testing::HasSubstr("virtio-blk-device"));
    EXPECT_THAT(printed("-device virtio-blk-device,help"), testing::HasSubstr("num-queues"));
    EXPECT_THAT(printed("-device virtio-rng,?"), testing::HasSubstr("max-bytes"));
    EXPECT_THAT(printed("-device help"), testing::HasSubstr("virtconsole"));
    EXPECT_THAT(printed("-device virtio-serial,help"), testing::HasSubstr("max_ports"));
    EXPECT_THAT(printed("-device virtserialport,help"), testing::HasSubstr("chardev"));
    EXPECT_THAT(printed("-chardev ?"), testing::HasSubstr("testdev"));
    EXPECT_THAT(printed("-drive help"), testing::HasSubstr("cache"));
    EXPECT_THAT(printed("-blockdev help"), testing::HasSubstr("node-name"));
    EXPECT_THAT(printed("-object help"), testing::HasSubstr("rng-random"));
}

TEST(Drives, WithADeviceOfTheirOwn) {
    for (const std::string_view line :
         {"-hda a.img", "-drive a.img", "-drive file=a.img,if=virtio,format=raw", "-hdb a.img"}) {
        EXPECT_EQ(config(line).virtio.size(), 1u) << line;
        const DriveConfig drive = block(line).drive;
        EXPECT_EQ(drive.file, "a.img") << line;
        EXPECT_FALSE(drive.read_only || drive.snapshot || drive.direct || drive.ignore_flush || drive.discard)
            << line;
        EXPECT_TRUE(drive.write_back && drive.lock) << line;
    }
}

// Explicit devices come first, as in QEMU.
TEST(Drives, ForADevice) {
    const std::string_view line =
        "-drive b.img -drive file=a.img,if=none,id=hd0,serial=s1 -device virtio-blk-device,drive=hd0";
    EXPECT_EQ(block(line, 0).drive.file, "a.img");
    EXPECT_EQ(block(line, 0).serial, "s1");
    EXPECT_EQ(block(line, 1).drive.file, "b.img");
    EXPECT_EQ(block("-device virtio-blk-device,drive=n -blockdev "
                    "driver=raw,file.driver=file,file.filename=c.img,node-name=n,read-only=on")
                  .drive.file,
              "c.img");
}

TEST(Drives, CacheModes) {
    struct {
        std::string_view cache;
        bool write_back, direct, ignore_flush;
    } const cases[] = {{"writeback", true, false, false},
                       {"none", true, true, false},
                       {"writethrough", false, false, false},
                       {"directsync", false, true, false},
                       {"unsafe", true, false, true}};
    for (const auto& c : cases) {
        const DriveConfig drive = block(fmt::format("-drive file=a,cache={}", c.cache)).drive;
        EXPECT_EQ(drive.write_back, c.write_back) << c.cache;
        EXPECT_EQ(drive.direct, c.direct) << c.cache;
        EXPECT_EQ(drive.ignore_flush, c.ignore_flush) << c.cache;
    }
}

TEST(Drives, Keys) {
    EXPECT_TRUE(block("-drive file=a,readonly").drive.read_only);
    EXPECT_TRUE(block("-drive file=a,read-only=on").drive.read_only);
    EXPECT_TRUE(block("-drive file=a,media=cdrom").drive.read_only);
    EXPECT_TRUE(block("-drive file=a,discard=unmap").drive.discard);
    EXPECT_FALSE(block("-drive file=a,file.locking=off").drive.lock);
    EXPECT_TRUE(block("-drive file=a,snapshot=on").drive.snapshot);
    EXPECT_TRUE(block("-drive file=a -snapshot").drive.snapshot);
    EXPECT_TRUE(
        block("-snapshot -drive file=a,if=none,id=d -device virtio-blk-device,drive=d").drive.snapshot);
    EXPECT_EQ(block("-drive file=a,aio=threads").drive.aio, DriveConfig::Aio::Threads);
    EXPECT_EQ(block("-drive file=a,aio=native").drive.aio, DriveConfig::Aio::Auto);
    const BlockConfig device = block(
        "-drive file=a,if=none,id=d,cache=writethrough -device virtio-blk-device,"
        "drive=d,serial=x,num-queues=4,queue-size=128,logical_block_size=4096,"
        "physical_block_size=4096,discard=off,write-zeroes=off,config-wce=off,"
        "write-cache=on,share-rw=on");
    EXPECT_EQ(device.serial, "x");
    EXPECT_EQ(device.queues, 4u);
    EXPECT_EQ(device.queue_size, 128u);
    EXPECT_EQ(device.logical_block, 4096u);
    EXPECT_EQ(device.physical_block, 4096u);
    EXPECT_FALSE(device.discard || device.write_zeroes || device.config_write_back || device.drive.lock);
    EXPECT_TRUE(device.drive.write_back);
}

TEST(Drives, Refusals) {
    struct {
        std::string_view line, error;
    } const cases[] = {
        {"-drive if=virtio", "-drive if=virtio: the file name is missing"},
        {"-drive file=a,if=ide",
         "-drive if=ide: must be virtio or none: other interfaces are not supported yet by this version"},
        {"-drive file=a,format=vmdk",
         "-drive format=vmdk: image format 'vmdk' is not supported yet by this "
         "version; raw and qcow2 are"},
        {"-drive file=nbd:localhost:1",
         "-drive file=nbd:localhost:1: image protocol 'nbd:' is not supported yet by this version"},
        {"-drive file=a,cache=fast",
         "-drive cache=fast: must be none, writeback, writethrough, directsync or unsafe"},
        {"-drive file=a,werror=stop",
         "-drive werror=stop: only report is supported by this version: the guest sees the error"},
        {"-drive file=a,id=d,if=none -drive file=b,id=d,if=none",
         "-drive file=b,id=d,if=none: id 'd' is already taken"},
        {"-blockdev driver=raw,file.filename=a",
         "-blockdev driver=raw,file.filename=a: node-name= is missing"},
        {"-device virtio-blk-device", "-device virtio-blk-device: drive= is missing"},
        {"-device virtio-blk-device,drive=d",
         "-device virtio-blk-device,drive=d: there is no -drive or -blockdev 'd'"},
        {"-drive file=a,id=d -device virtio-blk-device,drive=d",
         "-device virtio-blk-device,drive=d: drive 'd' is in use"},
        {"-drive file=a,if=none,id=d -device virtio-blk,drive=d -device virtio-blk,drive=d",
         "-device virtio-blk,drive=d: drive 'd' is in use"},
        {"-drive file=a,if=none,id=d -device virtio-blk,drive=d,logical_block_size=1000",
         "-device logical_block_size=1000: must be a power of two, 512 to 32768"},
        {"-drive file=a,if=none,id=d -device virtio-blk,drive=d,logical_block_size=4096",
         "-device virtio-blk,drive=d,logical_block_size=4096: physical_block_size is smaller than "
         "logical_block_size"},
    };
    for (const auto& c : cases) EXPECT_EQ(error(c.line), c.error);
}

P9Config share(std::string_view line, std::size_t n = 0) {
    const auto devices = config(line).virtio;
    EXPECT_GT(devices.size(), n) << line;
    return std::get<P9Config>(devices.at(n).device);
}

TEST(Shares, InTwoOptionsOrOne) {
    const P9Config two = share(
        "-device virtio-9p-device,fsdev=f,mount_tag=t -fsdev local,id=f,path=/a,,b,security_model=none");
    EXPECT_EQ(two.share.path, "/a,b");
    EXPECT_EQ(two.mount_tag, "t");
    EXPECT_EQ(two.share.model, p9::SecurityModel::None);
    EXPECT_EQ(two.share.devices, p9::MultiDevices::Warn);
    EXPECT_FALSE(two.share.read_only);
    const P9Config one = share(
        "-virtfs "
        "local,path=/x,mount_tag=t,security_model=mapped,readonly,fmode=0644,dmode=755,multidevs=remap,"
        "writeout=immediate");
    EXPECT_EQ(one.share.path, "/x");
    EXPECT_EQ(one.share.model, p9::SecurityModel::Mapped);
    EXPECT_EQ(one.share.devices, p9::MultiDevices::Remap);
    EXPECT_EQ(one.share.file_mode, 0644u);
    EXPECT_EQ(one.share.directory_mode, 0755u);
    EXPECT_TRUE(one.share.read_only);
    EXPECT_EQ(share("-virtfs local,path=/x,mount_tag=t,security_model=mapped-xattr").share.file_mode, 0600u);
    EXPECT_EQ(
        share("-virtfs local,path=/x,mount_tag=t,security_model=passthrough,multidevs=forbid").share.devices,
        p9::MultiDevices::Forbid);
    // One directory for two devices, one of them in its place.
    const auto devices =
        config(
            "-fsdev local,id=f,path=/,security_model=none -device virtio-9p,fsdev=f,mount_tag=a "
            "-device virtio-9p-device,fsdev=f,mount_tag=b,bus=virtio-mmio-bus.4,id=d")
            .virtio;
    ASSERT_EQ(devices.size(), 2u);
    EXPECT_EQ(devices[1].slot, 4u);
}

TEST(Shares, WhatDoesNotMakeOne) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"-fsdev local,path=/,security_model=none",
         "-fsdev local,path=/,security_model=none: id= is missing"},
        {"-fsdev local,id=f,security_model=none", "-fsdev local,id=f,security_model=none: path= is missing"},
        {"-fsdev local,id=f,path=/", "-fsdev local,id=f,path=/: security_model= is missing"},
        {"-virtfs local,path=/,security_model=none",
         "-virtfs local,path=/,security_model=none: mount_tag= is missing"},
        {"-fsdev proxy,id=f,socket=s",
         "-fsdev proxy: file system driver 'proxy' is not supported yet by this version; local is"},
        {"-fsdev synth,id=f",
         "-fsdev synth: file system driver 'synth' is not supported yet by this version; local is"},
        {"-fsdev local,id=f,path=/,security_model=mapped-file",
         "-fsdev security_model=mapped-file: 'mapped-file' is not supported yet by this version; "
         "mapped-xattr is"},
        {"-fsdev local,id=f,path=/,security_model=x",
         "-fsdev security_model=x: must be none, passthrough or mapped-xattr"},
        {"-fsdev local,id=f,path=/,security_model=none,fmode=644",
         "-fsdev local,id=f,path=/,security_model=none,fmode=644: fmode= and dmode= need "
         "security_model=mapped-xattr"},
        {"-fsdev local,fmode=888", "-fsdev fmode=888: must be an octal number, 0 to 777"},
        {"-fsdev local,fmode=1000", "-fsdev fmode=1000: must be an octal number, 0 to 777"},
        {"-fsdev local,dmode=", "-fsdev dmode=: must be an octal number, 0 to 777"},
        {"-fsdev local,multidevs=x", "-fsdev multidevs=x: must be remap, forbid or warn"},
        {"-fsdev local,writeout=x", "-fsdev writeout=x: must be immediate"},
        {"-fsdev local,mount_tag=x", "-fsdev mount_tag=x: unknown key 'mount_tag'"},
        {"-virtfs local,mount_tag=", "-virtfs mount_tag=: a tag must not be empty"},
        {"-fsdev id=f,path=/,security_model=none",
         "-fsdev id=f,path=/,security_model=none: local is missing"},
        {"-fsdev local,id=f,path=/,security_model=none -fsdev local,id=f,path=/,security_model=none",
         "-fsdev local,id=f,path=/,security_model=none: id 'f' is already taken"},
        {"-device virtio-9p-device,mount_tag=t", "-device virtio-9p-device,mount_tag=t: fsdev= is missing"},
        {"-device virtio-9p-device,fsdev=f", "-device virtio-9p-device,fsdev=f: mount_tag= is missing"},
        {"-device virtio-9p-device,fsdev=f,mount_tag=t",
         "-device virtio-9p-device,fsdev=f,mount_tag=t: there is no -fsdev with id 'f'"},
        {"-device virtio-9p-pci,fsdev=f,mount_tag=t",
         "-device virtio-9p-pci,fsdev=f,mount_tag=t: PCI is not supported yet by this version; "
         "virtio-9p-device "
         "is the same device without it"},
    };
    for (const auto& [line, message] : cases) EXPECT_EQ(error(line), message);
    EXPECT_EQ(error("-virtfs local,mount_tag=" + std::string(255, 'x')).substr(0, 19), "-virtfs mount_tag=x");
}

TEST(Shares, HelpListsTheirKeys) {
    EXPECT_THAT(printed("-fsdev help"), testing::HasSubstr("security_model"));
    EXPECT_THAT(printed("-fsdev help"), testing::Not(testing::HasSubstr("mount_tag")));
    EXPECT_THAT(printed("-virtfs help"), testing::HasSubstr("mount_tag"));
    EXPECT_THAT(printed("-virtfs local,help"), testing::HasSubstr("mount_tag"));
    EXPECT_THAT(printed("-device virtio-9p-device,help"), testing::HasSubstr("fsdev"));
    EXPECT_THAT(printed("-device help"), testing::HasSubstr("virtio-9p-device"));
}

}  // namespace
}  // namespace trapeze::cli
