# Cross build for arm64 with Debian's g++-aarch64-linux-gnu. Libraries come from a private directory of
# unpacked arm64 packages, named by TRAPEZE_ARM64_SYSROOT (scripts/lib/arm64-sysroot makes it), because not all
# of Debian's -dev packages can be installed for two architectures at once.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_ASM_COMPILER aarch64-linux-gnu-gcc)

if(NOT DEFINED TRAPEZE_ARM64_SYSROOT)
    set(TRAPEZE_ARM64_SYSROOT $ENV{TRAPEZE_ARM64_SYSROOT})
endif()
set(TRAPEZE_ARM64_SYSROOT "${TRAPEZE_ARM64_SYSROOT}" CACHE PATH "Unpacked arm64 development packages")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TRAPEZE_ARM64_SYSROOT)

set(CMAKE_FIND_ROOT_PATH "${TRAPEZE_ARM64_SYSROOT}/usr" "${TRAPEZE_ARM64_SYSROOT}" /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
