# What is linked from elsewhere. Package names per Debian release are in scripts/setup.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(P11_KIT REQUIRED IMPORTED_TARGET p11-kit-1)
pkg_check_modules(LIBP11 REQUIRED IMPORTED_TARGET libp11)
# The GnuTLS plugin is left out if there is no GnuTLS.
pkg_check_modules(GNUTLS IMPORTED_TARGET gnutls>=3.7)
# Internationalised names of servers in the command; without it only ASCII names are taken.
pkg_check_modules(IDN2 IMPORTED_TARGET libidn2)

# Botan 3 where it is, else Botan 2. The plugin is left out where there is neither, unless that would be an error: so
# it is for the presets, which CI uses.
pkg_check_modules(BOTAN IMPORTED_TARGET botan-3>=3.7)
if(NOT BOTAN_FOUND)
  pkg_check_modules(BOTAN IMPORTED_TARGET botan-2>=2.19)
endif()
if(NOT BOTAN_FOUND AND SIGNET_REQUIRE_BOTAN)
  message(FATAL_ERROR "Neither Botan 3.7 nor 2.19 is there. Install libbotan-3-dev or libbotan-2-dev, "
                      "or leave the Botan plugin out with -DSIGNET_REQUIRE_BOTAN=OFF.")
endif()

if(SIGNET_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# Compilers of other languages, for the clients in examples/: Debian's own, whatever comes first in PATH. What they build
# cannot load a library with a sanitizer. SIGNET_LANGUAGE_CLIENTS are the clients that are tested: where scripts/setup
# installs a compiler, its absence is a failure of the test.
set(SIGNET_LANGUAGE_CLIENTS)
if(SIGNET_EXAMPLES AND NOT SIGNET_SANITIZE)
  find_program(SIGNET_GO go PATHS /usr/bin NO_DEFAULT_PATH)
  find_program(SIGNET_CARGO cargo PATHS /usr/bin NO_DEFAULT_PATH)
  file(GLOB RUSTLS LIST_DIRECTORIES true /usr/share/cargo/registry/rustls-0.23.*)
  if(NOT RUSTLS)
    set(SIGNET_CARGO SIGNET_CARGO-NOTFOUND)
  endif()
  set(RELEASE)
  if(EXISTS /etc/os-release)
    file(STRINGS /etc/os-release RELEASE REGEX "^VERSION_CODENAME=")
  endif()
  if(SIGNET_GO OR RELEASE MATCHES "bookworm|trixie")
    list(APPEND SIGNET_LANGUAGE_CLIENTS go_client)
  endif()
  if(SIGNET_CARGO OR RELEASE MATCHES "trixie")
    list(APPEND SIGNET_LANGUAGE_CLIENTS rust_client)
  endif()
endif()
