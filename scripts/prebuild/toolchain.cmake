# Compiles with the machine's own g++ against the C and C++ libraries of Debian 11: its glibc 2.31 is the oldest that the prebuilt
# addon promises to run on. scripts/prebuild.mjs passes
#
#   PREBUILD_SYSROOT  folder with the unpacked packages
#   PREBUILD_TRIPLET  x86_64-linux-gnu or aarch64-linux-gnu
#
# libstdc++ and libgcc are GCC 10's, linked statically: newer ones use functions that glibc 2.31 lacks (_dl_find_object,
# __libc_single_threaded).
set(CMAKE_SYSTEM_NAME Linux)
string(REGEX REPLACE "-.*" "" CMAKE_SYSTEM_PROCESSOR "${PREBUILD_TRIPLET}")
set(CMAKE_CXX_COMPILER "${PREBUILD_TRIPLET}-g++")
set(CMAKE_SYSROOT "${PREBUILD_SYSROOT}")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PREBUILD_SYSROOT PREBUILD_TRIPLET)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

# The compiler's own headers (arm_neon.h, immintrin.h) fit only the compiler; all others are the sysroot's.
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=include
  OUTPUT_VARIABLE own OUTPUT_STRIP_TRAILING_WHITESPACE)
set(usr "${PREBUILD_SYSROOT}/usr")
set(headers
  "${usr}/include/c++/10"
  "${usr}/include/${PREBUILD_TRIPLET}/c++/10"
  "${own}"
  "${usr}/include/${PREBUILD_TRIPLET}"
  "${usr}/include"
)
list(TRANSFORM headers PREPEND "-isystem ")
list(JOIN headers " " headers)
set(CMAKE_CXX_FLAGS_INIT "-nostdinc -nostdinc++ ${headers}")
# crtbeginS.o, libgcc and libstdc++ of that version, before those of the compiler. For linking only: -B also adds headers.
set(libraries "-B${usr}/lib/gcc/${PREBUILD_TRIPLET}/10 -L${usr}/lib/gcc/${PREBUILD_TRIPLET}/10 -B${usr}/lib/${PREBUILD_TRIPLET} -L${usr}/lib/${PREBUILD_TRIPLET}")
# Symbols of the static libraries stay inside: a process may have another libstdc++.
set(CMAKE_EXE_LINKER_FLAGS_INIT "${libraries} -static-libstdc++ -static-libgcc")
set(CMAKE_MODULE_LINKER_FLAGS_INIT "${CMAKE_EXE_LINKER_FLAGS_INIT} -Wl,--exclude-libs,ALL -Wl,-s")
