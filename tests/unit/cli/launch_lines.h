// How real test systems start QEMU on arm64. Each line must run, or be refused for the one reason given: when
// a feature arrives, its lines here change from refused to accepted.
#pragma once

#include <string_view>

namespace trapeze::cli {

struct LaunchLine {
    std::string_view who;
    std::string_view line;   // without the program's name
    std::string_view error;  // empty: accepted
};

inline constexpr LaunchLine kLaunchLines[] = {
    {"trap-me-harder cover letter",
     "-machine type=virt,gic-version=3 -cpu host -smp 1 -accel kvm,kernel-irqchip=off,trap-harder=on "
     "-serial mon:stdio -m 4096 -kernel Image -append \"console=ttyAMA0\" -display none "
     "-d unimp,trace:kvm_hypercall,trace:kvm_wfx_trap",
     ""},
    {"1 ClangBuiltLinux boot-utils",
     "-display none -nodefaults -machine virt,gic-version=max -append 'console=ttyAMA0 earlycon' "
     "-kernel arch/arm64/boot/Image.gz -initrd rootfs.cpio -cpu host -enable-kvm -m 1G -smp 8 "
     "-serial mon:stdio",
     ""},
    {"1 ClangBuiltLinux boot-utils, EFI",
     "-display none -nodefaults -machine virt,gic-version=max -drive "
     "if=pflash,format=raw,file=efi.img,readonly=on -drive if=pflash,format=raw,file=vars.img "
     "-object rng-random,filename=/dev/urandom,id=rng0 -device virtio-rng-pci -kernel Image -cpu host "
     "-enable-kvm",
     "-drive if=pflash: firmware images are not supported yet by this version"},
    {"1 ClangBuiltLinux boot-utils, gdb", "-display none -nodefaults -machine virt -kernel Image -s -S", ""},
    {"2 LKFT",
     "-cpu max,pauth-impdef=on -machine virt,virtualization=on,gic-version=3,mte=on -nographic -nic none "
     "-m 4G -monitor none -no-reboot -smp 2 -kernel Image -append \"console=ttyAMA0,115200 rootwait "
     "root=/dev/vda debug verbose console_msg_format=syslog systemd.log_level=warning rw earlycon\" "
     "-drive file=rootfs.ext4,if=none,format=raw,id=hd0 -device virtio-blk-device,drive=hd0",
     "-machine virtualization=on: EL2 in the guest is not supported yet by this version"},
    {"2 LKFT, without EL2",
     "-cpu max,pauth-impdef=on -machine virt,gic-version=3 -nographic -nic none -m 4G -monitor none "
     "-no-reboot -smp 2 -kernel Image -append \"console=ttyAMA0,115200 rootwait root=/dev/vda debug verbose "
     "console_msg_format=syslog systemd.log_level=warning rw earlycon\" "
     "-drive file=rootfs.ext4,if=none,format=raw,id=hd0 -device virtio-blk-device,drive=hd0",
     ""},
    {"2 tuxlava on an arm64 host",
     "-enable-kvm -cpu max -machine virt,gic-version=3 -nographic -net nic,model=virtio,"
     "macaddr=52:54:00:12:34:58 -net user -m 4G -monitor none -smp 2 -kernel Image",
     ""},
    {"3 KernelCI",
     "-cpu max,pauth-impdef=on -machine virt,virtualization=on,gic-version=3,mte=on -nographic -net none "
     "-m 4G -monitor none -smp 2 -kernel Image -append \"console=ttyAMA0,115200\" -initrd rootfs.cpio.gz",
     "-machine virtualization=on: EL2 in the guest is not supported yet by this version"},
    {"3 KernelCI pull-lab",
     "-machine virt -cpu cortex-a57 -m 512M -nographic -no-reboot -kernel Image -initrd rootfs.cpio.gz", ""},
    {"4 syzkaller",
     "-m 2048 -smp 2 -chardev socket,id=SOCKSYZ,server=on,wait=off,host=localhost,port=4321 "
     "-mon chardev=SOCKSYZ,mode=control -display none -serial stdio -no-reboot -name VM-0 "
     "-device virtio-rng-pci -machine virt,virtualization=on,gic-version=max -cpu max,sve128=on,pauth=off "
     "-device virtio-net-pci,netdev=net0 -netdev user,id=net0,restrict=on -hda image -snapshot "
     "-kernel Image -append \"root=/dev/vda console=ttyAMA0\"",
     "-device virtio-rng-pci: PCI is not supported yet by this version; virtio-rng-device is the same device "
     "without it"},
    {"4 syzkaller, its console and monitor",
     "-m 2048 -smp 2 -chardev socket,id=SOCKSYZ,server=on,wait=off,host=localhost,port=4321 "
     "-mon chardev=SOCKSYZ,mode=control -display none -serial stdio -no-reboot -name VM-0 "
     "-machine virt,gic-version=max -cpu max -kernel Image -append \"console=ttyAMA0\"",
     ""},
    {"5 virtme-ng",
     "-name virtme-ng -m 1G -fsdev local,id=virtfs0,path=/,security_model=none,readonly=on "
     "-device virtio-9p-device,fsdev=virtfs0,mount_tag=ROOTFS -machine accel=kvm:tcg "
     "-M virt,gic-version=host -cpu host -parallel none -net none -echr 1 -kernel Image",
     ""},
    {"5 virtme-ng, without its file systems",
     "-name virtme-ng -m 1G -machine accel=kvm:tcg -M virt,gic-version=host -cpu host -parallel none "
     "-net none -echr 1 -chardev file,path=/proc/self/fd/2,id=dmesg -device virtio-serial-device "
     "-device virtconsole,chardev=dmesg -chardev stdio,id=console,signal=off,mux=on -serial chardev:console "
     "-mon chardev=console -vga none -display none -smp 4 -kernel Image -append 'panic=-1'",
     ""},
    {"6 BPF selftests vmtest.sh",
     "-nodefaults -display none -serial mon:stdio -M virt,gic-version=3 -cpu host -smp 8 -enable-kvm -m 4G "
     "-drive file=root.img,format=raw,index=1,media=disk,if=virtio,cache=none -kernel Image "
     "-append \"root=/dev/vda rw console=ttyAMA0,115200\"",
     ""},
    {"7 danobi/vmtest",
     "-nodefaults -display none -serial mon:stdio -enable-kvm -cpu host -machine virt,gic-version=3 "
     "-qmp unix:qmp.sock,server=on,wait=off -virtfs "
     "local,id=root,path=/,mount_tag=/dev/root,security_model=none,multidevs=remap -kernel Image -no-reboot",
     ""},
    {"7 danobi/vmtest, its console and monitor",
     "-nodefaults -display none -serial mon:stdio -enable-kvm -cpu host -machine virt,gic-version=3 "
     "-qmp unix:qmp.sock,server=on,wait=off -kernel Image -no-reboot "
     "-chardev socket,path=qga.sock,server=on,wait=off,id=qga0 -device virtio-serial "
     "-device virtserialport,chardev=qga0,name=org.qemu.guest_agent.0 -smp 2 -m 4G",
     ""},
    {"8 KUnit",
     "-nodefaults -m 1024 -kernel Image.gz -append 'kunit.enable=1 console=ttyAMA0 kunit_shutdown=reboot' "
     "-no-reboot -nographic -accel kvm -accel hvf -accel tcg -serial stdio -machine virt "
     "-cpu max,pauth-impdef=on",
     ""},
    {"9 rcutorture",
     "-nographic -machine virt,gic-version=host -cpu host -serial file:console.log -smp 4 -net none -m 512 "
     "-kernel Image -append \"console=ttyAMA0\"",
     ""},
    {"9 rcutorture, interactive",
     "-nographic -machine virt,gic-version=host -cpu host -monitor stdio -serial pty -S -smp 4 -net none "
     "-m 512 -kernel Image",
     ""},
    {"10 WireGuard",
     "-nodefaults -nographic -smp 4 -cpu host -machine virt,gic_version=host,accel=kvm -m 256M "
     "-serial stdio -serial file:result -no-reboot -monitor none -kernel Image",
     ""},
    {"11 Buildroot",
     "-M virt -cpu cortex-a53 -nographic -smp 1 -kernel Image -append \"rootwait root=/dev/vda "
     "console=ttyAMA0\" -netdev user,id=eth0 -device virtio-net-device,netdev=eth0 "
     "-drive file=rootfs.ext4,if=none,format=raw,id=hd0 -device virtio-blk-device,drive=hd0",
     ""},
    {"11 Buildroot run-time tests",
     "-serial stdio -display none -m 256 -M virt -cpu cortex-a57 -kernel Image -initrd rootfs.cpio "
     "-append \"console=ttyAMA0\"",
     ""},
    {"12 linux-build-test",
     "-M virt -kernel Image -no-reboot -nographic -cpu cortex-a57 -serial stdio -monitor none -no-reboot "
     "-initrd rootfs.cpio --append \"console=ttyAMA0\"",
     ""},
    {"13 kvm-unit-tests",
     "-nodefaults -machine virt,gic-version=host -accel kvm -cpu host -device virtio-serial-device "
     "-device virtconsole,chardev=ctd -chardev testdev,id=ctd -device pci-testdev -display none "
     "-serial stdio -kernel selftest.flat -smp 1",
     "-device pci-testdev: device 'pci-testdev' is not supported yet by this version "
     "(-device help lists those that are)"},
    {"13 kvm-unit-tests, without PCI",
     "-nodefaults -machine virt,gic-version=host -accel kvm -cpu host -device virtio-serial-device "
     "-device virtconsole,chardev=ctd -chardev testdev,id=ctd -display none "
     "-serial stdio -kernel selftest.flat -smp 1",
     ""},
    {"14 Rust-for-Linux",
     "-kernel Image.gz -initrd qemu-initramfs.img -M virt -cpu cortex-a72 -smp 2 -nographic -vga none "
     "-no-reboot -append 'console=ttyAMA0'",
     ""},
    {"15 labgrid",
     "-kernel Image -drive if=virtio,format=raw,file=disk.img -machine virt -cpu cortex-a57 -m 512M "
     "-nographic -append console=ttyAMA0 -S -qmp stdio",
     ""},
    {"15 labgrid, its console and monitor",
     "-kernel Image -machine virt -cpu cortex-a57 -m 512M -nographic -append console=ttyAMA0 -S -qmp stdio "
     "-chardev socket,id=serialsocket,path=serial.sock -serial chardev:serialsocket",
     ""},
    {"16 CoreOS kola",
     "-machine virt,gic-version=max,memory-backend=mem,accel=kvm -cpu host "
     "-object memory-backend-memfd,id=mem,size=1024M,share=on,prealloc=on -m 1024 -smp 2",
     "-object memory-backend-memfd,id=mem,size=1024M,share=on,prealloc=on: object 'memory-backend-memfd' is "
     "not "
     "supported yet by this version"},
    {"17 Yocto runqemu",
     "-machine virt -cpu host -machine gic-version=3 -smp 4 -m 256 "
     "-device virtio-net-pci,netdev=net0,mac=52:54:00:12:34:02 -kernel Image",
     "-device virtio-net-pci,netdev=net0,mac=52:54:00:12:34:02: PCI is not supported yet by this version; "
     "virtio-net-device is the same device without it"},
    {"17 Yocto runqemu, without PCI",
     "-machine virt -cpu host -machine gic-version=3 -smp 4 -m 256 -device virtio-serial-device "
     "-chardev null,id=virtcon -device virtconsole,chardev=virtcon -kernel Image",
     ""},
    {"18 QEMU functional tests",
     "-display none -vga none -chardev socket,id=mon,fd=10 -mon chardev=mon,mode=control -machine virt "
     "-chardev socket,id=console,fd=11 -serial chardev:console -cpu cortex-a57 -kernel Image",
     ""},
    {"19 NixOS test driver",
     "-machine virt,gic-version=max,accel=kvm:tcg -cpu max -device virtio-net-pci,netdev=vlan1 "
     "-netdev vde,id=vlan1,sock=vde.ctl -kernel Image",
     "-device virtio-net-pci,netdev=vlan1: PCI is not supported yet by this version; virtio-net-device is "
     "the "
     "same device without it"},
};

}  // namespace trapeze::cli
