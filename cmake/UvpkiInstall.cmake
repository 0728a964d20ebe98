# What `cmake --install` puts below the prefix besides the programs: headers, the static library, a CMake package
# (find_package(uvpki), target uvpki::uvpki), a pkg-config file, schemas and documents. Paths are those of GNUInstallDirs;
# DESTDIR is honoured; the installed tree may be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# A header belongs to the public interface unless it lies in openssl/ or service/, or its opening comment says
# "Private to ...", "Private: ..." or "Private."
set(uvpki_root ${PROJECT_SOURCE_DIR}/libuvpki)
file(GLOB uvpki_headers CONFIGURE_DEPENDS ${uvpki_root}/uvpki/*.h ${uvpki_root}/uvpki/*/*.h)
list(FILTER uvpki_headers EXCLUDE REGEX "/uvpki/(openssl|service)/")
set(uvpki_public_headers)
foreach(header IN LISTS uvpki_headers)
  file(READ ${header} opening LIMIT 2000)
  string(REGEX MATCH "^#pragma once\n(//[^\n]*\n)+" opening "${opening}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
  if(NOT opening MATCHES "Private( to|:|\\.)")
    list(APPEND uvpki_public_headers ${header})
  endif()
endforeach()

configure_file(${PROJECT_SOURCE_DIR}/cmake/version.h.in ${PROJECT_BINARY_DIR}/include/uvpki/version.h @ONLY)
target_sources(uvpki PUBLIC FILE_SET HEADERS
  BASE_DIRS ${uvpki_root} ${PROJECT_BINARY_DIR}/include
  FILES ${uvpki_public_headers} ${PROJECT_BINARY_DIR}/include/uvpki/version.h)
target_compile_features(uvpki PUBLIC cxx_std_20)

install(TARGETS uvpki EXPORT uvpkiTargets FILE_SET HEADERS)
set(uvpki_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/uvpki)
install(EXPORT uvpkiTargets NAMESPACE uvpki:: DESTINATION ${uvpki_package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/uvpkiConfig.cmake.in ${PROJECT_BINARY_DIR}/uvpkiConfig.cmake
  INSTALL_DESTINATION ${uvpki_package_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/uvpkiConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/uvpkiConfig.cmake ${PROJECT_BINARY_DIR}/uvpkiConfigVersion.cmake
  DESTINATION ${uvpki_package_dir})

set(uvpki_pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH uvpki_prefix_from_pc /prefix/${uvpki_pc_dir} /prefix)
string(REGEX REPLACE "/$" "" uvpki_prefix_from_pc "${uvpki_prefix_from_pc}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/uvpki.pc.in ${PROJECT_BINARY_DIR}/uvpki.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/uvpki.pc DESTINATION ${uvpki_pc_dir})

file(GLOB uvpki_schemas CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/schemas/*.json)
install(FILES ${uvpki_schemas} DESTINATION ${CMAKE_INSTALL_DATADIR}/uvpki/schemas)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md"
  PATTERN "doxygen" EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_SOURCE_DIR}/SECURITY.md
  ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# ---- API documentation: target `api_docs`, HTML in build/docs/api ----
find_program(DOXYGEN doxygen)
set(uvpki_docs_dir ${PROJECT_SOURCE_DIR}/build/docs/api)
set(uvpki_doxygen_inputs ${PROJECT_SOURCE_DIR}/docs/library.md ${PROJECT_SOURCE_DIR}/docs/doxygen/namespaces.h
  ${uvpki_public_headers} ${PROJECT_BINARY_DIR}/include/uvpki/version.h)
list(JOIN uvpki_doxygen_inputs "\" \\\n                         \"" uvpki_doxygen_input)
set(uvpki_doxygen_input "\"${uvpki_doxygen_input}\"")
configure_file(${PROJECT_SOURCE_DIR}/docs/doxygen/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
if(DOXYGEN)
  add_custom_target(api_docs
    COMMAND ${CMAKE_COMMAND} -E make_directory ${uvpki_docs_dir}
    COMMAND ${DOXYGEN} ${PROJECT_BINARY_DIR}/Doxyfile
    VERBATIM COMMENT "Writing the API documentation to ${uvpki_docs_dir}")
endif()
