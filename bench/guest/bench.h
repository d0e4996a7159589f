// What the bench guests print.
#pragma once

#include "guest.h"

namespace guest::bench {

inline void print_number(u64 value) {
    char text[21];
    char* p = &text[20];
    *p = '\0';
    do {
        *--p = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print(p);
}

inline void report(const char* name, u64 iterations, u64 ticks) {
    print("bench ");
    print(name);
    print(" ");
    print_number(iterations);
    print(" ");
    print_number(ticks);
    print("\n");
}

}  // namespace guest::bench
