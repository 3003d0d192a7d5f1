import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { loadRcl } from '../../../src/node/ros/rclnodejs.js';
import { withVariables } from '../../environment.js';

describe('loading rclnodejs', () => {
  describe('without a sourced ROS', () => {
    withVariables({ ROS_DISTRO: '', AMENT_PREFIX_PATH: '' });

    it('says what to source, and that files need no ROS', async () => {
      await assert.rejects(loadRcl(), {
        name: 'ExpectationError',
        message: /^Expected a sourced ROS 2 but .*source \/opt\/ros\/humble\/setup\.bash.*tros-yolo-seg run/s,
      });
    });
  });
});
