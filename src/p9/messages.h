// Numbers of 9P2000.L, as Linux's v9fs and the protocol description of diod have them.
#pragma once

#include "trapeze/base/types.h"

namespace trapeze::p9 {

// Requests; the reply's number is one more.
enum class Type : u8 {
    Error = 6,  // only its reply exists
    StatFs = 8,
    Open = 12,
    Create = 14,
    SymLink = 16,
    MakeNode = 18,
    Rename = 20,
    ReadLink = 22,
    GetAttributes = 24,
    SetAttributes = 26,
    XattrWalk = 30,
    XattrCreate = 32,
    ReadDirectory = 40,
    Sync = 50,
    Lock = 52,
    GetLock = 54,
    Link = 70,
    MakeDirectory = 72,
    RenameAt = 74,
    UnlinkAt = 76,
    Version = 100,
    Authenticate = 102,
    Attach = 104,
    Flush = 108,
    Walk = 110,
    Read = 116,
    Write = 118,
    Clunk = 120,
    Remove = 122,
};

// size[4] type[1] tag[2]
inline constexpr u32 kHeaderBytes = 7;
// Rlerror: ecode[4]
inline constexpr u32 kErrorBytes = kHeaderBytes + 4;
// Room that a client keeps for what surrounds the data of Tread and Twrite.
inline constexpr u32 kIoHeaderBytes = 24;

inline constexpr u32 kLeastMessage = 4096;
inline constexpr u32 kMostMessage = 8 << 20;

inline constexpr u32 kNoFid = ~u32{0};
inline constexpr u32 kNoId = ~u32{0};  // a user or group that is not to change
inline constexpr u16 kMostNames = 16;  // of a Twalk

struct Qid {
    u8 type = 0;
    u32 version = 0;  // changes when the file does
    u64 path = 0;     // one for each file
};
inline constexpr u8 kQidDirectory = 0x80, kQidSymLink = 0x02, kQidFile = 0;

// Flags of Tlopen and Tlcreate: those of Linux on x86, whatever the guest is.
namespace open_flag {
inline constexpr u32 kAccess = 3;
inline constexpr u32 kExclusive = 0200;
inline constexpr u32 kTruncate = 01000;
inline constexpr u32 kAppend = 02000;
inline constexpr u32 kDataSync = 010000;
inline constexpr u32 kDirectory = 0200000;
inline constexpr u32 kSync = 04000000;
}  // namespace open_flag

// Tsetattr: which of its fields count.
namespace set {
inline constexpr u32 kMode = 0x1, kUid = 0x2, kGid = 0x4, kSize = 0x8, kAtime = 0x10, kMtime = 0x20,
                     kCtime = 0x40, kAtimeGiven = 0x80, kMtimeGiven = 0x100;
}  // namespace set

// Rgetattr: what we answer, which is all but the times of birth, generations and data versions.
inline constexpr u64 kBasicAttributes = 0x7ff;

enum class LockType : u8 { Read = 0, Write = 1, Unlock = 2 };
enum class LockStatus : u8 { Success = 0, Blocked = 1, Error = 2 };

}  // namespace trapeze::p9
