# Catch2::Catch2WithMain, also where the package of Catch2 2 brings the library and no target for it.
if(NOT TARGET Catch2::Catch2WithMain)
  find_library(OUTSIZE_CATCH2_MAIN Catch2WithMain REQUIRED)
  add_library(Catch2::Catch2WithMain INTERFACE IMPORTED)
  target_link_libraries(Catch2::Catch2WithMain INTERFACE ${OUTSIZE_CATCH2_MAIN} Catch2::Catch2)
endif()
