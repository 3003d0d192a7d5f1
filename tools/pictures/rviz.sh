#!/usr/bin/env bash
# Makes the pictures of rviz2 in docs/ros.md and docs/depth.md: rviz2 with a file of rviz/ and generated scenes, on a screen in memory.
#
#     source install/setup.bash && tools/pictures/rviz.sh docs/images/rviz.jpg
#     source install/setup.bash && tools/pictures/rviz.sh docs/images/rviz-depth.jpg depth
#
# Needs rviz2, Xvfb and ImageMagick; for depth tf2_ros, too.
set -euo pipefail

out=${1:?Expected the name of the picture, such as docs/images/rviz.jpg}
what=${2:-segment}
# Where the window is and how large, in rviz/*.rviz.
readonly WINDOW=1500x900+60+60
# An empty window has some dozens of colors, the pictures in it have thousands.
readonly COLORS=5000
readonly PATIENCE=120
# How many pictures with so many colors it takes: the first may be half drawn, and points come later than the overlay.
shots=2

number=90
while [ -e "/tmp/.X$number-lock" ]; do number=$((number + 1)); done
export DISPLAY=:$number LIBGL_ALWAYS_SOFTWARE=1 QT_QPA_PLATFORM=xcb

started=()
start() {
  "$@" >> "${LOG:-/dev/null}" 2>&1 &
  started+=($!)
}
end() {
  # The last started ends first, the screen last. A launch ends what it has started. SIGTERM, as the shell lets its background processes
  # ignore SIGINT.
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    kill "${started[i]}" 2> /dev/null || true
    wait "${started[i]}" 2> /dev/null || true
  done
  rm -f "$shot"
}
shot=$(mktemp --suffix=.png)
trap end EXIT

start Xvfb "$DISPLAY" -screen 0 1640x1000x24 -nolisten tcp
case $what in
  segment)
    start ros2 launch tros_yolo_seg demo.launch.py rviz:=true rate:=5.0
    ;;
  depth)
    shots=6
    # One scene, again and again, so that all displays show the same frame. Without `ros2 run`, which would end without its child.
    prefix=$(ros2 pkg prefix tros_yolo_seg)
    start "$prefix/lib/tros_yolo_seg/camera" --ros-args -p "inputs:=['scene:?size=1280x720&frames=1&seed=${SEED:-8}']" -p loop:=true \
      -p rate:=2.0 -p depth:=scene
    start "$prefix/lib/tros_yolo_seg/segment" --ros-args -p "depth:=[depth/image_raw]" -p score:=0.4
    # From the optical frame of the camera to one whose x points forward and whose z points up.
    start "$(ros2 pkg prefix tf2_ros)/lib/tf2_ros/static_transform_publisher" --frame-id camera_link --child-frame-id camera \
      --roll -1.5707963 --yaw -1.5707963
    start "$(ros2 pkg prefix rviz2)/lib/rviz2/rviz2" -d "$(dirname "$0")/../../rviz/depth.rviz"
    ;;
  *)
    echo "Expected segment or depth but received $what." >&2
    exit 1
    ;;
esac

colors=0
seen=0
for ((second = 0; second < PATIENCE; second++)); do
  sleep 1
  import -silent -window root -crop "$WINDOW" +repage "$shot" 2> /dev/null || continue
  colors=$(identify -format %k "$shot")
  ((colors > COLORS)) || continue
  if ((++seen == shots)); then
    convert "$shot" -resize 1200x -quality 82 "$out"
    echo "$out: $colors colors after $second s, $(stat -c %s "$out") bytes"
    exit 0
  fi
done
echo "Expected rviz2 to show pictures within $PATIENCE s but it has $colors colors." >&2
exit 1
