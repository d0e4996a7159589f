// Software Delegated Exception Interface: function identifiers, parameters and return codes (DEN0054C,
// version 1.1). Identifiers are spelled as in the document.
#pragma once

#include "trapeze/base/bits.h"

namespace trapeze::arch::sdei {

inline constexpr u32 SDEI_VERSION = 0xc400'0020;
inline constexpr u32 SDEI_EVENT_REGISTER = 0xc400'0021;
inline constexpr u32 SDEI_EVENT_ENABLE = 0xc400'0022;
inline constexpr u32 SDEI_EVENT_DISABLE = 0xc400'0023;
inline constexpr u32 SDEI_EVENT_CONTEXT = 0xc400'0024;
inline constexpr u32 SDEI_EVENT_COMPLETE = 0xc400'0025;
inline constexpr u32 SDEI_EVENT_COMPLETE_AND_RESUME = 0xc400'0026;
inline constexpr u32 SDEI_EVENT_UNREGISTER = 0xc400'0027;
inline constexpr u32 SDEI_EVENT_STATUS = 0xc400'0028;
inline constexpr u32 SDEI_EVENT_GET_INFO = 0xc400'0029;
inline constexpr u32 SDEI_EVENT_ROUTING_SET = 0xc400'002a;
inline constexpr u32 SDEI_PE_MASK = 0xc400'002b;
inline constexpr u32 SDEI_PE_UNMASK = 0xc400'002c;
inline constexpr u32 SDEI_INTERRUPT_BIND = 0xc400'002d;
inline constexpr u32 SDEI_INTERRUPT_RELEASE = 0xc400'002e;
inline constexpr u32 SDEI_EVENT_SIGNAL = 0xc400'002f;
inline constexpr u32 SDEI_FEATURES = 0xc400'0030;
inline constexpr u32 SDEI_PRIVATE_RESET = 0xc400'0031;
inline constexpr u32 SDEI_SHARED_RESET = 0xc400'0032;

// "Return codes". Calls that return something else return it as a number that is not negative.
enum class Status : s64 {
    SUCCESS = 0,
    NOT_SUPPORTED = -1,
    INVALID_PARAMETERS = -2,
    DENIED = -3,
    PENDING = -5,
    OUT_OF_RESOURCE = -10,
};

// The result of SDEI_VERSION.
struct Version {
    using Major = Field<62, 48>;
    using Minor = Field<47, 32>;
    using Vendor = Field<31, 0>;
};

// Flags of SDEI_EVENT_REGISTER; SDEI_EVENT_ROUTING_SET has the first.
struct RegisterFlags {
    using RoutingMode = Field<0, 0>;
    using RelativeMode = Field<1, 1>;
    static constexpr u64 kReserved = ~u64{3};
};
inline constexpr u64 RM_ANY = 0;
inline constexpr u64 RM_PE = 1;

// Parameter of SDEI_EVENT_GET_INFO.
inline constexpr u64 EV_TYPE = 0;          // 0 private, 1 shared
inline constexpr u64 EV_SIGNALED = 1;      // 0 can be signalled by software, 1 cannot
inline constexpr u64 EV_PRIORITY = 2;      // 0 normal, 1 critical
inline constexpr u64 EV_ROUTING_MODE = 3;  // RM_ANY or RM_PE
inline constexpr u64 EV_ROUTING_AFF = 4;   // an affinity

// The result of SDEI_EVENT_STATUS.
struct EventStatus {
    using Registered = Field<0, 0>;
    using Enabled = Field<1, 1>;
    using Running = Field<2, 2>;
};

// Parameter of SDEI_FEATURES.
inline constexpr u64 BIND_SLOTS = 0;
inline constexpr u64 RELATIVE_MODE = 1;
struct BindSlots {
    using Private = Field<15, 0>;
    using Shared = Field<31, 16>;
};

// X0 to X17 belong to the handler; SDEI_EVENT_CONTEXT returns what they were.
inline constexpr unsigned kContextRegisters = 18;

}  // namespace trapeze::arch::sdei
