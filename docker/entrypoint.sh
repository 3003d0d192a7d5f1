#!/bin/bash
# Runs a command with ROS 2 and this package sourced.
set -e
source /opt/tros_yolo_seg/setup.bash
exec "$@"
