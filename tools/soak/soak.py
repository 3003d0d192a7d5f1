#!/usr/bin/env python3
"""Runs the node `segment` for as long as you like, with a camera that is unplugged and plugged in again, and tells what grew.

    source install/setup.bash                       # a workspace with tros_yolo_seg
    python3 tools/soak/soak.py --minutes 60 --model v8n.bin --library build/native/emulator/libdnn.so

The camera is the stand-in, in a process of its own. Every `--plugged` seconds it is taken away, by SIGKILL and by SIGINT in
turn, and comes back after `--unplugged` seconds. Every `--look` seconds the tool looks at the node's process: memory (RSS),
handles, threads, and what it holds in /dev/shm. It hears the node's results, from whose stamps it takes the latency (camera's
stamp to this reader, which is Python), `~/alive` and `/diagnostics`.

A line a minute, and a table at the end, with medians of the first and the last tenth of the looks; beyond the first tenth
memory has settled. Exit code 0 when the node ended cleanly on SIGINT and leaves nothing in /dev/shm, and each camera that came
back was answered; else 1. What has grown is for you to judge: the tool knows no bounds.
"""

import argparse
import collections
import json
import os
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from ament_index_python.packages import get_package_prefix
from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Bool
from vision_msgs.msg import Detection2DArray

START = 120  # seconds that node and camera may take for the first result
END = 60  # seconds that a process may take to end


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--minutes', type=float, default=60.0)
    parser.add_argument('--plugged', type=float, default=170.0, help='seconds that the camera is there at a time')
    parser.add_argument('--unplugged', type=float, default=10.0, help='seconds that it is away')
    parser.add_argument('--look', type=float, default=5.0, help='seconds between looks at the process')
    parser.add_argument('--model', default='', help='model of the node; default: the demo model')
    parser.add_argument('--library', default='', help='libdnn.so for .bin models')
    parser.add_argument('--message', default='image', choices=['image', 'hbm1080p'])
    parser.add_argument('--rate', type=float, default=15.0)
    parser.add_argument('--inputs', default='scene:?size=1280x720&frames=20')
    parser.add_argument('--node', action='append', default=[], metavar='NAME:=VALUE', help='parameter of the node')
    soak = Soak(parser.parse_args())
    try:
        soak.run()
    finally:
        problems = soak.end()
    soak.report(problems)
    sys.exit(1 if problems else 0)


