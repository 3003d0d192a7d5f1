import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { distribution, isLocalOnly, testedDistributions } from '../../../src/node/ros/distribution.js';

describe('distribution', () => {
  it('takes an unknown release for the newest, untested, and none for Humble', () => {
    assert.deepEqual(distribution('rolling'), { ...distribution('lyrical'), name: 'rolling', tested: false });
    assert.equal(distribution('').name, 'humble');
    assert.equal(distribution().name, process.env['ROS_DISTRO'] ?? 'humble');
  });

  it('knows which rcl makes the publisher of /rosout by itself', () => {
    assert.equal(distribution('humble').ownRosout, true);
    assert.equal(distribution('jazzy').ownRosout, false);
  });

  it('names the variables of both generations', () => {
    assert.equal(distribution('humble').localOnly.name, 'ROS_LOCALHOST_ONLY');
    assert.equal(distribution('jazzy').fastDdsProfiles, 'FASTRTPS_DEFAULT_PROFILES_FILE');
    assert.equal(distribution('kilted').fastDdsProfiles, 'FASTDDS_DEFAULT_PROFILES_FILE');
  });

  it('lists the releases on which the tests have run', () => {
    assert.deepEqual(testedDistributions(), ['humble', 'jazzy']);
  });
});

describe('isLocalOnly', () => {
  const old = { ROS_LOCALHOST_ONLY: '1' };
  const range = { ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST' };
  for (const [name, byOld, byRange] of [
    ['humble', true, false],
    ['jazzy', true, true],
    ['lyrical', false, true],
  ] as const) {
    it(`says of ${name} what its rcl honors`, () => {
      assert.equal(isLocalOnly({ ROS_DISTRO: name, ...old }), byOld);
      assert.equal(isLocalOnly({ ROS_DISTRO: name, ...range }), byRange);
      assert.equal(isLocalOnly({ ROS_DISTRO: name, ROS_AUTOMATIC_DISCOVERY_RANGE: 'SUBNET' }), false);
    });
  }
});
