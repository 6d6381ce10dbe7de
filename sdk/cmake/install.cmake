# What `cmake --install BUILD --component sdk` puts down: headers, CMake package, and the suites where they were built.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/outsize-sdk)

install(DIRECTORY include/outsize DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk)
install(TARGETS outsize-sdk EXPORT outsize-sdk COMPONENT sdk)
install(EXPORT outsize-sdk NAMESPACE outsize:: FILE outsize-sdk-targets.cmake
  DESTINATION ${package_folder} COMPONENT sdk)

if(TARGET outsize-suite)
  install(DIRECTORY suite/include/outsize DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk)
  install(TARGETS outsize-suite outsize-policy-suite outsize-blob-suite EXPORT outsize-sdk-suite
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
  install(EXPORT outsize-sdk-suite NAMESPACE outsize:: FILE outsize-sdk-suite-targets.cmake
    DESTINATION ${package_folder} COMPONENT sdk)
endif()

configure_package_config_file(cmake/outsize-sdk-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/outsize-sdk-config.cmake
  INSTALL_DESTINATION ${package_folder})
# Before 1.0 a minor version may change the C++ layer; the plugin ABI has numbers of its own.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/outsize-sdk-config-version.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/outsize-sdk-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/outsize-sdk-config-version.cmake
  cmake/OutsizeAddPlugin.cmake cmake/OutsizeCatch2.cmake cmake/plugin.version
  DESTINATION ${package_folder} COMPONENT sdk)
