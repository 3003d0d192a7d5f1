import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, before, it } from 'mocha';
import { describeRos } from './suite.js';
import { middlewares, rosSkip } from './workspace.js';

/** A launch file that tells what it was started with. */
const TELL = (name: string, given: readonly string[]): string => `
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo
from launch.substitutions import LaunchConfiguration


def generate_launch_description():
    names = ${JSON.stringify(given)}
    parts = [part for name in names for part in (f' {name}=', LaunchConfiguration(name))]
    return LaunchDescription(
        [DeclareLaunchArgument(name, default_value='-') for name in names] + [LogInfo(msg=['started ${name}'] + parts)]
    )
`;

/** Pictures and results of TROS's web page and display, as segment.launch.py chooses them. What these do with them: docs/ros.md. */
for (const middleware of middlewares.slice(0, 1)) {
  describeRos(rosSkip, 'the web page and the display of segment.launch.py', middleware, (ros) => {
    /** Installs a package, or what stands in its place in a prefix. */
    const install = (prefix: string, name: string, file: string, given: readonly string[]): void => {
      const index = join(prefix, 'share/ament_index/resource_index/packages', name);
      const launch = join(prefix, 'share', name, 'launch', file);
      for (const path of [index, launch]) mkdirSync(dirname(path), { recursive: true });
      writeFileSync(index, '');
      writeFileSync(launch, TELL(name, given));
    };
    let page: string;
    let codec: string;
    let board: string;
    before(() => {
      page = join(ros.folder, 'page');
      codec = join(ros.folder, 'codec');
      const given = ['websocket_image_topic', 'websocket_image_type', 'websocket_smart_topic'];
      install(page, 'websocket', 'websocket.launch.py', given);
      install(codec, 'hobot_codec', 'hobot_codec_encode.launch.py', ['codec_sub_topic', 'codec_pub_topic']);
      // A board with a MIPI camera and a screen.
      board = join(ros.folder, 'board');
      install(board, 'mipi_cam', 'mipi_cam.launch.py', ['mipi_io_method']);
      install(board, 'hobot_shm', 'hobot_shm.launch.py', []);
      install(board, 'hobot_hdmi', 'display.launch.py', ['display_is_shared_mem']);
    });

    afterEach(() => ros.end());

    /**
     * What is started besides the node, with which topics.
     *
     * @param meanwhile while all of it runs
     */
    async function started(
      line: string,
      prefixes: readonly string[] = [],
      meanwhile = (): Promise<void> => Promise.resolve(),
    ): Promise<string[]> {
      const AMENT_PREFIX_PATH = [...prefixes, ros.env['AMENT_PREFIX_PATH']].join(':');
      const env = { ...ros.env, AMENT_PREFIX_PATH };
      const launch = ros.start(
        `ros2 launch tros_yolo_seg segment.launch.py autostart:=false size:=64x48 ${line}`.split(' '),
        env,
      );
      await launch.said(/Waiting for: ros2 lifecycle set/);
      await meanwhile();
      await launch.stop('SIGINT');
      return [
        ...launch.output.matchAll(/started ((?:websocket|hobot_|mipi_).*)$|(No web page)|(No picture)/gm),
      ].map(([, what, ...none]) => what ?? none.find(Boolean)!);
    }

    const websocket = (topic: string, type = 'mjpeg', results = '/hobot_dnn_detection'): string =>
      `websocket websocket_image_topic=${topic} websocket_image_type=${type} websocket_smart_topic=${results}`;

    it('shows the overlay if nothing else is JPEG', async () => {
      assert.deepEqual(await started('camera:=stand-in web:=true', [page]), [
        websocket('/segment/overlay/compressed'),
      ]);
    });

    it('shows the pictures of a stand-in that sends JPEG', async () => {
      assert.deepEqual(
        await started('camera:=stand-in web:=true message:=compressed namespace:=robot', [page]),
        [websocket('/robot/image/compressed', 'mjpeg', '/robot/hobot_dnn_detection')],
      );
      assert.deepEqual(
        await started('camera:=stand-in web:=true message:=hbm1080p hbm_encoding:=jpeg', [page]),
        [websocket('/hbmem_img', 'jpeg_shared_mem')],
      );
    });

    it('shows image_topic, with results on tros_topic', async () => {
      const line = 'camera:=false images:=/cam web:=true image_topic:=/cam/compressed tros_topic:=/results';
      assert.deepEqual(await started(line, [page]), [websocket('/cam/compressed', 'mjpeg', '/results')]);
    });

    it('lets the codec make JPEG from HbmMsg if it is installed', async () => {
      assert.deepEqual(
        (await started('camera:=stand-in web:=true message:=hbm1080p', [page, codec])).sort(),
        ['hobot_codec codec_sub_topic=/hbmem_img codec_pub_topic=/image', websocket('/image')],
      );
    });

    it('starts the display, and publishes results where it and the page expect them', async () => {
      const found = await started('camera:=mipi hdmi:=true web:=true', [board, page, codec], async () => {
        await ros.ros2(['param', 'get', '/segment', 'tros_topic'], /value is: \/hobot_detection/);
        await ros.ros2(['param', 'get', '/segment', 'tros_masks'], /value is: polygons/);
      });
      assert.deepEqual(found.sort(), [
        'hobot_codec codec_sub_topic=/hbmem_img codec_pub_topic=/image',
        'hobot_hdmi display_is_shared_mem=True',
        'hobot_shm',
        'mipi_cam mipi_io_method=shared_mem',
        websocket('/image', 'mjpeg', '/hobot_detection'),
      ]);
    });

    it('names what is missing', async () => {
      assert.deepEqual(await started('camera:=stand-in web:=true'), ['No web page']);
      assert.deepEqual(await started('camera:=stand-in hdmi:=true'), ['No picture']);
    });
  });
}
