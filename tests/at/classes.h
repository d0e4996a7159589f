// Which kinds of cases occurred: a test that never sees a fault says nothing about it.
#pragma once

#include "records.h"

namespace at {

class Classes {
public:
    void count(const mem::MmuFeatures& features, const CheckedCase& c, const mem::WalkResult& expected);
    void print() const;
    // Whether every class that this CPU has, as executed at this Exception level, occurred; prints those that
    // did not.
    bool complete(const mem::MmuFeatures& features, u64 el) const;

private:
    std::map<std::string, u64> operations_;  // "S1E1R success", "S1E1R fault"
    std::map<std::string, u64> outcomes_;    // "translation 2", "stage 2 permission 3 on walk"
    std::map<std::string, u64> regimes_;     // "EL2&0 16K 52-bit"
};

}  // namespace at
