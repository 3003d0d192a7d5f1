import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'mocha';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { ddsSetups, rosPackage, rosSkip } from './workspace.js';

const skip = rosSkip || (rosPackage('sros2') ? false : 'sros2 is not installed');

for (const { middleware, transport, name } of ddsSetups) {
  describeRos(skip, `SROS2 on ${name}`, middleware, (ros) => {
    it('is used by every participant of the nodes', async () => {
      const keystore = join(ros.folder, 'keys');
      for (const line of [
        ['create_keystore', keystore],
        ['create_enclave', keystore, '/front'],
      ]) {
        const { code, output } = await ros.run(['ros2', 'security', ...line]);
        assert.equal(code, 0, output);
      }
      // There are no files for the enclave /, and without files nobody is let in.
      const env = {
        ...ros.env,
        ROS_SECURITY_KEYSTORE: keystore,
        ROS_SECURITY_ENABLE: 'true',
        ROS_SECURITY_STRATEGY: 'Enforce',
      };
      const enclave = ['--enclave', '/front'];
      const camera = ros.node(
        'camera',
        [...enclave, '-p', 'size:=320x240', '-p', 'message:=hbm480p', '-p', `transport:=${transport}`],
        env,
      );
      const segment = ros.node(
        'segment',
        [...enclave, ...emulated(transport), '-p', 'images:=[/hbmem_img]'],
        env,
      );
      await camera.said(/320x240 NV12 on \/hbmem_img/);
      await segment.said(new RegExp(`Images from /hbmem_img .*${transport}`));
      const echo = ros.start(
        [
          'ros2',
          'topic',
          'echo',
          '--once',
          '--no-daemon',
          '/segment/detections',
          'vision_msgs/msg/Detection2DArray',
        ],
        { ...env, ROS_SECURITY_ENCLAVE_OVERRIDE: '/front' },
      );
      await echo.said(/detections:/);
      const found = segment.output.match(/Found security directory: .*enclaves\/front/g) ?? [];
      assert.equal(found.length, transport === 'native' ? 2 : 1, segment.output);
      const outsider = await ros.run(['ros2', 'topic', 'list', '--no-daemon']);
      assert.doesNotMatch(outsider.output, /\/segment\/detections/);
    });
  });
}
