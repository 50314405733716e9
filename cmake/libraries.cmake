# How folders become libraries. Each folder is compiled once, into objects. Of these, each library is made twice: shared,
# which is what is installed and exports what its headers mark; and static, for the command and the tests, which look
# inside and link everything once.

# signet_folder(NAME FILES... LINKS...) declares the folder NAME as target signet_NAME.
function(signet_folder NAME)
  cmake_parse_arguments(ARG "" "" "FILES;LINKS" ${ARGN})
  add_library(signet_${NAME} OBJECT ${ARG_FILES})
  target_include_directories(signet_${NAME} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  # Not -I: <botan/...> is Botan's, "botan/..." is plugins/botan.
  target_compile_options(signet_${NAME} PUBLIC -iquote ${PROJECT_SOURCE_DIR}/plugins)
  target_link_libraries(signet_${NAME} PUBLIC ${ARG_LINKS})
  signet_precompiled(signet_${NAME})
endfunction()

# signet_precompiled(NAME) has target NAME compiled with the large headers that most files include, which takes a third of
# the time off. Every file includes what it uses anyway: -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON shows who does not.
function(signet_precompiled NAME)
  if(NAME STREQUAL signet_base)
    target_precompile_headers(signet_base PRIVATE
      <fmt/format.h> <algorithm> <array> <chrono> <functional> <map> <memory> <mutex> <optional> <span> <string>
      <string_view> <vector>)
  else()
    target_precompile_headers(${NAME} REUSE_FROM signet_base)
  endif()
endfunction()

# signet_library(NAME OUTPUT name MAP file FOLDERS... PUBLIC... PRIVATE...) makes lib<name>.so, target NAME, of folders'
# objects, and NAME_static with it. PUBLIC and PRIVATE are what they link. Before 1.0 each minor version may change the
# binary interface of C++, so the soname has it.
function(signet_library NAME)
  cmake_parse_arguments(ARG "" "OUTPUT;MAP" "FOLDERS;PUBLIC;PRIVATE" ${ARGN})
  list(TRANSFORM ARG_FOLDERS PREPEND signet_)
  string(REPLACE signet_ "" EXPORT_NAME ${NAME})

  add_library(${NAME} SHARED)
  add_library(signet::${EXPORT_NAME} ALIAS ${NAME})
  set_target_properties(${NAME} PROPERTIES
    OUTPUT_NAME ${ARG_OUTPUT} EXPORT_NAME ${EXPORT_NAME} VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} LINK_DEPENDS ${ARG_MAP})
  target_compile_features(${NAME} PUBLIC cxx_std_20)
  target_include_directories(${NAME} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                            $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${NAME} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_FOLDERS} ${ARG_PRIVATE})
  # nodelete: exit handlers, workers and per-process state must remain valid after a plugin is unloaded.
  target_link_options(${NAME} PRIVATE LINKER:--version-script=${ARG_MAP} LINKER:--exclude-libs,ALL LINKER:-z,nodelete)
  if(NOT SIGNET_SANITIZE)
    target_link_options(${NAME} PRIVATE LINKER:-z,defs)
  endif()

  set(STATIC_LINKS ${ARG_PUBLIC} ${ARG_PRIVATE})
  list(TRANSFORM STATIC_LINKS REPLACE "^signet$" signet_static)
  list(REMOVE_DUPLICATES STATIC_LINKS)
  signet_static_library(${NAME}_static FOLDERS ${ARG_FOLDERS} LINKS ${STATIC_LINKS})
endfunction()

# signet_static_library(NAME FOLDERS targets... LINKS...) makes a library for the command and the tests alone.
function(signet_static_library NAME)
  cmake_parse_arguments(ARG "" "" "FOLDERS;LINKS" ${ARGN})
  add_library(${NAME} STATIC EXCLUDE_FROM_ALL)
  target_include_directories(${NAME} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_compile_options(${NAME} PUBLIC -iquote ${PROJECT_SOURCE_DIR}/plugins)
  target_link_libraries(${NAME} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_FOLDERS})
endfunction()
