import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'mocha';
import { launchEnvironment } from '../../bench/sourced.js';

describe('the environment of a bench of the node', () => {
  it('has our DDS profiles and a domain of its own, as the launch file gives them', () => {
    const env = launchEnvironment({ PATH: '/bin' });
    assert.equal(env['PATH'], '/bin');
    assert.match(env['FASTRTPS_DEFAULT_PROFILES_FILE']!, /\/config\/dds\/fastdds\.xml$/);
    assert.equal(env['FASTDDS_DEFAULT_PROFILES_FILE'], env['FASTRTPS_DEFAULT_PROFILES_FILE']);
    assert.ok(existsSync(env['FASTRTPS_DEFAULT_PROFILES_FILE']!));
    assert.ok(existsSync(env['CYCLONEDDS_URI']!.replace('file://', '')));
    assert.equal(env['RMW_FASTRTPS_USE_QOS_FROM_XML'], '1');
    const domain = Number(env['ROS_DOMAIN_ID']);
    assert.ok(domain >= 1 && domain <= 100, `${domain}`);
  });

  it('stays on this machine where ROS does', () => {
    const env = launchEnvironment({ ROS_LOCALHOST_ONLY: '1' });
    assert.match(env['FASTRTPS_DEFAULT_PROFILES_FILE']!, /fastdds-localhost\.xml$/);
  });

  it("leaves the user's own settings as they are", () => {
    const own = { ROS_DOMAIN_ID: '7', FASTRTPS_DEFAULT_PROFILES_FILE: '/mine.xml', CYCLONEDDS_URI: '<x/>' };
    const env = launchEnvironment(own);
    assert.deepEqual(env, { ...own, ROS_DISABLE_LOANED_MESSAGES: '0' });
  });
});
