# The kinds of a folder are its sub-folders. Writes <build>/generated/<folder>/kinds.inc with one line STOKER_KIND(<sub-folder>) each;
# the folder's registry defines the macro and includes it. So a new kind touches its own folder only: no central list, no static registration.
function(stoker_kinds folder)
  set(dir ${CMAKE_SOURCE_DIR}/src/${folder})
  file(GLOB children CONFIGURE_DEPENDS RELATIVE ${dir} ${dir}/*)
  set(lines "")
  foreach(child ${children})
    if(EXISTS ${dir}/${child}/${child}.hpp)
      string(APPEND lines "STOKER_KIND(${child})\n")
    endif()
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${folder}/kinds.inc CONTENT "${lines}" @ONLY)
endfunction()
