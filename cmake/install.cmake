# Install rules, CMake package and pkg-config files. A library that is not built is not installed.
include(CMakePackageConfigHelpers)

# Where the provider goes. OpenSSL looks for it in its own MODULESDIR only, so that is where a system-wide prefix
# (/usr, /usr/local) puts it; under any other prefix it stays below that prefix, in LIBDIR/ossl-modules, for programs
# that name it with `module =` or OPENSSL_MODULES.
pkg_get_variable(OPENSSL_MODULESDIR libcrypto modulesdir)
set(SIGNET_MODULESDIR "" CACHE PATH "Where the OpenSSL provider is installed, for every prefix")

set(SIGNET_LIBRARIES)
foreach(LIBRARY IN ITEMS signet signet_openssl signet_botan signet_gnutls signet_libp11 signet_testing)
  if(TARGET ${LIBRARY})
    list(APPEND SIGNET_LIBRARIES ${LIBRARY})
  endif()
endforeach()

# Installed files find each other by their places, so that a prefix may be moved as a whole.
file(RELATIVE_PATH BIN_TO_LIB ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set(SIGNET_KIT_DIR ${CMAKE_INSTALL_LIBDIR}/signet)  # programs and modules of the testing kit

# Each library has an export of its own: who has no Botan can still find the others.
foreach(LIBRARY IN LISTS SIGNET_LIBRARIES)
  set_property(TARGET ${LIBRARY} PROPERTY INSTALL_RPATH "$ORIGIN")
  install(TARGETS ${LIBRARY} EXPORT ${LIBRARY}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
          INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT ${LIBRARY} FILE ${LIBRARY}-target.cmake NAMESPACE signet::
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/signet)
endforeach()
set_property(TARGET signet_command PROPERTY INSTALL_RPATH "$ORIGIN/${BIN_TO_LIB}")
install(TARGETS signet_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(TARGET IN ITEMS signet_testing_provision signet_testing_pkcs11 signet_testing_memory)
  if(TARGET ${TARGET})
    set_property(TARGET ${TARGET} PROPERTY INSTALL_RPATH "$ORIGIN/..")
    install(TARGETS ${TARGET} RUNTIME DESTINATION ${SIGNET_KIT_DIR} LIBRARY DESTINATION ${SIGNET_KIT_DIR})
  endif()
endforeach()

# The prefix may change when `cmake --install --prefix` is called, so the place is found out then. The provider looks for
# libsignet.so one folder above it, which serves the build tree, /usr and a prefix of its own, then beside it and in
# CMAKE_INSTALL_FULL_LIBDIR.
if(TARGET signet_provider)
  set_target_properties(signet_provider PROPERTIES SKIP_BUILD_RPATH ON)
  install(CODE "
    set(MODULESDIR \"${SIGNET_MODULESDIR}\")
    if(MODULESDIR STREQUAL \"\" AND CMAKE_INSTALL_PREFIX MATCHES \"^/usr(/local)?/?$\")
      set(MODULESDIR \"${OPENSSL_MODULESDIR}\")
    elseif(MODULESDIR STREQUAL \"\")
      set(MODULESDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/ossl-modules\")
    endif()
    file(INSTALL DESTINATION \"\${MODULESDIR}\" TYPE MODULE FILES \"$<TARGET_FILE:signet_provider>\")")
endif()

# The openssl.cnf that others include. OpenSSL finds signet.so by itself in its own directory alone; the copy below the
# build tree is for the tests, which name theirs by OPENSSL_MODULES.
set(PLACE ${CMAKE_INSTALL_FULL_DATADIR}/signet/openssl-signet.cnf)
set(MODULE_LINE "# module = signet.so")
configure_file(cmake/openssl-signet.cnf.in ${PROJECT_BINARY_DIR}/share/signet/openssl-signet.cnf @ONLY)
install(CODE "
  set(PLACE \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/signet/openssl-signet.cnf\")
  set(MODULE_LINE \"module = \${MODULESDIR}/signet.so\")
  # Written where it belongs: two installations at a time, or a build tree that cannot be written, do no harm.
  configure_file(\"${PROJECT_SOURCE_DIR}/cmake/openssl-signet.cnf.in\" \"\$ENV{DESTDIR}\${PLACE}\" @ONLY)
  list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${PLACE}\")
  message(STATUS \"Installing: \$ENV{DESTDIR}\${PLACE}\")")

# Headers, but for those of libraries that are not built.
set(ABSENT_HEADERS)
foreach(PAIR IN ITEMS "signet_openssl;openssl_tls.h" "signet_botan;botan_credentials.h" "signet_gnutls;gnutls.h" "signet_libp11;libp11_identity.h"
                      "signet_testing;testing")
  list(GET PAIR 0 LIBRARY)
  list(GET PAIR 1 HEADER)
  if(NOT TARGET ${LIBRARY})
    list(APPEND ABSENT_HEADERS PATTERN ${HEADER} EXCLUDE)
  endif()
endforeach()
install(DIRECTORY include/signet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${ABSENT_HEADERS})
install(DIRECTORY softhsm_config DESTINATION ${CMAKE_INSTALL_DATADIR}/signet)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/signet.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

configure_package_config_file(cmake/signet-config.cmake.in ${PROJECT_BINARY_DIR}/cmake/signet-config.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/signet)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/signet-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/signet-config.cmake ${PROJECT_BINARY_DIR}/cmake/signet-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/signet)

# signet_pkg_config(LIBRARY NAME DESCRIPTION REQUIRES) writes NAME.pc; it names its prefix by its own place.
function(signet_pkg_config LIBRARY NAME DESCRIPTION REQUIRES)
  if(NOT TARGET ${LIBRARY})
    return()
  endif()
  file(RELATIVE_PATH PC_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  string(REGEX REPLACE "/$" "" PC_TO_PREFIX "${PC_TO_PREFIX}")
  configure_file(cmake/signet.pc.in ${PROJECT_BINARY_DIR}/cmake/${NAME}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/cmake/${NAME}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
signet_pkg_config(signet signet "TLS client identities from PKCS#12 files, smartcards and HSMs" "")
signet_pkg_config(signet_openssl signet-openssl "Signet's identities in OpenSSL" "signet, libssl >= 3.0, libcrypto")
signet_pkg_config(signet_botan signet-botan "Signet's identities in Botan" "signet, ${BOTAN_MODULE_NAME}")
signet_pkg_config(signet_gnutls signet-gnutls "Signet's identities in GnuTLS" "signet, gnutls >= 3.7")
signet_pkg_config(signet_libp11 signet-libp11 "Signet's identities of libp11's objects" "signet, libp11")
signet_pkg_config(signet_testing signet-testing "Throw-away tokens and certificates for tests" "signet")

# CMake's own script ends by writing install_manifest.txt into the build tree, and fails where it may not.
install(CODE "
  execute_process(COMMAND test -w \"${PROJECT_BINARY_DIR}\" RESULT_VARIABLE CANNOT_WRITE)
  if(CANNOT_WRITE)
    return()
  endif()")
