#!/usr/bin/env python3
"""Measures the node `segment` in a running graph: camera stand-in, node and a reader, each in a process of its own.

    source install/setup.bash                       # a workspace with tros_yolo_seg
    python3 tools/measure/node.py --model v8n.bin --library build/native/emulator/libdnn.so --seconds 60

Prints one JSON line: what was sent, answered and dropped, latencies and stages in milliseconds as the node tells them on
/diagnostics (quantiles of the last 300 frames, of these the median over the run), its JS thread's busy share and its CPU.
Frames are 1920x1080 NV12. `npm run bench -- node` runs it for each message and transport.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time

from ament_index_python.packages import get_package_prefix
from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.qos import qos_profile_system_default
from rosidl_runtime_py.utilities import get_message

KEPT = 300  # src/node/segment/camera-health.ts

RESULTS = {
    '/segment/detections': 'vision_msgs/msg/Detection2DArray',
    '/segment/instances': 'tros_yolo_seg/msg/InstanceArray',
    '/hobot_dnn_detection': 'ai_msgs/msg/PerceptionTargets',
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', default='', help='model of the node; default: the demo model')
    parser.add_argument('--library', default='', help='libdnn.so for .bin models')
    parser.add_argument('--message', default='image', choices=['image', 'hbm1080p'])
    parser.add_argument('--rate', type=float, default=30.0)
    parser.add_argument('--seconds', type=float, default=60.0)
    parser.add_argument('--node', action='append', default=[], metavar='NAME:=VALUE', help='parameter of the node')
    parser.add_argument('--camera', action='append', default=[], metavar='NAME:=VALUE', help='parameter of the camera')
    parser.add_argument('--inputs', default='scene:?size=1920x1080&frames=20')
    args = parser.parse_args()

    folder = os.path.join(get_package_prefix('tros_yolo_seg'), 'lib', 'tros_yolo_seg')
    topic = '/hbmem_img' if args.message == 'hbm1080p' else '/image'
    environment = {**os.environ, 'TROS_YOLO_SEG_EMULATOR': os.environ.get('TROS_YOLO_SEG_EMULATOR', 'play_unknown=1')}
    rclpy.init(args=[])
    node = rclpy.create_node('reader')
    counts = dict.fromkeys(RESULTS, 0)
    statuses = []

    def count(name):
        def receive(_):
            counts[name] += 1

        return receive

    for name, kind in RESULTS.items():
        node.create_subscription(get_message(kind), name, count(name), qos_profile_system_default, raw=True)
    node.create_subscription(DiagnosticArray, '/diagnostics', lambda message: statuses.append(message), 10)

    def start(executable, parameters):
        given = [part for parameter in parameters for part in ('-p', parameter)]
        return subprocess.Popen(
            [os.path.join(folder, executable), '--ros-args', *given],
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )

    library = [f'library:={os.path.abspath(args.library)}'] if args.library else []
    model = [f'model:={os.path.abspath(args.model)}'] if args.model else []
    segment = start('segment', [f'images:=[{topic}]', *model, *library, *args.node])
    camera = start('camera', [f'inputs:=["{args.inputs}"]', f'rate:={args.rate}', f'message:={args.message}', *args.camera])
    try:
        spin_until(node, lambda: counts['/segment/detections'] > args.rate, 60)
        first = newest(statuses, topic)
        begin = (time.time(), cpu(segment.pid), cpu(camera.pid))
        spin(node, args.seconds)
        last = newest(statuses, topic)
        end = (time.time(), cpu(segment.pid), cpu(camera.pid))
        newer = [s for s in map(lambda m: values(m, topic), statuses) if s and int(s['received']) > int(first['received'])]
        # Those that know of no frame before the run, if it was long enough.
        in_window = [s for s in newer if int(s['answered']) >= int(first['answered']) + KEPT] or newer
    finally:
        for process in (camera, segment):
            process.send_signal(signal.SIGINT)
        camera_said = camera.communicate(timeout=30)[1]
        segment_said = segment.communicate(timeout=30)[1]

    def grown(name):
        return int(last[name]) - int(first[name])

    def median(name):
        found = [float(s[name]) for s in in_window if name in s]
        return round(statistics.median(found), 2) if found else None

    seconds = end[0] - begin[0]
    result = {
        'middleware': last['middleware'],
        'transport': last['transport'],
        'message': args.message,
        'rate': args.rate,
        'seconds': round(seconds, 1),
        'received': grown('received'),
        'answered': grown('answered'),
        'dropped': grown('dropped'),
        'bad': grown('bad'),
        'expected': round(args.rate * seconds),
        'read': dict(counts),
        'js_busy_percent': median('js_thread_busy_percent'),
        'segment_cpu_percent': round(100 * (end[1] - begin[1]) / seconds, 1),
        'camera_cpu_percent': round(100 * (end[2] - begin[2]) / seconds, 1),
        'memory_mb': int(last['memory_mb']),
        **{name: median(name) for name in last if name.endswith('_ms')},
        'exit': [camera.returncode, segment.returncode],
    }
    print(json.dumps(result))
    summary = [line for line in camera_said.splitlines() if re.search('publish', line)]
    sys.stderr.write('\n'.join(summary[-2:]) + '\n')
    if segment.returncode != 0:
        sys.stderr.write(segment_said)


def values(message, topic):
    pairs = {}
    for status in message.status:
        if status.name.endswith(': engine') or status.name.endswith(f': {topic}'):
            pairs.update({value.key: value.value for value in status.values})
    return pairs if 'received' in pairs else None


def newest(statuses, topic):
    return next(filter(None, (values(message, topic) for message in reversed(statuses))))


def cpu(pid):
    """CPU seconds of a process so far."""
    with open(f'/proc/{pid}/stat') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def spin(node, seconds):
    end = time.time() + seconds
    while time.time() < end:
        rclpy.spin_once(node, timeout_sec=0.1)


def spin_until(node, condition, seconds):
    end = time.time() + seconds
    while not condition():
        if time.time() > end:
            raise SystemExit('Expected results from the node but received too few. Look at its log.')
        rclpy.spin_once(node, timeout_sec=0.1)


if __name__ == '__main__':
    main()
