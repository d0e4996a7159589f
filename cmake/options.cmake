# Compiler options of every target, and the libraries from outside.
add_library(trapeze_options INTERFACE)
target_include_directories(trapeze_options INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_options(trapeze_options INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # libstdc++ 12 offers std::expected only to a compiler that declares concepts complete. clang 16 has what it
    # needs and does not say so. (clang 14 does not.)
    target_compile_options(trapeze_options INTERFACE
        -Wthread-safety -Wno-builtin-macro-redefined -Wno-macro-redefined -D__cpp_concepts=202002L)
endif()
if(TRAPEZE_SANITIZE)
    add_compile_options(-fsanitize=${TRAPEZE_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${TRAPEZE_SANITIZE})
    if(TRAPEZE_SANITIZE MATCHES "undefined")
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
endif()
if(CMAKE_INTERPROCEDURAL_OPTIMIZATION AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_link_options(-flto=auto)  # on all processors; CMake says so to the compiler only
endif()
if(TRAPEZE_STATIC)
    add_link_options(-static)
elseif(CMAKE_CROSSCOMPILING)
    # Sanitizers cannot be linked statically; the rig shows the cross compiler's libraries at their own path.
    add_link_options(-Wl,--dynamic-linker=/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1
        -Wl,-rpath,/usr/aarch64-linux-gnu/lib)
endif()

find_package(Threads REQUIRED)

# fmt and spdlog are used from their headers; fmt's out-of-line part is src/base/fmt_library.cc.
find_path(FMT_INCLUDE_DIR fmt/core.h REQUIRED)
find_path(SPDLOG_INCLUDE_DIR spdlog/spdlog.h REQUIRED)
if(CMAKE_CROSSCOMPILING OR TRAPEZE_STATIC)
    # What is built elsewhere has to run without our libraries.
    set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
endif()
find_path(FDT_INCLUDE_DIR libfdt.h REQUIRED)
find_library(FDT_LIBRARY fdt REQUIRED)
find_path(ZLIB_INCLUDE_DIR zlib.h REQUIRED)
find_library(ZLIB_LIBRARY z REQUIRED)
find_path(RE2_INCLUDE_DIR re2/re2.h REQUIRED)
find_library(RE2_LIBRARY re2 REQUIRED)
find_path(PUGIXML_INCLUDE_DIR pugixml.hpp REQUIRED)
find_library(PUGIXML_LIBRARY pugixml REQUIRED)
find_path(ELF_INCLUDE_DIR libelf.h REQUIRED)
find_library(ELF_LIBRARY elf REQUIRED)
find_path(JSON_INCLUDE_DIR nlohmann/json.hpp REQUIRED)
find_path(ZSTD_INCLUDE_DIR zstd.h REQUIRED)
find_library(ZSTD_LIBRARY zstd REQUIRED)
find_path(EDIT_INCLUDE_DIR histedit.h REQUIRED)
find_library(EDIT_LIBRARY edit REQUIRED)
find_library(BSD_LIBRARY bsd REQUIRED)  # which libedit needs, for linking it statically
find_path(URING_INCLUDE_DIR liburing.h REQUIRED)
find_library(URING_LIBRARY uring REQUIRED)
find_path(SLIRP_INCLUDE_DIR slirp/libslirp.h REQUIRED)
find_library(SLIRP_LIBRARY slirp REQUIRED)
find_path(GLIB_INCLUDE_DIR glib.h PATH_SUFFIXES glib-2.0 REQUIRED)
find_path(GLIB_CONFIG_INCLUDE_DIR glibconfig.h
    PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/glib-2.0/include REQUIRED)
find_library(GLIB_LIBRARY glib-2.0 REQUIRED)
if(CMAKE_CROSSCOMPILING OR TRAPEZE_STATIC)
    find_library(PCRE_LIBRARY pcre2-8 REQUIRED)  # which glib needs
else()
    set(PCRE_LIBRARY "")
endif()

function(trapeze_external name include)
    add_library(${name} INTERFACE)
    target_include_directories(${name} SYSTEM INTERFACE ${include})
    target_link_libraries(${name} INTERFACE ${ARGN})
endfunction()
trapeze_external(ext_fmt ${FMT_INCLUDE_DIR})
trapeze_external(ext_spdlog ${SPDLOG_INCLUDE_DIR})
target_compile_definitions(ext_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
trapeze_external(ext_fdt ${FDT_INCLUDE_DIR} ${FDT_LIBRARY})
trapeze_external(ext_zlib ${ZLIB_INCLUDE_DIR} ${ZLIB_LIBRARY})
trapeze_external(ext_json ${JSON_INCLUDE_DIR})
trapeze_external(ext_zstd ${ZSTD_INCLUDE_DIR} ${ZSTD_LIBRARY})
trapeze_external(ext_re2 ${RE2_INCLUDE_DIR} ${RE2_LIBRARY} Threads::Threads)
trapeze_external(ext_pugixml ${PUGIXML_INCLUDE_DIR} ${PUGIXML_LIBRARY})
trapeze_external(ext_edit ${EDIT_INCLUDE_DIR} ${EDIT_LIBRARY} ${BSD_LIBRARY})
trapeze_external(ext_uring ${URING_INCLUDE_DIR} ${URING_LIBRARY})
trapeze_external(ext_slirp "${SLIRP_INCLUDE_DIR};${GLIB_INCLUDE_DIR};${GLIB_CONFIG_INCLUDE_DIR}"
    ${SLIRP_LIBRARY} ${GLIB_LIBRARY} ${PCRE_LIBRARY})
trapeze_external(ext_elf ${ELF_INCLUDE_DIR} ${ELF_LIBRARY} ${ZLIB_LIBRARY})

# trapeze_layer(<name> DEPENDS <layers and externals>...): one library per folder of src/. Sources are every
# .cc below the folder, except folders that are layers' optional parts (added by the caller).
function(trapeze_layer name)
    cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
    add_library(trapeze_${name} STATIC ${sources})
    target_include_directories(trapeze_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${name})
    target_link_libraries(trapeze_${name} PUBLIC trapeze_options ${ARG_DEPENDS})
    # A third of the time would go into reading the standard library. Sources include what they use all the same.
    if(name STREQUAL "base")
        target_precompile_headers(trapeze_base PRIVATE <algorithm> <array> <atomic> <bit> <cstring> <deque> <expected>
            <functional> <map> <memory> <mutex> <optional> <span> <string> <string_view> <thread> <utility> <variant>
            <vector> <fmt/format.h>)
    else()
        target_precompile_headers(trapeze_${name} REUSE_FROM trapeze_base)
    endif()
endfunction()
