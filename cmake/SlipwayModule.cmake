# One module = one static library = one room. A module shows only the headers it lists, and only to
# the modules that list *it*: they are reached through a directory of links, so an arrow that is not
# declared here does not compile. Which layer may use which is the table below.

define_property(TARGET PROPERTY SLIPWAY_LAYER)
set(SLIPWAY_MAY_USE_base     base)
set(SLIPWAY_MAY_USE_platform base platform)
set(SLIPWAY_MAY_USE_domain   base platform domain)
set(SLIPWAY_MAY_USE_edge     base platform)
set(SLIPWAY_MAY_USE_wire     base platform domain edge)   # never another wire
set(SLIPWAY_MAY_USE_driver   base platform domain)        # never another driver
set(SLIPWAY_MAY_USE_app      base platform domain edge wire driver app)

# slipway_module(NAME <name> LAYER <layer> [PATH <include prefix>] PUBLIC <headers> SOURCES <files>
#                DEPS <modules> PRIVATE_DEPS <modules> LIBS <system libraries>
#                TESTS <files> TEST_DEPS <modules only the tests use>)
# NAME uses underscores (wire_mlflow); PATH is what others include (wire/mlflow).
function(slipway_module)
  cmake_parse_arguments(M "" "NAME;LAYER;PATH"
                        "PUBLIC;SOURCES;DEPS;PRIVATE_DEPS;LIBS;TESTS;TEST_DEPS" ${ARGN})
  if(NOT M_PATH)
    set(M_PATH ${M_NAME})
  endif()
  set(doors ${PROJECT_BINARY_DIR}/doors/${M_NAME})
  file(REMOVE_RECURSE ${doors})
  file(MAKE_DIRECTORY ${doors}/${M_PATH})
  foreach(header ${M_PUBLIC})
    get_filename_component(dir ${doors}/${M_PATH}/${header} DIRECTORY)
    file(MAKE_DIRECTORY ${dir})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${header} ${doors}/${M_PATH}/${header} SYMBOLIC)
  endforeach()
  foreach(dep ${M_DEPS} ${M_PRIVATE_DEPS})
    get_target_property(layer slipway_${dep} SLIPWAY_LAYER)
    if(NOT layer IN_LIST SLIPWAY_MAY_USE_${M_LAYER})
      message(FATAL_ERROR "${M_NAME} (${M_LAYER}) may not depend on ${dep} (${layer})")
    endif()
  endforeach()
  list(TRANSFORM M_DEPS PREPEND slipway_)
  list(TRANSFORM M_PRIVATE_DEPS PREPEND slipway_)
  list(TRANSFORM M_TEST_DEPS PREPEND slipway_)
  add_library(slipway_${M_NAME} STATIC ${M_SOURCES})
  target_include_directories(slipway_${M_NAME} PUBLIC ${doors} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(slipway_${M_NAME} PUBLIC ${M_DEPS} PRIVATE ${M_PRIVATE_DEPS} ${M_LIBS})
  set_target_properties(slipway_${M_NAME} PROPERTIES SLIPWAY_LAYER ${M_LAYER})
  if(M_TESTS AND SLIPWAY_TESTS)   # one test binary a room, not a file
    add_executable(${M_NAME}_test ${M_TESTS})
    target_include_directories(${M_NAME}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${M_NAME}_test PRIVATE slipway_${M_NAME} ${M_PRIVATE_DEPS} ${M_TEST_DEPS}
                          ${M_LIBS} GTest::gtest_main Threads::Threads)
    if("slipway_store" IN_LIST M_DEPS OR "slipway_store" IN_LIST M_PRIVATE_DEPS)
      target_link_libraries(${M_NAME}_test PRIVATE slipway_store_testing)
    endif()
    gtest_discover_tests(${M_NAME}_test DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
