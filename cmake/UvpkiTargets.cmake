# What every target of the project shares: warnings, hardening, sanitizers, and the function that declares a test program.

add_library(uvpki_flags INTERFACE)
target_compile_options(uvpki_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast
  -fstack-protector-strong $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
target_link_options(uvpki_flags INTERFACE -Wl,-z,relro,-z,now)
if(UVPKI_WERROR)
  target_compile_options(uvpki_flags INTERFACE -Werror)
endif()
if(UVPKI_SANITIZE)
  target_compile_options(uvpki_flags INTERFACE -fsanitize=${UVPKI_SANITIZE} -fno-omit-frame-pointer -U_FORTIFY_SOURCE)
  if(UVPKI_SANITIZE MATCHES "undefined")
    target_compile_options(uvpki_flags INTERFACE -fno-sanitize-recover=undefined)
  endif()
  target_link_options(uvpki_flags INTERFACE -fsanitize=${UVPKI_SANITIZE})
endif()
target_include_directories(uvpki_flags INTERFACE ${PROJECT_SOURCE_DIR})

# uvpki_test(NAME name SOURCES a.cpp b.cpp LINK target... [LABELS ...]): one doctest program, one CTest entry.
function(uvpki_test)
  cmake_parse_arguments(T "" "NAME" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${T_NAME} ${T_SOURCES} ${PROJECT_SOURCE_DIR}/tests/support/doctest_main.cpp)
  target_link_libraries(${T_NAME} PRIVATE uvpki_flags ${T_LINK})
  target_compile_definitions(${T_NAME} PRIVATE
    UVPKI_VECTORS="${PROJECT_SOURCE_DIR}/tests/vectors"
    UVPKI_SOURCE="${PROJECT_SOURCE_DIR}"
    UVPKI_BIN="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  set_target_properties(${T_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${T_NAME} COMMAND ${T_NAME})
  set_tests_properties(${T_NAME} PROPERTIES TIMEOUT 900)
  if(T_LABELS)
    set_tests_properties(${T_NAME} PROPERTIES LABELS "${T_LABELS}")
    if("concurrent" IN_LIST T_LABELS)
      add_dependencies(tsan_tests ${T_NAME})
    endif()
  endif()
endfunction()

# Label "concurrent" marks test programs that CI also runs under the thread sanitizer; `tsan_tests` builds just those.
add_custom_target(tsan_tests)
