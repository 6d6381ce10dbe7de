# Installs the sdk of BUILD into WORK/prefix, builds the plugin EXAMPLE against it, runs its tests, and loads what it
# made with the host's loader. WORK is emptied first; nothing outside of it is written. EXAMPLE is a folder of
# examples/plugins, or `readme`: the plugin of sdk/README.md with its test from docs/plugin-guide.md.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(failed)
    string(REPLACE ";" " " command "${ARGV}")
    message(FATAL_ERROR "failed (${failed}): ${command}\n${output}")
  endif()
  message(STATUS "${output}")
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

# The first block of a page in that language.
function(first_block variable page language)
  file(READ ${page} text)
  string(REGEX MATCH "```${language}\n([^`]*)```" found "${text}")
  if(NOT found)
    message(FATAL_ERROR "${page} has no ${language} block")
  endif()
  set(${variable} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

if(EXAMPLE STREQUAL "readme")
  first_block(plugin ${REPOSITORY}/sdk/README.md cpp)
  first_block(build ${REPOSITORY}/sdk/README.md cmake)
  first_block(test ${REPOSITORY}/docs/plugin-guide.md cpp)
  first_block(test_build ${REPOSITORY}/docs/plugin-guide.md cmake)
  file(WRITE ${WORK}/source/no_mondays.cpp "${plugin}")
  file(WRITE ${WORK}/source/no_mondays_test.cpp "${test}")
  file(WRITE ${WORK}/source/CMakeLists.txt
    "${build}${test_build}enable_testing()\nadd_test(NAME no-mondays COMMAND no-mondays-test)\n")
else()
  # A copy: nothing of the repository around it can help.
  file(COPY ${REPOSITORY}/examples/plugins/${EXAMPLE}/ DESTINATION ${WORK}/source)
endif()

run(${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${WORK}/prefix)

set(flags)
if(SANITIZE)
  set(flags "-fsanitize=${SANITIZE} -fno-sanitize-recover=all")
endif()
run(${CMAKE_COMMAND} -S ${WORK}/source -B ${WORK}/build -G Ninja
  -D CMAKE_PREFIX_PATH=${WORK}/prefix -D CMAKE_BUILD_TYPE=Debug -D LOSSY_WRAPS=${WRAPS}
  -D CMAKE_C_COMPILER=${C_COMPILER} -D CMAKE_CXX_COMPILER=${CXX_COMPILER}
  -D CMAKE_C_COMPILER_LAUNCHER=${LAUNCHER} -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}
  -D CMAKE_C_FLAGS=${flags} -D CMAKE_CXX_FLAGS=${flags})
run(${CMAKE_COMMAND} --build ${WORK}/build --parallel 2)
run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build --output-on-failure --no-tests=error)
run(${CMAKE_COMMAND} --install ${WORK}/build --component plugins --prefix ${WORK}/prefix)

file(GLOB made ${WORK}/prefix/lib/outsize/plugins/outsize-*.so)
if(NOT made)
  message(FATAL_ERROR "the project installed no plugin")
endif()
run(${LOADER} ${made})
