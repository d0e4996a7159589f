// What monitors may ask of the machine's balloon. Loop thread only.
#pragma once

#include "trapeze/base/types.h"

namespace trapeze::debug {

class BalloonControl {
public:
    virtual ~BalloonControl() = default;

    // Bytes of memory that the balloon leaves to the guest: what it is asked for, and what it has.
    virtual void set_target(u64 bytes) = 0;
    virtual u64 actual() = 0;
};

}  // namespace trapeze::debug
