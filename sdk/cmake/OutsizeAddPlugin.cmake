# outsize_add_plugin(NAME SOURCES ... [LINK ...])
#
# Builds `outsize-NAME.so`, a module that exports outsize_module_v1 and nothing else:
#   hidden visibility and a version script  the plugin can be unloaded and its symbols meet nobody else's
#   --exclude-libs,ALL                      a statically linked library is the plugin's own, not the host's
#   -z defs                                 a missing symbol is a link error, not a crash at the first call
#   -fno-gnu-unique                         no inline static keeps the plugin resident
#
# The target is called outsize-plugin-NAME. `cmake --install BUILD --component plugins` puts the file into
# lib/outsize/plugins.
function(outsize_add_plugin name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  set(target outsize-plugin-${name})
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE outsize::sdk ${arg_LINK})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME outsize-${name} SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(OUTSIZE_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${OUTSIZE_PLUGIN_OUTPUT_DIRECTORY})
  endif()
  target_compile_options(${target} PRIVATE $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-gnu-unique>)
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.version)
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${script}" "LINKER:--exclude-libs,ALL" "LINKER:-z,defs" "LINKER:--no-undefined")
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${script})
  install(TARGETS ${target} LIBRARY DESTINATION lib/outsize/plugins COMPONENT plugins)
endfunction()
