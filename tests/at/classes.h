// Which kinds of cases occurred: a test that never sees a fault says nothing about it.
#pragma once

#include "records.h"

namespace at {

class Classes {
public:
    void count(const mem::MmuFeatures& features, const CheckedCase& c, const mem::WalkResult& expected);
    void print() const;
    // Whether every class that this CPU has, as executed at this Exception level and with these cases,
    // occurred, and no other regime; prints what is wrong.
    bool complete(const RecordFile& file) const;

private:
    std::map<std::string, u64> operations_;  // "S1E1R success", "S1E1R fault"
    std::map<std::string, u64> outcomes_;    // "translation 2", "stage 2 permission 3 on walk"
    std::map<std::string, u64> regimes_;     // "EL1&0 both stages"
};

}  // namespace at
