# stoker_sql(<folder>): embeds src/<folder>/sql/*.sql and src/<folder>/migrations/*.sql into stoker_<folder>, as the functions
# embedded_sql() and embedded_migrations() of its namespace (db/embedded.hpp).
function(stoker_sql folder)
  set(source ${CMAKE_SOURCE_DIR}/src/${folder})
  set(out ${CMAKE_BINARY_DIR}/generated/${folder}/embedded_sql.cpp)
  file(GLOB files CONFIGURE_DEPENDS ${source}/sql/*.sql ${source}/migrations/*.sql)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated/${folder})
  set(script ${CMAKE_SOURCE_DIR}/src/db/embed_sql.cmake)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -D FOLDER=${folder} -D SOURCE=${source} -D OUT=${out} -P ${script}
    DEPENDS ${files} ${script} COMMENT "embedding the SQL of ${folder}" VERBATIM)
  target_sources(stoker_${folder} PRIVATE ${out})
endfunction()
