// What the command line asks for, checked for form but not yet against the host or the files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::machine {

enum class AccelKind : u8 { TrapHarder, Kvm };

// One entry of the -accel try-list.
struct AccelConfig {
    AccelKind kind = AccelKind::TrapHarder;
    bool explicit_request = true;  // false: an entry of the default list
};

// Host end of a character device (-chardev, or the short forms of -serial).
struct CharConfig {
    enum class Kind : u8 { Stdio, Null, File };
    Kind kind = Kind::Null;
    std::string id;
    std::string path;     // File
    bool append = false;  // File
    bool mux = false;     // Stdio: monitor and escape keys on the same stream
    bool signals = true;  // Stdio: Ctrl-C raises SIGINT here instead of going to the guest
};

enum class OnOffAuto : u8 { Auto, On, Off };

struct CpuConfig {
    std::string model = "host";
    OnOffAuto pmu = OnOffAuto::Auto;
    OnOffAuto sve = OnOffAuto::Auto;
    OnOffAuto pauth = OnOffAuto::Auto;
};

struct MachineConfig {
    std::string name;  // -name, default "trapeze"
    std::vector<AccelConfig> accels;
    CpuConfig cpu;
    unsigned vcpus = 1;                   // 1 to 512
    u64 ram_bytes = 128ull << 20;         // page multiple
    std::string kernel, initrd, append, dtb;
    std::string dump_dtb;                 // -machine dumpdtb=FILE: write and exit
    bool dtb_randomness = true;           // rng-seed and kaslr-seed in /chosen
    bool no_reboot = false;
    bool no_shutdown = false;
    bool start_paused = false;            // -S
    CharConfig serial;                    // serial0
    unsigned mux_escape = 1;              // -echr: control character, Ctrl-A
    std::string pid_file;
};

}  // namespace trapeze::machine
