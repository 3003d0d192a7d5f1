#!/usr/bin/env python3
"""Measures how long the node `segment` takes from its launch to its first result, and how much memory it holds.

    source install/setup.bash                       # a workspace with tros_yolo_seg
    python3 tools/measure/launch.py --model v8n.bin --library build/native/emulator/libdnn.so

A camera stand-in of 1920x1080 NV12 runs before the node is launched. Prints one JSON line: for each launch the seconds from exec to the
first message of detections; resident memory in MB at rest (launched, no camera, nothing subscribed) and at work (with the camera,
detections, instances and PerceptionTargets read), and the peak; of that the parts that are files mapped, and anonymous.
`npm run bench -- launch` runs it.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time

from ament_index_python.packages import get_package_prefix
import rclpy
from rclpy.qos import qos_profile_system_default
from rosidl_runtime_py.utilities import get_message

TOPIC = '/image'
RESULTS = {
    '/segment/detections': 'vision_msgs/msg/Detection2DArray',
    '/segment/instances': 'tros_yolo_seg/msg/InstanceArray',
    '/hobot_dnn_detection': 'ai_msgs/msg/PerceptionTargets',
}
PATIENCE = 60


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', default='', help='model of the node; default: the demo model')
    parser.add_argument('--library', default='', help='libdnn.so for .bin models')
    parser.add_argument('--rate', type=float, default=30.0)
    parser.add_argument('--seconds', type=float, default=30.0, help='at work, and a third of it at rest')
    parser.add_argument('--launches', type=int, default=3)
    parser.add_argument('--node', action='append', default=[], metavar='NAME:=VALUE', help='parameter of the node')
    args = parser.parse_args()

    rclpy.init(args=[])
    node = rclpy.create_node('reader')
    counts = dict.fromkeys(RESULTS, 0)

    def count(name):
        def receive(_):
            counts[name] += 1

        return receive

    library = [f'library:={os.path.abspath(args.library)}'] if args.library else []
    model = [f'model:={os.path.abspath(args.model)}'] if args.model else []
    segment_parameters = [f'images:=[{TOPIC}]', *model, *library, *args.node]

    # At rest there is no camera, and nobody reads.
    segment = start('segment', segment_parameters)
    try:
        spin_until(node, lambda: node.count_publishers('/segment/detections') > 0, segment)
        spin(node, args.seconds / 3)
        rest = memory(segment.pid)
    finally:
        stop(segment)

    for name, kind in RESULTS.items():
        node.create_subscription(get_message(kind), name, count(name), qos_profile_system_default, raw=True)
    camera = start('camera', ['inputs:=["scene:?size=1920x1080&frames=20"]', f'rate:={args.rate}', 'message:=image'])
    launches = []
    try:
        spin_until(node, lambda: node.count_publishers(TOPIC) > 0, camera)
        spin(node, 2)
        for _ in range(args.launches):
            counts.update(dict.fromkeys(RESULTS, 0))
            begin = time.monotonic()
            segment = start('segment', segment_parameters)
            try:
                spin_until(node, lambda: counts['/segment/detections'] > 0, segment)
                launches.append(round(time.monotonic() - begin, 3))
                if len(launches) == args.launches:
                    spin(node, args.seconds)
                    work = memory(segment.pid)
            finally:
                stop(segment)
    finally:
        stop(camera)
    print(json.dumps({'launch_s': launches, 'read': counts, 'rest_mb': rest, 'work_mb': work}))


def start(executable, parameters):
    path = os.path.join(get_package_prefix('tros_yolo_seg'), 'lib', 'tros_yolo_seg', executable)
    given = [part for parameter in parameters for part in ('-p', parameter)]
    environment = {**os.environ, 'TROS_YOLO_SEG_EMULATOR': os.environ.get('TROS_YOLO_SEG_EMULATOR', 'play_unknown=1')}
    return subprocess.Popen(
        [path, '--ros-args', *given], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def stop(process):
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        # Whoever hangs must not stay and disturb what is measured next.
        process.kill()
        process.wait()
        raise SystemExit('Expected the node to end on SIGINT but it did not. Look at its log.')


def memory(pid):
    """MB of a process: resident, of that mapped files and anonymous; the most it ever was."""
    with open(f'/proc/{pid}/status') as file:
        fields = dict(line.split(':', 1) for line in file)
    names = {'resident': 'VmRSS', 'files': 'RssFile', 'anonymous': 'RssAnon', 'shared': 'RssShmem', 'peak': 'VmHWM'}
    return {name: round(int(fields[field].split()[0]) / 1024) for name, field in names.items()}


def spin(node, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.05)


def spin_until(node, condition, process):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end or process.poll() is not None:
            raise SystemExit('Expected the node to run and to publish but it does not. Look at its log.')
        rclpy.spin_once(node, timeout_sec=0.01)


if __name__ == '__main__':
    main()
