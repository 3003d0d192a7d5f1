# Finds Node.js and npm: NODE_EXECUTABLE, NPM_EXECUTABLE (NOTFOUND if there is none; it may not be needed).
#
# rclnodejs needs 20.20, and loads ES modules with require(), which Node.js 22 supports from 22.12 and 21 does not. start.sh.in
# checks the same at each start.
set(NODE_WANTED "20.20, 22.12 or newer")

# TROS_YOLO_SEG_NODE, which also applies at run time, takes precedence over the PATH.
find_program(NODE_EXECUTABLE NAMES $ENV{TROS_YOLO_SEG_NODE} node nodejs DOC "Node.js")
find_program(NPM_EXECUTABLE npm)

set(NODE_VERSION "none")
if(NODE_EXECUTABLE)
  execute_process(COMMAND ${NODE_EXECUTABLE} --version OUTPUT_VARIABLE NODE_VERSION OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX REPLACE "^v" "" NODE_VERSION "${NODE_VERSION}")
endif()
if(NODE_VERSION VERSION_LESS 20.20 OR (NODE_VERSION VERSION_GREATER_EQUAL 21 AND NODE_VERSION VERSION_LESS 22.12))
  set(found "${NODE_EXECUTABLE}, which is ${NODE_VERSION}")
  if(NOT NODE_EXECUTABLE)
    set(found "none on the PATH")
  endif()
  # Search again next time; it may have been installed by then.
  unset(NODE_EXECUTABLE CACHE)
  message(FATAL_ERROR "Expected Node.js ${NODE_WANTED} but found ${found}. "
    "Ubuntu's own is too old. Possible solutions:\n"
    "  - sudo apt install curl && curl -fsSL https://deb.nodesource.com/setup_24.x | sudo -E bash - && sudo apt install nodejs\n"
    "  - nvm install 24\n"
    "  - TROS_YOLO_SEG_NODE=/path/to/node colcon build ...")
endif()
message(STATUS "Node.js ${NODE_VERSION}: ${NODE_EXECUTABLE}")
