"""A ROS node that tests drive from outside: JSON lines in, JSON lines out.

Plain rclpy and nothing of tros_yolo_seg: what it reads is what any other node would read. Nothing here waits for a time to
pass: each message is told when it comes, and each request is answered, with its `id`, when it is done.

  {"op": "subscribe", "topic", "type", "reliability"?, "durability"?, "depth"?, "content"?}
      from now on a line {"topic", "at", "stamp"?, "frame_id"?, "message"?} for each message, with large data as a digest
  {"op": "publish", "topic", "type", "period", "paced"?, ...}   images; see Images below
  {"op": "stop", "topic"}           ends a publisher. Answer: the stamps of what it sent
  {"op": "finish", "topic"}         the same, once the last image has its answers on the topics of `paced`
  {"op": "raw", "topic", "type", "hex": [...]}   publishes these bytes as serialized messages, once somebody subscribes
  {"op": "call", "service", "type", "request"}   once the service is there
  {"op": "graph", "topic", "publishers"?, "subscribers"?}   once there are so many
  {"op": "endpoints", "node", "namespace", "publishers"?, "subscriptions"?, "services"?}   how many of them the node has, once
      they are so many
  {"op": "sync"}                    an answer that comes after all messages that came before
"""

import collections
import json
import os
import signal
import sys
import threading
import time

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rosidl_runtime_py.convert import message_to_ordereddict
from rosidl_runtime_py.set_message import set_message_fields
from rosidl_runtime_py.utilities import get_message, get_service

# Seconds between looks at the graph while a request waits for it: rclpy has no event for its changes.
LOOK = 0.02


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


def send(line):
    print(json.dumps(line, default=plain), flush=True)


class Images:
    """Publishes images until it is stopped.

    {"width", "height", "encoding", "frame_id", "value", "step"?, "data_size"?, "size"?, "file"?, "stamp"?, "paced"?}

    One each `period` seconds. With `paced`, topics that the peer subscribes to: the next image follows as soon as the last one
    has its answer, known by its stamp, on each of them; `period` is then how long an image may go unanswered, because it was
    lost or nobody subscribes yet, and twice as long after each that did: a busy machine answers later than that.
    """

    def __init__(self, node, request):
        self.node = node
        self.request = request
        self.kind = request['type'].split('/')[-1]
        self.message = self.make()
        self.stamps = []
        self.waiting = set()
        self.finish = None
        self.publisher = node.create_publisher(get_message(request['type']), request['topic'], qos_of(request))
        self.period = request['period']
        self.timer = node.create_timer(self.period, self.tick)

    def make(self):
        request = self.request
        message = get_message(request['type'])()
        width, height = request['width'], request['height']
        encoding = request.get('encoding', 'nv12')
        per_pixel = {'nv12': 1.5, 'mono8': 1, 'rgb8': 3, 'bgr8': 3}.get(encoding, 1.5)
        size = request.get('size', int(width * height * per_pixel))
        if 'file' in request:
            pixels = np.fromfile(request['file'], np.uint8)
        else:
            pixels = np.full(size, request.get('value', 90), np.uint8)
        if self.kind != 'CompressedImage':
            message.width, message.height = width, height
            message.step = request.get('step', width)
        if self.kind == 'Image':
            message.encoding = encoding
            message.header.frame_id = request.get('frame_id', 'peer')
            message.data.frombytes(pixels.tobytes())
        elif self.kind == 'CompressedImage':
            message.format = encoding
            message.header.frame_id = request.get('frame_id', 'peer')
            message.data.frombytes(pixels.tobytes())
        else:
            message.encoding[: len(encoding)] = list(encoding.encode())
            message.data_size = request.get('data_size', size)
            message.data[: len(pixels)] = pixels
        return message

    def tick(self):
        hbm = self.kind.startswith('Hbm')
        target = self.message.time_stamp if hbm else self.message.header.stamp
        if 'stamp' in self.request:
            target.sec, target.nanosec = self.request['stamp']
        else:
            now = self.node.get_clock().now().to_msg()
            target.sec, target.nanosec = now.sec, now.nanosec
        if hbm:
            self.message.index = len(self.stamps)
        if self.waiting:
            self.period *= 2
            self.node.destroy_timer(self.timer)
            self.timer = self.node.create_timer(self.period, self.tick)
        self.stamps.append([target.sec, target.nanosec])
        self.waiting = set(self.request.get('paced', []))
        self.publisher.publish(self.message)

    def answered(self, topic, stamp):
        if topic not in self.waiting or stamp != self.stamps[-1]:
            return
        self.waiting.remove(topic)
        if self.waiting:
            return
        if self.finish:
            self.finish()
        else:
            self.timer.reset()
            self.tick()

    def end(self):
        self.node.destroy_timer(self.timer)
        self.node.destroy_publisher(self.publisher)
        return {'stamps': self.stamps}


