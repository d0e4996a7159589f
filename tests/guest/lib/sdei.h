// Software Delegated Exception Interface (DEN0054C) as seen by a client.
#pragma once

#include "cpu.h"
#include "smccc.h"

namespace guest::sdei {

constexpr u64 kVersion = 0xc4000020;
constexpr u64 kRegister = 0xc4000021;
constexpr u64 kEnable = 0xc4000022;
constexpr u64 kDisable = 0xc4000023;
constexpr u64 kContext = 0xc4000024;
constexpr u64 kComplete = 0xc4000025;
constexpr u64 kCompleteAndResume = 0xc4000026;
constexpr u64 kUnregister = 0xc4000027;
constexpr u64 kStatus = 0xc4000028;
constexpr u64 kGetInfo = 0xc4000029;
constexpr u64 kRoutingSet = 0xc400002a;
constexpr u64 kPeMask = 0xc400002b;
constexpr u64 kPeUnmask = 0xc400002c;
constexpr u64 kBind = 0xc400002d;
constexpr u64 kRelease = 0xc400002e;
constexpr u64 kSignal = 0xc400002f;
constexpr u64 kFeatures = 0xc4000030;
constexpr u64 kPrivateReset = 0xc4000031;
constexpr u64 kSharedReset = 0xc4000032;

constexpr s64 kSuccess = 0;
constexpr s64 kInvalidParameters = -2;
constexpr s64 kDenied = -3;
constexpr s64 kPending = -5;
constexpr s64 kOutOfResource = -10;

constexpr u64 kRoutingAny = 0;
constexpr u64 kRoutingPe = 1;
constexpr u64 kRelative = 2;

constexpr u64 kStatusRegistered = 1;
constexpr u64 kStatusEnabled = 2;
constexpr u64 kStatusRunning = 4;

// The events of this machine that SDEI_INTERRUPT_BIND does not make.
constexpr u64 kEvent0 = 0;
constexpr u64 kSharedNormal = 0x40000002;

// Any call, with all five arguments.
s64 call(u64 function, u64 a1 = 0, u64 a2 = 0, u64 a3 = 0, u64 a4 = 0, u64 a5 = 0);

// The state at the first instruction of a handler, and where the return value of the handler function leads.
struct Entry {
    u64 x[31];  // X0: event, X1: argument, X2: interrupted PC, X3: interrupted PSTATE
    u64 sp;
    u64 nzcv, daif, current_el, sp_select;
};
// Returns where to go on by SDEI_EVENT_COMPLETE_AND_RESUME, or 0 for SDEI_EVENT_COMPLETE. It runs on the
// stack of what was interrupted.
using Handler = u64 (*)(const Entry&);

// The address of the code that calls the handler in X1.
u64 entry_point();
inline s64 register_event(u64 event, Handler handler, u64 flags = 0, u64 affinity = 0) {
    return call(kRegister, event, entry_point(), reinterpret_cast<u64>(handler), flags, affinity);
}

// On this CPU: registered, enabled and unmasked.
void expect_ready(u64 event, Handler handler, u64 flags = 0, u64 affinity = 0);

// Ends the run as skipped if the device tree has no SDEI; fails if it has and there is none.
void require();

}  // namespace guest::sdei
