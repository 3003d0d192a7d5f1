"""A camera with bad timing: advertises an image topic, waits, and sends some frames.

  advertiser.py '{"topic", "delay", "count", "period"?, "reliability"?, "durability"?, "depth"?, "type"?, "lose"?, "size"?}'

The first frame goes out `delay` seconds after the first subscription was found. With `lose` N every N-th frame is stamped and not sent,
and every 2 N-th and its follower. A line on stdin ends the
frames. Ends when stdin does, having told {"stamps": [[sec, nanosec], ...]}.
"""

import json
import select
import signal
import sys
import time

import numpy as np
import rclpy
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rosidl_runtime_py.utilities import get_message

request = json.loads(sys.argv[1])
rclpy.init()
node = rclpy.create_node('advertiser')
qos = QoSProfile(
    depth=request.get('depth', 10),
    reliability=getattr(QoSReliabilityPolicy, request.get('reliability', 'reliable').upper()),
    durability=getattr(QoSDurabilityPolicy, request.get('durability', 'volatile').upper()),
)
kind = get_message(request.get('type', 'sensor_msgs/msg/Image'))
width, height = request.get('size', [320, 240])
pixels = np.full(width * height * 3 // 2, 90, np.uint8)
message = kind()
message.width, message.height, message.step = width, height, width
if hasattr(message, 'header'):
    message.encoding = 'nv12'
    message.data.frombytes(pixels.tobytes())
    stamp = message.header.stamp
else:
    message.encoding[:4] = list(b'nv12')
    message.data_size = len(pixels)
    message.data[: len(pixels)] = pixels
    stamp = message.time_stamp

# Taking leave, lest shared memory is left behind.
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
try:
    publisher = node.create_publisher(kind, request['topic'], qos)
    # On a busy machine discovery takes seconds, and what is sent before is lost whoever listens.
    while publisher.get_subscription_count() == 0:
        time.sleep(0.01)
    next_frame = time.time() + request['delay']
    stamps = []
    lose = request.get('lose', 0)
    for index in range(request['count']):
        time.sleep(max(0, next_frame - time.time()))
        if select.select([sys.stdin], [], [], 0)[0]:
            sys.stdin.readline()
            break
        next_frame += request.get('period', 0)
        now = time.time_ns()
        stamp.sec, stamp.nanosec = divmod(now, 1_000_000_000)
        if lose and (index % lose == lose - 1 or index % (2 * lose) == 0):
            continue
        publisher.publish(message)
        stamps.append([stamp.sec, stamp.nanosec])
    print(json.dumps({'stamps': stamps}), flush=True)
    sys.stdin.read()
finally:
    node.destroy_node()
    rclpy.shutdown()