class Soak:
    def __init__(self, args):
        self.args = args
        self.folder = os.path.join(get_package_prefix('tros_yolo_seg'), 'lib', 'tros_yolo_seg')
        self.topic = '/hbmem_img' if args.message == 'hbm1080p' else '/image'
        self.environment = {'TROS_YOLO_SEG_EMULATOR': 'play_unknown=1', **os.environ}
        self.log = tempfile.NamedTemporaryFile('w+', prefix='soak-', suffix='.log', delete=False)
        self.segment = self.camera = None
        self.begun = None
        self.looks = []
        self.latencies = []  # (seconds since the beginning, milliseconds)
        self.status = {}
        self.level = None
        self.alive = None
        self.changes = []  # of alive: (seconds since the beginning, value)
        self.problems = []
        self.plugs = []  # [when the camera was started, seconds to the first result]
        self.pulls = []  # [when it was taken away, seconds until alive was false, what /diagnostics said]
        self.messages = collections.Counter()

        rclpy.init(args=[])
        self.reader = rclpy.create_node('soak_reader')
        latched = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.reader.create_subscription(Detection2DArray, '/segment/detections', self.on_result, 10, raw=True)
        self.reader.create_subscription(Bool, '/segment/alive', self.on_alive, latched)
        self.reader.create_subscription(DiagnosticArray, '/diagnostics', self.on_diagnostics, 10)

    @property
    def now(self):
        return time.monotonic() - self.begun

    def on_result(self, message):
        # CDR of the header: 4 bytes, then the stamp, little endian.
        seconds, nanoseconds = struct.unpack_from('<iI', message, 4)
        latency = 1000 * (time.time() - seconds - nanoseconds / 1e9)
        if self.begun is None:
            self.begun = time.monotonic()
        self.latencies.append((self.now, latency))
        if self.plugs and self.plugs[-1][1] is None:
            self.plugs[-1][1] = time.monotonic() - self.plugs[-1][0]

    def on_alive(self, message):
        if message.data == self.alive:
            return
        self.alive = message.data
        if self.begun is None:
            return
        self.changes.append((self.now, message.data))
        if not message.data and self.camera is None and self.pulls and self.pulls[-1][1] is None:
            self.pulls[-1][1] = time.monotonic() - self.pulls[-1][0]

    def on_diagnostics(self, message):
        for status in message.status:
            if not status.name.endswith((': engine', f': {self.topic}')):
                continue
            self.status.update({value.key: value.value for value in status.values})
            if not status.name.endswith(': engine'):
                self.level = status.level[0]
                self.messages[f'{self.level}: {self.kind(status.message)}'] += 1
                if self.camera is None and self.pulls:
                    self.pulls[-1][2] = status.message

    @staticmethod
    def kind(text):
        """A message without its numbers."""
        return ''.join('#' if letter.isdigit() else letter for letter in text).replace('##', '#').replace('##', '#')[:90]

    def start(self, executable, parameters):
        given = [part for parameter in parameters for part in ('-p', parameter)]
        line = [os.path.join(self.folder, executable), '--ros-args', *given]
        return subprocess.Popen(line, env=self.environment, stdout=self.log, stderr=subprocess.STDOUT)

    def plug(self):
        args = self.args
        self.plugs.append([time.monotonic(), None])
        self.camera = self.start(
            'camera', [f'inputs:=["{args.inputs}"]', f'rate:={args.rate}', f'message:={args.message}', 'loop:=true']
        )

    def pull(self):
        """Takes the camera away: the driver dies in the middle of a frame, or ends."""
        camera, self.camera = self.camera, None
        kind = signal.SIGKILL if len(self.pulls) % 2 == 0 else signal.SIGINT
        files = shared_memory(camera.pid)
        self.pulls.append([time.monotonic(), None, None])
        camera.send_signal(kind)
        self.wait(camera, 'a camera')
        if kind == signal.SIGKILL:
            remove(files - shared_memory(self.segment.pid))

    def wait(self, process, name):
        """Until it ends; one that does not is killed, so that nothing is left running. @returns its exit code"""
        try:
            return process.wait(END)
        except subprocess.TimeoutExpired:
            process.kill()
            self.problems.append(f'{name} did not end within {END} s')
            return process.wait()

    def run(self):
        args = self.args
        library = [f'library:={os.path.abspath(args.library)}'] if args.library else []
        model = [f'model:={os.path.abspath(args.model)}'] if args.model else []
        self.segment = self.start('segment', [f'images:=[{self.topic}]', *model, *library, *args.node])
        self.plug()
        self.spin(START, lambda: self.begun is not None)
        if self.begun is None:
            raise SystemExit(f'Expected results within {START} s but there were none. What node and camera said: {self.log.name}')
        finish = 60 * args.minutes
        next_look = 0.0
        next_line = 60.0
        next_change = args.plugged
        while self.now < finish:
            if self.segment.poll() is not None:
                raise SystemExit(f'Expected the node to run but it ended with {self.segment.returncode}: {self.log.name}')
            if self.now >= next_look:
                self.looks.append(look(self.segment.pid, self.now))
                next_look += args.look
            if self.now >= next_change:
                if self.camera:
                    self.pull()
                    next_change = self.now + args.unplugged
                else:
                    self.plug()
                    next_change = self.now + args.plugged
            if self.now >= next_line:
                self.line()
                next_line += 60
            self.spin(min(next_look, next_change, finish) - self.now)

    def spin(self, seconds, until=lambda: False):
        end = time.monotonic() + max(0, seconds)
        while not until() and (rest := end - time.monotonic()) > 0:
            rclpy.spin_once(self.reader, timeout_sec=min(rest, 0.5))

    def line(self):
        at = self.looks[-1]
        counts = {name: self.status.get(name) for name in ('received', 'answered', 'dropped', 'bad')}
        print(f'{at["at"] / 60:5.1f} min  {brief(at)}  {counts}  camera {"there" if self.camera else "away"}', flush=True)

    def end(self):
        """Ends all. @returns what was not as it should be"""
        problems = self.problems
        if self.camera:
            self.camera.send_signal(signal.SIGINT)
            self.wait(self.camera, 'the last camera')
            # What is on its way is answered, and told.
            if self.begun is not None:
                self.spin(3)
        if self.segment and self.segment.poll() is None:
            files = shared_memory(self.segment.pid)
            begin = time.monotonic()
            self.segment.send_signal(signal.SIGINT)
            code = self.wait(self.segment, 'the node')
            self.ended = (code, time.monotonic() - begin)
            if code != 0:
                problems.append(f'the node ended with {code}')
        else:
            files = set()
            self.ended = (self.segment and self.segment.returncode, 0.0)
            problems.append('the node had ended before')
        self.reader.destroy_node()
        rclpy.shutdown()
        left = sorted(path for path in files if os.path.exists(path))
        # Ports of Fast DDS are shared: who is killed takes its neighbors' turns to remove them. That was our doing.
        own = [path for path in left if not re.search('/fast(rtps|dds)_port', path)]
        if own:
            problems.append(f'left in /dev/shm: {own}')
        remove(left)
        # Each was there until it was taken away, the last one until now.
        ends = [pull[0] for pull in self.pulls] + [time.monotonic()]
        deaf = [plug for plug, end in zip(self.plugs, ends) if plug[1] is None and end - plug[0] > START / 2]
        if deaf:
            problems.append(f'{len(deaf)} of {len(self.plugs)} cameras were never answered')
        return problems

    def report(self, problems):
        tenth = max(1, len(self.looks) // 10)
        first, last = self.looks[:tenth], self.looks[-tenth:]
        span = self.looks[-1]['at'] if self.looks else 0
        print()
        print(f'{"":24} {"first tenth":>12} {"last tenth":>12} {"most":>12}')
        summary = {'minutes': round(span / 60, 1), 'message': self.args.message, 'rate': self.args.rate}
        for name in ('rss_mb', 'handles', 'threads', 'shm_files', 'shm_mb'):
            a, b = (statistics.median(at[name] for at in part) for part in (first, last))
            most = max(at[name] for at in self.looks)
            print(f'{name:24} {a:12.1f} {b:12.1f} {most:12.1f}')
            summary[name] = [round(a, 1), round(b, 1), round(most, 1)]
        begin = [ms for at, ms in self.latencies if at <= span / 10]
        end = [ms for at, ms in self.latencies if at >= span * 9 / 10]
        for name, share in (('latency_p50_ms', 0.5), ('latency_p99_ms', 0.99)):
            a, b = quantile(begin, share), quantile(end, share)
            print(f'{name:24} {a:12.1f} {b:12.1f} {"":>12}')
            summary[name] = [round(a, 1), round(b, 1)]
        for name in ('received', 'answered', 'dropped', 'bad', 'discarded', 'skipped', 'lost_lately'):
            if name in self.status:
                summary[name] = int(self.status[name])
        summary['results_heard'] = len(self.latencies)
        summary['cpu_percent'] = round(100 * (self.looks[-1]['cpu'] - self.looks[0]['cpu']) / max(span, 1e-9), 1)
        back = [plug[1] for plug in self.plugs[1:] if plug[1] is not None]
        silent = [pull[1] for pull in self.pulls if pull[1] is not None]
        summary['unplugged'] = len(self.pulls)
        summary['answered_again_s'] = spread(back)
        summary['alive_false_after_s'] = spread(silent)
        summary['said_while_away'] = dict(collections.Counter(pull[2] for pull in self.pulls))
        summary['diagnostics_s'] = dict(self.messages.most_common())
        summary['exit'] = [self.ended[0], round(self.ended[1], 2)]
        summary['problems'] = problems
        summary['middleware'] = self.status.get('middleware')
        summary['transport'] = self.status.get('transport')
        summary['log'] = self.log.name
        print(json.dumps(summary, indent=2))


def look(pid, at):
    """What a process holds now."""
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        status = dict(line.split(':', 1) for line in file)
    with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    files = shared_memory(pid)
    return {
        'at': at,
        'rss_mb': int(status['VmRSS'].split()[0]) / 1024,
        'threads': int(status['Threads']),
        'handles': len(os.listdir(f'/proc/{pid}/fd')),
        'shm_files': len(files),
        'shm_mb': sum(size(path) for path in files) / 1e6,
        'cpu': (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK'),
    }


def brief(at):
    return f'{at["rss_mb"]:.0f} MB  {at["handles"]} handles  {at["threads"]} threads  {at["shm_files"]} in /dev/shm'


def shared_memory(pid):
    """Files in /dev/shm that a process has mapped or open, and the locks that belong to them."""
    found = set()
    try:
        with open(f'/proc/{pid}/maps', encoding='utf8') as file:
            found |= {line.split(None, 5)[5].strip() for line in file if '/dev/shm/' in line}
        for name in os.listdir(f'/proc/{pid}/fd'):
            try:
                found.add(os.readlink(f'/proc/{pid}/fd/{name}'))
            except OSError:
                pass  # closed meanwhile
    except OSError:
        pass  # ended meanwhile
    return {path for path in found if path.startswith('/dev/shm/') and os.path.exists(path)}


def size(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def remove(paths):
    for path in paths:
        for name in (path, f'{path}_el'):
            try:
                os.remove(name)
            except OSError:
                pass


def quantile(values, share):
    if not values:
        return float('nan')
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values):
    """Least, median and most."""
    return [round(function(values), 2) for function in (min, statistics.median, max)] if values else None


if __name__ == '__main__':
    main()
