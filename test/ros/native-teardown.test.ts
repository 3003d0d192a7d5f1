import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'mocha';
import { addon } from '../../src/native/addon.js';
import { repository } from '../data.js';
import { describeUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';
import { type Domain, takeDomain } from './domain.js';
import { distribution } from '../../src/node/ros/distribution.js';
import { middlewares, rosSkip, rosWorkspace } from './workspace.js';

const { localOnly } = distribution();

/** Functions of rcl that fail, as they may when the middleware is in trouble, so that rclcpp throws. */
const FAILING = `
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <stdlib.h>
  #include <unistd.h>
  static int fails(char const *name) {
    static int left = 1;
    char const *wanted = getenv("RCL_FAILING");
    if (!wanted || *wanted != name[4] || access(getenv("RCL_FAILS_NOW"), F_OK) != 0) return 0;
    return left-- > 0;
  }
  #define FAILING(name)                                                        \\
    int name(void *object) {                                                   \\
      static int (*call)(void *);                                              \\
      if (!call) call = dlsym(dlopen("librcl.so", RTLD_LAZY), #name);          \\
      return fails(#name) ? 1 : call(object);                                  \\
    }
  FAILING(rcl_shutdown)
  FAILING(rcl_trigger_guard_condition)
`;

describeUnless(rosSkip, 'native subscriptions when rclcpp throws', () => {
  const folder = temporaryFolder('ros-teardown');
  const preload = join(folder, 'failing.so');
  const marker = join(folder, 'fails-now');
  let root = repository;
  let env: NodeJS.ProcessEnv = {};
  let domain: Domain | undefined;

  before(async function () {
    this.timeout(600_000); // the workspace may have to be built
    domain = await takeDomain();
    writeFileSync(`${preload}.c`, FAILING);
    execFileSync('cc', ['-shared', '-fPIC', '-o', preload, `${preload}.c`, '-ldl']);
    // The addon of this very package, where it was built with rclcpp (scripts/asan.sh), else that of the ROS package.
    if (addon().nativeCameras().available) {
      env = {
        ...process.env,
        RMW_IMPLEMENTATION: middlewares[0],
        [localOnly.name]: localOnly.value,
        ROS_DOMAIN_ID: String(domain.id),
        ROS_LOG_DIR: folder,
      };
      return;
    }
    const workspace = rosWorkspace();
    env = { ...workspace.env(middlewares[0]!, domain.id), ROS_LOG_DIR: folder };
    root = join(workspace.prefix, 'lib/node_modules/tros-yolo-seg');
  });

  after(() => domain?.release());

  for (const [end, code] of [
    ['cameras are closed', 'camera.close(); node.close();'],
    ['the process exits', 'process.exit(0);'],
    ['the environment ends', ''],
    [
      'nobody refers to them any more',
      'camera = node = undefined; for (let i = 0; i < 10; i++) { gc(); await new Promise(setImmediate); }',
    ],
  ] as const) {
    for (const [call, line] of [
      ['rcl_shutdown', /shutting down a context: /],
      ['rcl_trigger_guard_condition', /waking a camera: /],
    ] as const) {
      it(`end well when ${end} (${call})`, () => {
        rmSync(marker, { force: true });
        const script = `
          import { writeFileSync } from 'node:fs';
          const { addon } = await import(${JSON.stringify(join(root, 'dist/src/native/addon.js'))});
          let node = addon().openCameraNode({ name: 'teardown', namespace: '/' });
          let camera = node.subscribe({ topic: '/teardown', message: 'sensor_msgs/msg/Image', reliability: 'best_effort',
            durability: 'volatile', depth: 1, reading: { step: 0, rows: 0, white: 65535 } });
          camera.start();
          writeFileSync(process.env.RCL_FAILS_NOW, '');
          ${code}`;
        const { status, signal, stderr } = spawnSync(
          process.execPath,
          ['--expose-gc', '--input-type=module', '-e', script],
          {
            encoding: 'utf8',
            env: {
              ...env,
              LD_PRELOAD: [process.env['LD_PRELOAD'], preload].filter(Boolean).join(':'),
              RCL_FAILING: call[4],
              RCL_FAILS_NOW: marker,
            },
          },
        );
        assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
        assert.match(stderr, line);
      });
    }
  }
});
