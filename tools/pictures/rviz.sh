#!/usr/bin/env bash
# Makes the picture of rviz2 in docs/ros.md: rviz2 with rviz/segment.rviz and the demo, on a screen in memory.
#
#     source install/setup.bash && tools/pictures/rviz.sh docs/images/rviz.jpg
#
# Needs rviz2, Xvfb and ImageMagick.
set -euo pipefail

out=${1:?Expected the name of the picture, such as docs/images/rviz.jpg}
# Where the window is and how large, in rviz/segment.rviz.
readonly WINDOW=1500x900+60+60
# An empty window has some dozens of colors, the pictures in it have thousands.
readonly COLORS=5000
readonly PATIENCE=120

number=90
while [ -e "/tmp/.X$number-lock" ]; do number=$((number + 1)); done
export DISPLAY=:$number LIBGL_ALWAYS_SOFTWARE=1 QT_QPA_PLATFORM=xcb

started=()
end() {
  # The launch ends what it has started. SIGTERM, as the shell lets its background processes ignore SIGINT.
  for pid in "${started[@]}"; do
    kill "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
  done
  rm -f "$shot"
}
shot=$(mktemp --suffix=.png)
trap end EXIT

Xvfb "$DISPLAY" -screen 0 1640x1000x24 -nolisten tcp &
screen=$!
ros2 launch tros_yolo_seg demo.launch.py rviz:=true rate:=5.0 > "${LOG:-/dev/null}" 2>&1 &
started=($! "$screen")

colors=0
for ((second = 0; second < PATIENCE; second++)); do
  sleep 1
  import -silent -window root -crop "$WINDOW" +repage "$shot" 2> /dev/null || continue
  colors=$(identify -format %k "$shot")
  # The second such picture, as the first may be half drawn.
  if ((colors > COLORS)) && [ -n "${seen:-}" ]; then
    convert "$shot" -resize 1200x -quality 82 "$out"
    echo "$out: $colors colors after $second s, $(stat -c %s "$out") bytes"
    exit 0
  fi
  ((colors > COLORS)) && seen=1
done
echo "Expected rviz2 to show pictures within $PATIENCE s but it has $colors colors." >&2
exit 1
