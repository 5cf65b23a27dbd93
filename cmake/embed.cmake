# Texts into a program: stoker_embed(<target> <namespace> <name> <file> …) gives `<namespace>::<name>()`, a span of {name, text} in the
# order of the files, declared in "<name>.hpp" (in the build's generated/). Runs itself as a script when a text changed.
#   stoker_embed(stoker_cli stoker::cli help_pages ${pages})   #include "help_pages.hpp"
if(CMAKE_SCRIPT_MODE_FILE)
  # A raw string literal holds at most 64 KiB with some compilers, so long texts are cut; literals side by side are one.
  string(REPLACE "|" ";" FILES "${FILES}")  # a `;` would not survive the command line
  set(entries "")
  foreach(path ${FILES})
    file(READ "${path}" hex HEX)
    string(LENGTH "${hex}" digits)
    math(EXPR bytes "${digits} / 2")
    get_filename_component(file "${path}" NAME)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" escaped "${hex}")
    string(REGEX REPLACE "((\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?)" "\"\\1\"\n" escaped "${escaped}")
    string(APPEND entries "    {\"${file}\", std::string_view(\n${escaped}\"\", ${bytes})},\n")
  endforeach()
  file(WRITE "${OUTPUT}.hpp" "#pragma once\n// Made by cmake/embed.cmake.\n#include <span>\n#include <string_view>\n#include <utility>\n\nnamespace ${NAMESPACE} {\n"
    "/// {file name, text}\nstd::span<const std::pair<std::string_view, std::string_view>> ${NAME}();\n}\n")
  file(WRITE "${OUTPUT}.cpp" "// Made by cmake/embed.cmake.\n#include \"${NAME}.hpp\"\n\nnamespace ${NAMESPACE} {\n"
    "std::span<const std::pair<std::string_view, std::string_view>> ${NAME}() {\n  static constexpr std::pair<std::string_view, std::string_view> kTexts[] = {\n"
    "${entries}  };\n  return kTexts;\n}\n}\n")
  return()
endif()

set(STOKER_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(stoker_embed target namespace name)
  set(output ${CMAKE_BINARY_DIR}/generated/${name})
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated)
  string(REPLACE ";" "|" files "${ARGN}")
  add_custom_command(OUTPUT ${output}.cpp ${output}.hpp
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DOUTPUT=${output} -DNAME=${name} -DNAMESPACE=${namespace} -P ${STOKER_EMBED_SCRIPT}
    DEPENDS ${ARGN} ${STOKER_EMBED_SCRIPT} VERBATIM)
  target_sources(${target} PRIVATE ${output}.cpp)
  set_source_files_properties(${output}.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
