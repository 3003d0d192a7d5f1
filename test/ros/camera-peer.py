"""Subscribes to one image topic and tells, as one line of JSON, what came: nothing of tros_yolo_seg, plain rclpy.

  camera-peer.py TOPIC TYPE COUNT RELIABILITY

Says `ready` once it subscribes, and ends after COUNT messages.
"""

import json
import sys
import time

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rosidl_runtime_py.utilities import get_message

topic, kind, count, reliability = sys.argv[1:5]
hbm = kind.split('/')[-1].startswith('Hbm')
came = []


def encoding_of(message):
    if hbm:
        return bytes(message.encoding).split(b'\0')[0].decode()
    return message.format if hasattr(message, 'format') else message.encoding


def receive(message):
    entry = {'at': time.time()}
    stamp = message.time_stamp if hbm else message.header.stamp
    data = np.asarray(message.data, np.uint8)
    used = message.data_size if hbm else len(data)
    entry.update(
        stamp=[stamp.sec, stamp.nanosec],
        # A CompressedImage has none of these.
        width=getattr(message, 'width', 0),
        height=getattr(message, 'height', 0),
        step=getattr(message, 'step', 0),
        encoding=encoding_of(message),
        length=used,
        sum=int(data[:used].sum(dtype=np.uint64)),
    )
    if hbm:
        entry['index'] = message.index
    else:
        entry['frame_id'] = message.header.frame_id
    if len(came) < int(count):
        came.append(entry)


def publishers(node):
    return [
        {'node': info.node_name, 'type': info.topic_type, 'reliability': info.qos_profile.reliability.name}
        for info in node.get_publishers_info_by_topic(topic)
    ]


def listen(node):
    qos = QoSProfile(depth=50, reliability=getattr(QoSReliabilityPolicy, reliability.upper()))
    node.create_subscription(get_message(kind), topic, receive, qos)
    print('ready', flush=True)
    # Looked at while it sends: it may end after its last frame. Fast DDS learns the name of its node later than the rest.
    offered = []
    while len(came) < int(count) or any('UNKNOWN' in publisher['node'] for publisher in offered):
        rclpy.spin_once(node, timeout_sec=0.05)
        found = publishers(node)
        if not found and len(came) >= int(count):
            break
        offered = found or offered
    print(json.dumps({'came': came, 'publishers': offered}), flush=True)


rclpy.init()
node = rclpy.create_node('camera_peer')
try:
    listen(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
# All of it, or Fast DDS leaves its shared memory behind.
node.destroy_node()
rclpy.try_shutdown()