class Peer:
    def __init__(self):
        rclpy.init()
        self.node = rclpy.create_node('peer')
        self.images = {}
        self.publishers = {}
        self.clients = {}
        self.requests = collections.deque()
        # Requests that wait for the graph.
        self.waiting = []
        self.asked = self.node.create_guard_condition(self.serve)
        self.look = self.node.create_timer(LOOK, self.looked)
        self.look.cancel()

    def run(self):
        executor = SingleThreadedExecutor()
        executor.add_node(self.node)
        threading.Thread(target=self.read, daemon=True).start()
        try:
            executor.spin()
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        # All of it, or Fast DDS leaves its shared memory behind.
        executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()
        sys.stdout.flush()
        # The thread that reads would hold up Python's own end.
        os._exit(0)

    def read(self):
        for line in open(0, 'rb', buffering=0):
            self.requests.append(json.loads(line))
            self.asked.trigger()
        # The test is gone.
        os.kill(os.getpid(), signal.SIGINT)

    def serve(self):
        while self.requests:
            request = self.requests.popleft()
            self.guard(request, lambda: getattr(self, request['op'])(request))

    def guard(self, request, work):
        """Tells what `work` returns, if that is an answer already. Returns None if it has to be done again."""
        try:
            answer = work()
        except Exception as error:  # noqa: BLE001 -- the test is told
            answer = {'error': f'{type(error).__name__}: {error}'}
        if isinstance(answer, dict):
            send({'id': request['id'], **answer})
        return answer

    def once(self, request, work):
        """Does `work` now and, as long as it returns None, with each look at the graph."""
        if self.guard(request, work) is None:
            self.waiting.append((request, work))
            self.look.reset()

    def looked(self):
        waiting, self.waiting = self.waiting, []
        for request, work in waiting:
            if self.guard(request, work) is None:
                self.waiting.append((request, work))
        if not self.waiting:
            self.look.cancel()

    def subscribe(self, request):
        topic = request['topic']
        content = request.get('content', True)

        def receive(message):
            entry = {'topic': topic, 'at': time.time()}
            header = getattr(message, 'header', None)
            if header is not None:
                entry['stamp'] = [header.stamp.sec, header.stamp.nanosec]
                entry['frame_id'] = header.frame_id
            if content:
                entry['message'] = digest(message)
            send(entry)
            if header is not None:
                for images in list(self.images.values()):
                    images.answered(topic, entry['stamp'])

        self.node.create_subscription(get_message(request['type']), topic, receive, qos_of(request))
        return {}

    def sync(self, _):
        return {}

    def publish(self, request):
        self.images[request['topic']] = Images(self.node, request)
        return {}

    def stop(self, request):
        return self.images.pop(request['topic']).end()

    def finish(self, request):
        images = self.images[request['topic']]

        def finish():
            send({'id': request['id'], **self.stop(request)})

        if images.stamps and not images.waiting:
            finish()
        else:
            images.finish = finish

    def raw(self, request):
        topic = request['topic']
        if topic not in self.publishers:
            self.publishers[topic] = self.node.create_publisher(get_message(request['type']), topic, qos_of(request))
        publisher = self.publishers[topic]

        def work():
            if publisher.get_subscription_count() == 0:
                return None
            for content in request['hex']:
                publisher.publish(bytes.fromhex(content))
            return {}

        self.once(request, work)

    def call(self, request):
        kind = get_service(request['type'])
        name = request['service']
        if name not in self.clients:
            self.clients[name] = self.node.create_client(kind, name)
        client = self.clients[name]
        message = kind.Request()
        set_message_fields(message, request.get('request', {}))

        def done(future):
            self.guard(request, lambda: {'response': message_to_ordereddict(future.result())})

        def work():
            if not client.service_is_ready():
                return None
            client.call_async(message).add_done_callback(done)
            return True

        self.once(request, work)

    def graph(self, request):
        def work():
            found = {
                'publishers': self.node.count_publishers(request['topic']),
                'subscribers': self.node.count_subscribers(request['topic']),
            }
            return found if all(request.get(name, count) == count for name, count in found.items()) else None

        self.once(request, work)

    def endpoints(self, request):
        of = (request['node'], request['namespace'])

        def work():
            found = {
                'publishers': len(self.node.get_publisher_names_and_types_by_node(*of)),
                'subscriptions': len(self.node.get_subscriber_names_and_types_by_node(*of)),
                'services': len(self.node.get_service_names_and_types_by_node(*of)),
            }
            return found if all(request.get(name, count) == count for name, count in found.items()) else None

        self.once(request, work)


Peer().run()
