// The program's version: "N.N.N", as launch scripts expect it after the word "version" in --version. Equal to
// the project version in the top CMakeLists.txt.
#pragma once

#include <string_view>

namespace trapeze {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace trapeze
