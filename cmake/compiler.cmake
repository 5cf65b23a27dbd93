# docs/decisions/0001-compiler.md: g++ 12 miscompiles coroutines, so it is refused rather than warned about.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "stoker is built with clang 19 or later, not ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}.\n"
    "  because: g++ 12 frees memory twice in coroutines (docs/decisions/0001-compiler.md)\n"
    "  try: make build, or cmake --preset release")
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers -Wno-unused-parameter
  -fno-omit-frame-pointer -ffunction-sections -fdata-sections -Xclang -fno-pch-timestamp)
add_link_options(-fuse-ld=lld -Wl,--gc-sections -no-pie)
add_compile_definitions(_GNU_SOURCE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ALLOW_DEPRECATED_HEADERS)

set(STOKER_SANITIZE "" CACHE STRING "address,undefined | thread | fuzzer-no-link,address,undefined | empty")
if(STOKER_SANITIZE)
  add_compile_options(-fsanitize=${STOKER_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${STOKER_SANITIZE})
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
