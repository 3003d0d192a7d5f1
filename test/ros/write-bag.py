"""Writes a bag of NV12 images: write-bag.py FOLDER TOPIC FRAMES RATE FIRST_SECOND. Stamps and times of reception are the same."""

import sys

import rosbag2_py
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

folder, topic, frames, rate, first = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
writer = rosbag2_py.SequentialWriter()
writer.open(
    rosbag2_py.StorageOptions(uri=folder, storage_id='mcap'),
    rosbag2_py.ConverterOptions(input_serialization_format='cdr', output_serialization_format='cdr'),
)
metadata = {'name': topic, 'type': 'sensor_msgs/msg/Image', 'serialization_format': 'cdr'}
try:
    writer.create_topic(rosbag2_py.TopicMetadata(id=0, **metadata))
except TypeError:
    # Humble's has no id; Jazzy's does not do without.
    writer.create_topic(rosbag2_py.TopicMetadata(**metadata))
image = Image(width=320, height=240, step=320, encoding='nv12')
image.data.frombytes(bytes([90]) * (320 * 240 * 3 // 2))
for index in range(frames):
    time = first * 1_000_000_000 + index * 1_000_000_000 // rate
    image.header.stamp.sec, image.header.stamp.nanosec = divmod(time, 1_000_000_000)
    writer.write(topic, serialize_message(image), time)
