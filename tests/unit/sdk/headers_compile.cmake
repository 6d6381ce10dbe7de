# Compiles each of HEADERS with COMPILER as LANGUAGE at STANDARD; warnings are errors. Headers joined by commas are
# compiled together.
foreach(together ${HEADERS})
  string(REGEX REPLACE "([^,]+),?" "-include;\\1;" includes ${together})
  execute_process(
    COMMAND ${COMPILER} -x ${LANGUAGE} -std=${STANDARD} -I${INCLUDE} -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow
      -Wconversion -Wundef -Werror ${includes} /dev/null
    RESULT_VARIABLE failed ERROR_VARIABLE messages)
  if(failed)
    message(FATAL_ERROR "${together}: does not compile (${COMPILER} -std=${STANDARD})\n${messages}")
  endif()
endforeach()
