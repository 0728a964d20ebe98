# uvpki_embed_migrations(target folder symbol): compiles folder/NNNN_name.sql into `target` as the function `symbol`,
# e.g. uvpki::ca::migrations, which the target declares itself:  uvpki::service::MigrationSeries migrations();
# A fourth argument names the series (default "main").
function(uvpki_embed_migrations target folder symbol)
  set(series main)
  if(ARGC GREATER 3)
    set(series ${ARGV3})
  endif()
  get_filename_component(folder ${folder} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*.sql)
  if(NOT files)
    message(FATAL_ERROR "no migrations in ${folder}")
  endif()
  string(REPLACE "::" "_" stem ${symbol})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${stem}.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DSYMBOL=${symbol} -DSERIES=${series} -DOUTPUT=${output}
      -P ${PROJECT_SOURCE_DIR}/cmake/embed_migrations.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/embed_migrations.cmake
    COMMENT "Embedding migrations of ${target}" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
