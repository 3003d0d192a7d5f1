#!/usr/bin/env python3
"""Which QoS of an image subscription loses least? Counts frames between two processes, for docs/ros.md.

  sudo tools/measure-qos/measure.py [--frames 45] [--only SUBSTRING] > table.md      with ROS 2 sourced

A publisher as camera drivers have it (reliable, keep last 10, bgr8, 15 Hz) and one subscription, each in a process of its
own, in a network namespace of their own, so that the token bucket (tc tbf) is nobody else's. The subscription's callback
takes 10 ms, about as long as a frame is at work in the node. Loss is every N-th datagram dropped by drop.c.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROFILES = os.path.join(HERE, '../../config/dds')
SIZES = {'720p': (1280, 720), '1080p': (1920, 1080)}
QOS = {'best effort, 1': ('best_effort', 1), 'best effort, 5': ('best_effort', 5), 'reliable, 1': ('reliable', 1),
       'reliable, 5': ('reliable', 5)}
# Losses: a network that has none, a gigabit link with a queue of 20 ms, and one datagram in a hundred lost.
LOSSES = {'none': [], 'bucket': 'rate 1gbit burst 256kb latency 20ms'.split(), '1 in 100': []}
WORK = 0.010
UDP_ONLY = """<?xml version="1.0"?><dds xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"><profiles>
<transport_descriptors><transport_descriptor><transport_id>udp</transport_id><type>UDPv4</type>{buffers}
</transport_descriptor></transport_descriptors>
<participant profile_name="p" is_default_profile="true"><rtps>{builtin}<userTransports><transport_id>udp</transport_id>
</userTransports><useBuiltinTransports>false</useBuiltinTransports></rtps></participant></profiles></dds>"""


def publish(width, height, frames, rate):
    import rclpy
    from rclpy.serialization import serialize_message
    from rclpy.qos import QoSProfile
    from sensor_msgs.msg import Image
    rclpy.init()
    node = rclpy.create_node('camera')
    publisher = node.create_publisher(Image, '/image', QoSProfile(depth=10))
    image = Image(width=width, height=height, encoding='bgr8', step=3 * width)
    image.data.frombytes(bytes(3 * width * height))
    cdr = bytearray(serialize_message(image))
    deadline = time.time() + 30
    while publisher.get_subscription_count() == 0 and time.time() < deadline:
        rclpy.spin_once(node, timeout_sec=0.05)
    time.sleep(1)
    start = time.time()
    for index in range(frames):
        now = time.time()
        cdr[4:8] = int(now).to_bytes(4, 'little')
        cdr[8:12] = int(now % 1 * 1e9).to_bytes(4, 'little')
        publisher.publish(bytes(cdr))
        time.sleep(max(0, start + (index + 1) / rate - time.time()))
    late = time.time() - start - frames / rate
    time.sleep(3)  # for what is sent again
    print(json.dumps({'late': late}), flush=True)


def subscribe(reliability, depth):
    import rclpy
    from rclpy.qos import QoSProfile, QoSReliabilityPolicy
    from sensor_msgs.msg import Image
    rclpy.init()
    node = rclpy.create_node('segment')
    seen = []

    def take(cdr):
        stamp = int.from_bytes(cdr[4:8], 'little') + int.from_bytes(cdr[8:12], 'little') / 1e9
        seen.append(time.time() - stamp)
        time.sleep(WORK)

    qos = QoSProfile(depth=depth, reliability=getattr(QoSReliabilityPolicy, reliability.upper()))
    node.create_subscription(Image, '/image', take, qos, raw=True)
    print('ready', flush=True)
    import select
    while not select.select([sys.stdin], [], [], 0)[0]:
        rclpy.spin_once(node, timeout_sec=0.05)
    seen.sort()
    print(json.dumps({'received': len(seen), 'p50': seen[len(seen) // 2] * 1000 if seen else None,
                      'p95': seen[int(len(seen) * 0.95)] * 1000 if seen else None}), flush=True)


def environment(middleware, profile, shm, loss, folder):
    env = {k: v for k, v in os.environ.items() if not k.startswith(('FASTRTPS', 'FASTDDS', 'CYCLONE', 'RMW_'))}
    env.update(RMW_IMPLEMENTATION=middleware, ROS_LOCALHOST_ONLY='0', ROS_DOMAIN_ID='151', PYTHONUNBUFFERED='1')
    if middleware == 'rmw_cyclonedds_cpp':
        if profile == 'ours':
            env['CYCLONEDDS_URI'] = f'file://{PROFILES}/cyclonedds.xml'
    elif not shm:
        path = os.path.join(folder, f'udp-{profile}.xml')
        buffers = ('<sendBufferSize>8388608</sendBufferSize><receiveBufferSize>33554432</receiveBufferSize>'
                   if profile == 'ours' else '')
        with open(path, 'w', encoding='utf8') as file:
            file.write(UDP_ONLY.format(buffers=buffers, builtin=''))
        env['FASTRTPS_DEFAULT_PROFILES_FILE'] = path
    elif profile == 'ours':
        env['FASTRTPS_DEFAULT_PROFILES_FILE'] = f'{PROFILES}/fastdds.xml'
    return env


def run(case, frames, rate, folder):
    middleware, profile, shm, loss, size, qos = case
    env = environment(middleware, profile, shm, loss, folder)
    script = os.path.abspath(__file__)
    width, height = SIZES[size]
    reliability, depth = QOS[qos]
    setup = 'ip link set lo up; ip link set lo multicast on; ip route add 224.0.0.0/4 dev lo;'
    if LOSSES[loss]:
        setup += f'tc qdisc add dev lo root tbf {" ".join(LOSSES[loss])};'
    drop = f'LD_PRELOAD={folder}/drop.so DROP_EVERY=100' if loss == '1 in 100' else ''
    inner = (f'{setup} mkfifo {folder}/end; exec 3<>{folder}/end;'
             f'/usr/bin/python3 {script} subscribe {reliability} {depth} <&3 & sub=$!; sleep 1;'
             f'{drop} /usr/bin/python3 {script} publish {width} {height} {frames} {rate}; echo >&3; wait $sub; rm {folder}/end')
    done = subprocess.run(['unshare', '-n', 'sh', '-c', inner], env=env, capture_output=True, text=True, timeout=120)
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith('{'):
            found.update(json.loads(line))
    if 'received' not in found:
        found['error'] = done.stderr[-300:]
    return found


def main():
    if sys.argv[1:2] == ['publish']:
        return publish(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
    if sys.argv[1:2] == ['subscribe']:
        return subscribe(sys.argv[2], int(sys.argv[3]))
    parser = argparse.ArgumentParser()
    parser.add_argument('--frames', type=int, default=45)
    parser.add_argument('--rate', type=float, default=15)
    parser.add_argument('--only', default='', help='cases whose name has this')
    options = parser.parse_args()
    folder = tempfile.mkdtemp()
    subprocess.run(['gcc', '-shared', '-fPIC', '-O1', '-o', f'{folder}/drop.so', f'{HERE}/drop.c', '-ldl'], check=True)
    print('| middleware | profile | shared memory | loss | size | ' + ' | '.join(QOS) + ' |')
    print('|' + '---|' * (5 + len(QOS)))
    transports = [('rmw_cyclonedds_cpp', False), ('rmw_fastrtps_cpp', True), ('rmw_fastrtps_cpp', False)]
    for (middleware, shm), profile, loss, size in itertools.product(transports, ('stock', 'ours'), LOSSES, SIZES):
        if shm and loss != 'none':
            continue  # nothing large passes the network
        name = ' | '.join((middleware[4:-4], profile, 'on' if shm else 'off', loss, size))
        if options.only not in name:
            continue
        cells = []
        for qos in QOS:
            found = run((middleware, profile, shm, loss, size, qos), options.frames, options.rate, folder)
            cells.append(f'{found["received"]} ({found["p50"]:.0f}/{found["p95"]:.0f})' if found.get('p50') is not None
                         else str(found.get('received', found.get('error'))))
            if found.get('late', 0) > 1:
                cells[-1] += f' late {found["late"]:.1f} s'
        print(f'| {name} | ' + ' | '.join(cells) + ' |', flush=True)


main()
