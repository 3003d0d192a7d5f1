# Decides whether the addon has cameras in C++ (native/ros): WITH_RCLCPP. They need rclcpp and, for TROS's messages,
# hbm_img_msgs; without them frames pass through rclnodejs.
#
#   -DTROS_YOLO_SEG_RCLCPP=AUTO|OFF  AUTO: where rclcpp is found
set(TROS_YOLO_SEG_RCLCPP AUTO CACHE STRING "Cameras in C++: AUTO or OFF")
set_property(CACHE TROS_YOLO_SEG_RCLCPP PROPERTY STRINGS AUTO OFF)
if(NOT TROS_YOLO_SEG_RCLCPP MATCHES "^(AUTO|OFF)$")
  message(FATAL_ERROR "Expected AUTO or OFF for TROS_YOLO_SEG_RCLCPP but received ${TROS_YOLO_SEG_RCLCPP}.")
endif()
set(WITH_RCLCPP OFF)
if(TROS_YOLO_SEG_RCLCPP STREQUAL "AUTO")
  find_package(rclcpp QUIET)
  find_package(sensor_msgs QUIET)
  find_package(hbm_img_msgs QUIET)
  if(rclcpp_FOUND AND sensor_msgs_FOUND)
    set(WITH_RCLCPP ON)
  else()
    message(STATUS "Without rclcpp and sensor_msgs: no cameras in C++, frames pass through rclnodejs.")
  endif()
endif()
