# uvpki_embed_text(target file symbol): compiles the file into `target` as the function `symbol`, e.g.
# uvpki::election::package_verify_script, which the target declares itself:  std::string_view package_verify_script();
# Written when CMake configures, so that it also serves targets of other directories; a changed file configures again.
function(uvpki_embed_text target file symbol)
  string(REGEX MATCH "^(.*)::([A-Za-z0-9_]+)$" matched "${symbol}")
  if(NOT matched)
    message(FATAL_ERROR "${symbol} is not namespace::function")
  endif()
  set(namespace ${CMAKE_MATCH_1})
  set(function ${CMAKE_MATCH_2})
  get_filename_component(file ${file} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
  get_filename_component(name ${file} NAME)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})

  # As numbers: compilers need not take string literals of more than 65,536 bytes, and raw ones may end in the text.
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," numbers "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
    "\\1\n" numbers "${numbers}")
  set(content "// Generated from ${name}.
#include <string_view>

namespace ${namespace} {

std::string_view ${function}();

namespace {
constexpr unsigned char text[] = {
${numbers}};
}  // namespace

std::string_view ${function}() {
    return {reinterpret_cast<const char*>(text), sizeof text};
}

}  // namespace ${namespace}
")
  string(REPLACE "::" "_" stem ${symbol})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${stem}.cpp)
  set(present "")
  if(EXISTS ${output})
    file(READ ${output} present)
  endif()
  if(NOT present STREQUAL content)
    file(WRITE ${output} "${content}")
  endif()
  target_sources(${target} PRIVATE ${output})
endfunction()
