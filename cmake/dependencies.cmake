# What is linked from elsewhere. Package names per Debian release are in scripts/setup.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(P11_KIT REQUIRED IMPORTED_TARGET p11-kit-1)
pkg_check_modules(LIBP11 REQUIRED IMPORTED_TARGET libp11)

# Botan 3 where it is, else Botan 2; the plugin is left out where there is neither.
pkg_check_modules(BOTAN IMPORTED_TARGET botan-3)
if(NOT BOTAN_FOUND)
  pkg_check_modules(BOTAN IMPORTED_TARGET botan-2)
endif()

if(SIGNET_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
