# Builds the program in ${app} and the addon in native/, and installs both.
#
# Both targets run on every build; their scripts check what is up to date, which takes less than a second. Nothing is
# written to the source folder: packages are installed and TypeScript is compiled in the build folder.
set(stage ${CMAKE_CURRENT_BINARY_DIR}/stage)
set(app ${CMAKE_CURRENT_BINARY_DIR}/app)

# npm packages: copied from the source folder if they match the lock file, else installed from the registry.
add_custom_target(tros_yolo_seg_packages
  COMMAND ${NODE_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/ros-packages.mjs
    --source ${CMAKE_CURRENT_SOURCE_DIR} --stage ${stage} --onnx ${WITH_ONNX} --npm ${NPM_EXECUTABLE}
  VERBATIM
)

# The addon is part of this build rather than cmake-js's, so that it can use ROS packages like any other target.
set(CMAKE_JS_INC ${stage}/node_modules/node-api-headers/include ${stage}/node_modules/node-addon-api)
add_subdirectory(native EXCLUDE_FROM_ALL)
add_dependencies(addon tros_yolo_seg_packages)

add_custom_target(tros_yolo_seg_app ALL
  COMMAND ${NODE_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/ros-app.mjs
    --source ${CMAKE_CURRENT_SOURCE_DIR} --stage ${stage} --app ${app} --addon $<TARGET_FILE:addon>
    --onnx ${WITH_ONNX} --python ${Python3_EXECUTABLE}
  VERBATIM
)
add_dependencies(tros_yolo_seg_app addon)

set(AMENT_SYMLINK ${AMENT_CMAKE_SYMLINK_INSTALL})
configure_file(cmake/install-app.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/install-app.cmake @ONLY)
install(SCRIPT ${CMAKE_CURRENT_BINARY_DIR}/install-app.cmake)

foreach(executable segment=node/segment/segment camera=node/camera/camera tros-yolo-seg=cli/main)
  string(REPLACE "=" ";" parts ${executable})
  list(GET parts 0 NAME)
  list(GET parts 1 ENTRY)
  configure_file(cmake/start.sh.in ${CMAKE_CURRENT_BINARY_DIR}/bin/${NAME} @ONLY)
  install(PROGRAMS ${CMAKE_CURRENT_BINARY_DIR}/bin/${NAME} DESTINATION lib/${PROJECT_NAME})
endforeach()
