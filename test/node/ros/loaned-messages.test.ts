import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'mocha';
import {
  describeArrival,
  describeLoans,
  missingLoanSettings,
} from '../../../src/node/ros/loaned-messages.js';

const file = import.meta.filename; // any file that is there
const set = { RMW_FASTRTPS_USE_QOS_FROM_XML: '1', FASTRTPS_DEFAULT_PROFILES_FILE: file };
const publisher = { middleware: 'rmw_fastrtps_cpp', loans: true, shared: true, refusal: '' };

describe('missingLoanSettings', () => {
  it('names the missing settings only', () => {
    assert.deepEqual(missingLoanSettings('rmw_fastrtps_cpp', set), []);
    assert.deepEqual(missingLoanSettings('rmw_cyclonedds_cpp', set), [
      'export RMW_IMPLEMENTATION=rmw_fastrtps_cpp',
    ]);
    assert.deepEqual(
      missingLoanSettings('rmw_fastrtps_cpp', { ...set, RMW_FASTRTPS_USE_QOS_FROM_XML: '0' }),
      ['export RMW_FASTRTPS_USE_QOS_FROM_XML=1'],
    );
  });

  it('names an installed profile, for one machine or several', () => {
    for (const [env, name] of [
      [{}, 'fastdds.xml'],
      [{ ROS_LOCALHOST_ONLY: '1' }, 'fastdds-localhost.xml'],
      [{ FASTRTPS_DEFAULT_PROFILES_FILE: '/nowhere.xml' }, 'fastdds.xml'],
    ] as const) {
      const [, profile] = missingLoanSettings('rmw_fastrtps_cpp', env);
      const path = /^export FASTRTPS_DEFAULT_PROFILES_FILE=(\/.*)$/.exec(profile!)![1]!;
      assert.ok(path.endsWith(`/config/dds/${name}`), path);
      assert.ok(existsSync(path), path);
    }
  });

  it('names the variable that this release of Fast DDS reads', () => {
    const lyrical = { ROS_DISTRO: 'lyrical', RMW_FASTRTPS_USE_QOS_FROM_XML: '1' };
    const [missing] = missingLoanSettings('rmw_fastrtps_cpp', {
      ...lyrical,
      FASTRTPS_DEFAULT_PROFILES_FILE: file,
    });
    assert.match(missing!, /^export FASTDDS_DEFAULT_PROFILES_FILE=\/.*\/fastdds\.xml$/);
    const set = { ...lyrical, FASTDDS_DEFAULT_PROFILES_FILE: file };
    assert.deepEqual(missingLoanSettings('rmw_fastrtps_cpp', set), []);
  });
});

describe('describeLoans', () => {
  it('distinguishes zero copy from everything else', () => {
    assert.equal(describeLoans(publisher, set).zeroCopy, true);
    for (const [found, text] of [
      [{ loans: false, shared: false }, /^No loaned messages \(rmw_fastrtps_cpp .*PREALLOCATED_WITH_REALLOC/],
      [{ shared: false }, /^Loaned messages, but not in shared memory/],
      [{ shared: false, refusal: 'out of memory' }, /^No loaned messages \(out of memory\)/],
    ] as const) {
      const described = describeLoans({ ...publisher, ...found }, set);
      assert.equal(described.zeroCopy, false);
      assert.match(described.text, text);
    }
    const bare = describeLoans(
      { ...publisher, middleware: 'rmw_cyclonedds_cpp', loans: false, shared: false },
      {},
    );
    assert.match(bare.text, /RMW_IMPLEMENTATION=.*USE_QOS_FROM_XML=1.*PROFILES_FILE=/);
  });
});

describe('describeArrival', () => {
  const hbm = 'hbm_img_msgs/msg/HbmMsg1080P';
  const full = { ...set, ROS_DISABLE_LOANED_MESSAGES: '0' };
  const arrival = (canLoan: boolean, sharedMemory?: boolean): Parameters<typeof describeArrival>[0] => ({
    ...{ canLoan, sharedMemory, publishers: 1 },
  });

  it('says whether messages are lent, and what prevents it', () => {
    for (const [given, message, middleware, env, text] of [
      [arrival(true, true), hbm, 'rmw_fastrtps_cpp', full, /^yes: read where/],
      [arrival(true), hbm, 'rmw_fastrtps_cpp', full, /^yes, when/],
      [arrival(false), 'sensor_msgs/msg/Image', 'rmw_fastrtps_cpp', full, /^no: sensor_msgs.* no fixed size/],
      [arrival(false), hbm, 'rmw_cyclonedds_cpp', full, /^no: export RMW_IMPLEMENTATION=rmw_fastrtps_cpp$/],
      [arrival(false), hbm, 'rmw_fastrtps_cpp', set, /^no: export ROS_DISABLE_LOANED_MESSAGES=0$/],
      [arrival(true, false), hbm, 'rmw_fastrtps_cpp', full, /^no: the publisher, or the profile/],
    ] as const) {
      assert.match(describeArrival(given, message, middleware, env), text);
    }
  });
});
