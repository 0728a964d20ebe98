# Run by uvpki_embed_migrations at build time: writes OUTPUT from FOLDER/NNNN_name.sql.
string(REGEX MATCH "^(.*)::([A-Za-z0-9_]+)$" matched "${SYMBOL}")
if(NOT matched)
  message(FATAL_ERROR "${SYMBOL} is not namespace::function")
endif()
set(namespace ${CMAKE_MATCH_1})
set(function ${CMAKE_MATCH_2})

set(body "")
file(GLOB files ${FOLDER}/*.sql)
list(SORT files)
foreach(file IN LISTS files)
  get_filename_component(stem ${file} NAME_WE)
  if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
    message(FATAL_ERROR "${file} is not named NNNN_name.sql")
  endif()
  set(name ${CMAKE_MATCH_2})
  string(REGEX REPLACE "^0+" "" version ${CMAKE_MATCH_1})
  file(READ ${file} sql)
  string(APPEND body "    series.migrations.push_back({${version}, \"${name}\", R\"uvsql(${sql})uvsql\"});\n")
endforeach()

file(WRITE ${OUTPUT} "// Generated from ${FOLDER}.
#include \"uvpki/service/migrate.h\"

namespace ${namespace} {

uvpki::service::MigrationSeries ${function}();

uvpki::service::MigrationSeries ${function}() {
    uvpki::service::MigrationSeries series{\"${SERIES}\", {}};
${body}    return series;
}

}  // namespace ${namespace}
")
