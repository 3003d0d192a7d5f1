"""Subscribes to one image topic and tells, as one line of JSON, what came: nothing of tros_yolo_seg, plain rclpy.

  camera-peer.py TOPIC TYPE COUNT SECONDS RELIABILITY [raw]

Ends after COUNT messages, or SECONDS after it began. With `raw` the messages are not parsed, for high rates.
"""

import json
import resource
import sys
import time

import numpy as np
import rclpy
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rosidl_runtime_py.utilities import get_message

topic, kind, count, seconds, reliability = sys.argv[1:6]
raw = sys.argv[6:] == ['raw']
count = int(count)
rclpy.init()
node = rclpy.create_node('camera_peer')
came = []


def receive(message):
    entry = {'at': time.time()}
    if raw:
        entry['length'] = len(message)
    else:
        hbm = kind.split('/')[-1].startswith('Hbm')
        stamp = message.time_stamp if hbm else message.header.stamp
        data = np.asarray(message.data, np.uint8)
        used = message.data_size if hbm else len(data)
        entry.update(
            stamp=[stamp.sec, stamp.nanosec],
            width=message.width,
            height=message.height,
            step=message.step,
            encoding=bytes(message.encoding).split(b'\0')[0].decode() if hbm else message.encoding,
            length=used,
            sum=int(data[:used].sum(dtype=np.uint64)),
        )
        if hbm:
            entry['index'] = message.index
        else:
            entry['frame_id'] = message.header.frame_id
    came.append(entry)


qos = QoSProfile(depth=5, reliability=getattr(QoSReliabilityPolicy, reliability.upper()))
node.create_subscription(get_message(kind), topic, receive, qos, raw=raw)
print('ready', flush=True)
until = time.time() + float(seconds)
while len(came) < count and time.time() < until:
    rclpy.spin_once(node, timeout_sec=0.1)
offered = [
    {'node': info.node_name, 'type': info.topic_type, 'reliability': info.qos_profile.reliability.name}
    for info in node.get_publishers_info_by_topic(topic)
]
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({'came': came, 'publishers': offered, 'cpu': usage.ru_utime + usage.ru_stime}), flush=True)
