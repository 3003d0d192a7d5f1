"""A ROS node that tests drive from outside: JSON lines in, JSON lines out.

Plain rclpy and nothing of tros_yolo_seg: what it reads is what any other node would read. Each request has an `id`, which
the answer repeats.

  {"op": "subscribe", "topic", "type", "reliability"?, "durability"?, "depth"?}
  {"op": "messages", "topic", "clear"?}        what came: for each message its stamp, frame_id, and a digest of its content
  {"op": "publish", "topic", "type", "count", "period", ...}   images; see Images below
  {"op": "stop", "topic"}                      ends a publisher
  {"op": "raw", "topic", "type", "hex"}        publishes these bytes as a serialized message
  {"op": "call", "service", "type", "request"}
  {"op": "graph", "topic"}
"""

import json
import sys
import threading
import time

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rosidl_runtime_py.convert import message_to_ordereddict
from rosidl_runtime_py.set_message import set_message_fields
from rosidl_runtime_py.utilities import get_message, get_service


def qos_of(request):
    return QoSProfile(
        depth=request.get('depth', 100),
        reliability=getattr(QoSReliabilityPolicy, request.get('reliability', 'reliable').upper()),
        durability=getattr(QoSDurabilityPolicy, request.get('durability', 'volatile').upper()),
    )


def digest(message):
    """The message as JSON, with large arrays as their length and sum."""

    def shorten(value):
        if isinstance(value, dict):
            return {key: shorten(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [shorten(item) for item in value]
        return value

    large = {}
    for name in ('data',):
        value = getattr(message, name, None)
        if value is not None and not isinstance(value, bool) and hasattr(value, '__len__') and len(value) > 64:
            array = np.frombuffer(value, np.uint8) if not isinstance(value, np.ndarray) else value
            large[name] = {'length': len(array), 'sum': int(array.astype(np.uint64).sum()), 'first': array[:4].tolist()}
            setattr(message, name, [] if not isinstance(value, np.ndarray) else value)
    if large and isinstance(getattr(message, 'data', None), np.ndarray):
        # Fixed arrays cannot be emptied; a dictionary of millions of numbers helps nobody.
        return {'large': large}
    return {**shorten(message_to_ordereddict(message)), **{f'{name}_digest': value for name, value in large.items()}}


def plain(value):
    return list(value) if isinstance(value, (bytes, bytearray)) else value.tolist()


class Images:
    """Publishes images at a rate: {"width", "height", "encoding", "frame_id", "value", "step"?, "data_size"?, "sec"?}."""

    def __init__(self, node, request):
        self.node = node
        self.request = request
        kind = request['type'].split('/')[-1]
        message = get_message(request['type'])()
        width, height = request['width'], request['height']
        encoding = request.get('encoding', 'nv12')
        per_pixel = {'nv12': 1.5, 'mono8': 1, 'rgb8': 3, 'bgr8': 3}.get(encoding, 1.5)
        size = request.get('size', int(width * height * per_pixel))
        if 'file' in request:
            pixels = np.fromfile(request['file'], np.uint8)
        else:
            pixels = np.full(size, request.get('value', 90), np.uint8)
        if kind != 'CompressedImage':
            message.width, message.height = width, height
            message.step = request.get('step', width)
        if kind == 'Image':
            message.encoding = encoding
            message.header.frame_id = request.get('frame_id', 'peer')
            message.data.frombytes(pixels.tobytes())
        elif kind == 'CompressedImage':
            message.format = encoding
            message.header.frame_id = request.get('frame_id', 'peer')
            message.data.frombytes(pixels.tobytes())
        else:
            message.encoding[: len(encoding)] = list(encoding.encode())
            message.data_size = request.get('data_size', size)
            message.data[: len(pixels)] = pixels
        self.message = message
        self.kind = kind
        self.sent = 0
        self.stamps = []
        self.publisher = node.create_publisher(get_message(request['type']), request['topic'], qos_of(request))
        self.timer = node.create_timer(request.get('period', 0.033), self.tick)

    def tick(self):
        if self.sent >= self.request.get('count', 1):
            self.timer.cancel()
            return
        stamp = self.node.get_clock().now().to_msg()
        target = self.message.time_stamp if self.kind.startswith('Hbm') else self.message.header.stamp
        target.sec, target.nanosec = stamp.sec, stamp.nanosec
        if self.kind.startswith('Hbm'):
            self.message.index = self.sent
        self.publisher.publish(self.message)
        self.stamps.append([stamp.sec, stamp.nanosec])
        self.sent += 1


class Peer:
    def __init__(self):
        rclpy.init()
        self.node = rclpy.create_node('peer')
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.received = {}
        self.images = {}
        self.lock = threading.Lock()
        self.requests = []

    def run(self):
        threading.Thread(target=self.read, daemon=True).start()
        while rclpy.ok():
            self.executor.spin_once(timeout_sec=0.01)
            with self.lock:
                requests, self.requests = self.requests, []
            for request in requests:
                if request['op'] == 'end':
                    return
                try:
                    answer = getattr(self, request['op'])(request)
                except Exception as error:  # noqa: BLE001 -- the test is told
                    answer = {'error': f'{type(error).__name__}: {error}'}
                if answer is not None:
                    self.answer(request, answer)

    def read(self):
        for line in sys.stdin:
            with self.lock:
                self.requests.append(json.loads(line))
        with self.lock:
            self.requests.append({'op': 'end'})

    def answer(self, request, answer):
        print(json.dumps({'id': request['id'], **answer}, default=plain), flush=True)

    def subscribe(self, request):
        messages = self.received.setdefault(request['topic'], [])
        content = request.get('content', True)

        def receive(message):
            at = time.time()
            entry = {'at': at}
            header = getattr(message, 'header', None)
            if header is not None:
                entry['stamp'] = [header.stamp.sec, header.stamp.nanosec]
                entry['frame_id'] = header.frame_id
            if content:
                entry['message'] = digest(message)
            messages.append(entry)

        self.node.create_subscription(get_message(request['type']), request['topic'], receive, qos_of(request))
        return {}

    def messages(self, request):
        messages = self.received[request['topic']]
        answer = {'messages': list(messages)}
        if request.get('clear'):
            messages.clear()
        return answer

    def publish(self, request):
        self.images[request['topic']] = Images(self.node, request)
        return {}

    def sent(self, request):
        return {'stamps': self.images[request['topic']].stamps}

    def stop(self, request):
        images = self.images.pop(request['topic'])
        images.timer.cancel()
        self.node.destroy_publisher(images.publisher)
        return {'stamps': images.stamps}

    def raw(self, request):
        key = ('raw', request['topic'])
        if key not in self.images:
            self.images[key] = self.node.create_publisher(
                get_message(request['type']), request['topic'], qos_of(request)
            )
        self.images[key].publish(bytes.fromhex(request['hex']))
        return {}

    def call(self, request):
        kind = get_service(request['type'])
        client = self.node.create_client(kind, request['service'])
        if not client.wait_for_service(timeout_sec=request.get('timeout', 20)):
            return {'error': f'no service {request["service"]}'}
        message = kind.Request()
        set_message_fields(message, request.get('request', {}))
        future = client.call_async(message)

        def done(future):
            self.answer(request, {'response': message_to_ordereddict(future.result())})
            self.node.destroy_client(client)

        future.add_done_callback(done)

    def graph(self, request):
        topic = request['topic']
        return {
            'publishers': self.node.count_publishers(topic),
            'subscribers': self.node.count_subscribers(topic),
        }


Peer().run()
