import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import type { DiagnosticStatus } from '../../../src/message/write/diagnostic-array.js';
import { CameraHealth } from '../../../src/node/segment/camera-health.js';
import type { ImageSubscription } from '../../../src/node/segment/image-subscription.js';
import type { CameraCounts } from '../../../src/pipeline/live-segmenter.js';

describe('CameraHealth', () => {
  let now: number;
  let input: { -readonly [Key in keyof ImageSubscription]?: ImageSubscription[Key] };
  let counts: CameraCounts;
  let skipped: number;
  let health: CameraHealth;

  beforeEach(() => {
    now = 1000;
    input = {
      topic: '/image',
      messageType: 'sensor_msgs/msg/Image',
      qos: 'best effort, volatile',
      received: 0,
      skipped: 0,
      malformed: 0,
      lastMalformed: undefined,
      problem: undefined,
      publisherCount: 1,
      sent: undefined,
    };
    counts = { offered: 0, dropped: 0, answered: 0, failed: 0, discarded: 0 };
    skipped = 0;
    health = new CameraHealth(
      input as ImageSubscription,
      () => counts,
      () => ({ overlay: { skipped }, maps: { skipped: 3 } }),
      () => true,
      () => now,
    );
  });

  /** A second goes by in which this happens. */
  const second = (
    happened: Partial<CameraCounts> & { malformed?: number } = {},
    enabled = true,
  ): DiagnosticStatus => {
    now += 1000;
    const { answered = 0, dropped = 0, failed = 0, malformed = 0 } = happened;
    counts.answered += answered;
    counts.dropped += dropped;
    counts.failed += failed;
    input.malformed! += malformed;
    input.received! += answered + dropped + failed + malformed;
    return health.status('robot/segment', 'onnx', enabled);
  };

  it('reports the counts of zones and lines, over all classes', () => {
    const count = { present: 1, entered: 3, left: 2, meanDwell: 0, longestStay: 0 };
    const classes = [
      { classId: 0, ...count },
      { classId: 4, ...count },
    ];
    const counting = new CameraHealth(
      input as ImageSubscription,
      () => counts,
      () => ({ overlay: { skipped: 0 }, maps: { skipped: 0 } }),
      () => true,
      () => now,
      {
        counts: undefined,
        zones: [
          { name: 'door', kind: 'zone', corners: [], classes },
          { name: 'gate', kind: 'line', corners: [], classes: [] },
        ],
        warning: undefined,
      },
    );
    const { values } = counting.status('robot/segment', 'onnx', true);
    const of = Object.entries(values).filter(([key]) => /^(zone|line)_/.test(key));
    assert.deepEqual(of, [
      ['zone_door_entered', '6'],
      ['zone_door_left', '4'],
      ['zone_door_present', '2'],
      ['line_gate_entered', '0'],
      ['line_gate_left', '0'],
    ]);
  });

  it('reports tracks, if there are any', () => {
    assert.equal(second().values['tracks_live'], undefined);
    const tracks = { live: 3, lost: 1, switched: 2, resets: 5 };
    const tracked = new CameraHealth(
      input as ImageSubscription,
      () => counts,
      () => ({ overlay: { skipped: 0 }, maps: { skipped: 0 } }),
      () => true,
      () => now,
      { counts: tracks, zones: [], warning: 'Expected zones in the picture but found door outside of it.' },
    );
    const { values, level, message } = tracked.status('robot/segment', 'onnx', true);
    assert.deepEqual(
      [level, message],
      ['warn', 'Expected zones in the picture but found door outside of it.'],
    );
    const { tracks_live, tracks_lost, tracks_switched, track_resets } = values;
    assert.deepEqual(
      { tracks_live, tracks_lost, tracks_switched, track_resets },
      {
        ...{ tracks_live: '3', tracks_lost: '1', tracks_switched: '2', track_resets: '5' },
      },
    );
  });

  it('reports rates since the last status, and totals', () => {
    second({ answered: 30 });
    now += 1000;
    const { level, name, message, hardwareId, values } = second({ answered: 20, dropped: 1 });
    assert.deepEqual([level, name, hardwareId], ['ok', 'robot/segment: /image', 'onnx']);
    assert.equal(message, '10.0 frames a second');
    assert.deepEqual(
      [
        values['input_fps'],
        values['output_fps'],
        values['dropped_fps'],
        values['received'],
        values['answered'],
      ],
      ['10.5', '10.0', '0.5', '51', '50'],
    );
    assert.equal(health.fps, 10);
  });

  it('warns of a camera that is faster than the engine, not of a single drop', () => {
    assert.equal(second({ answered: 29, dropped: 1 }).level, 'ok');
    const { level, message } = second({ answered: 20, dropped: 10 });
    assert.equal(level, 'warn');
    assert.match(message, /faster than the engine: 10.0 of 30.0 frames a second dropped/);
    assert.equal(second({ answered: 30 }).level, 'ok', 'and forgets it');
  });

  it('warns after two seconds without frames, and of a topic without a publisher', () => {
    second({ answered: 30 });
    assert.equal(second().level, 'ok');
    assert.deepEqual([second().level, second().message], ['warn', 'No frame for 3 s']);
    assert.equal(second({ answered: 1 }).level, 'ok');
    input.messageType = undefined;
    input.publisherCount = 0;
    const { level, message, values } = second();
    assert.deepEqual([level, message], ['warn', 'Waiting for a publisher on /image']);
    assert.equal(values['message_type'], 'unknown: no publisher yet');
  });

  it('reports the age of the last error, and clears it after a minute without another', () => {
    input.lastMalformed = 'cut off';
    second({ malformed: 1 });
    second({ malformed: 1 });
    const { values } = second({ answered: 1 });
    assert.deepEqual([values['last_error'], values['last_error_age_s']], ['cut off', '1']);
    now += 58_000;
    assert.equal(second().values['last_error_age_s'], '60');
    const later = second().values;
    assert.deepEqual([later['last_error'], 'last_error_age_s' in later, later['bad']], ['', false, '2']);
    assert.equal(second({ malformed: 1 }).values['last_error'], 'cut off', 'and knows it again');
  });

  it('has no latencies for stamps that are not set or in the future, and says so', () => {
    const timings = { wait: 1, preprocess: 2, inference: 10, decode: 3 };
    const now = 1_800_000_000_000_000_000n;
    for (const [stamp, text] of [
      [0n, 'not set'],
      [now + 5_000_000_000n, '5.0 s ahead of the clock of this node'],
    ] as const) {
      health.addResult(timings, stamp, now, 20, 0.5);
      const { values } = second({ answered: 1 });
      assert.equal(values['stamps'], text);
      assert.ok(!('latency_from_stamp_p50_ms' in values) && 'added_latency_p50_ms' in values);
    }
  });

  it('reports that a guessed type has no publisher yet', () => {
    input.publisherCount = 0;
    assert.equal(second().message, 'Waiting for a publisher on /image');
  });

  it('warns of lost frames, from one in twenty on', () => {
    input.sent = { period: 1000 / 15, received: 147, missing: 3 };
    const few = second({ answered: 15 });
    assert.deepEqual([few.level, few.values['sent_fps'], few.values['lost_lately']], ['ok', '15.0', '3']);
    input.sent = { period: 1000 / 15, received: 65, missing: 85 };
    const { level, message } = second({ answered: 7 });
    assert.equal(level, 'warn');
    assert.match(
      message,
      /^Frames are lost on their way: by their stamps 150 were sent lately and 65 came\./,
    );
  });

  it('counts bad frames: an error if there are no others, a warning beside good ones', () => {
    input.lastMalformed = 'cut off';
    const bad = second({ malformed: 5 });
    assert.deepEqual(
      [bad.level, bad.message, bad.values['bad']],
      ['error', 'No frame can be used. cut off', '5'],
    );
    health.addError('no such encoding');
    const mixed = second({ answered: 20, failed: 1 });
    assert.deepEqual(
      [mixed.level, mixed.message, mixed.values['bad'], mixed.values['last_error']],
      ['warn', 'Some frames cannot be used. no such encoding', '6', 'no such encoding'],
    );
    assert.equal(second({ answered: 20 }).level, 'ok');
  });

  it('reports a problem of the topic, as an error while no frame arrives', () => {
    input.problem = 'QoS does not match';
    assert.deepEqual([second().level, second().message], ['error', 'QoS does not match']);
    assert.equal(second({ answered: 5 }).level, 'warn', 'another publisher is heard');
  });

  it('warns of images that may be read wrongly, as long as they come', () => {
    input.warning = 'Expected 5184 bytes but received 6144 bytes.';
    const { level, message, values } = second({ answered: 30 });
    assert.deepEqual([level, message, values['image_warning']], ['warn', input.warning, input.warning]);
    input.warning = undefined;
    assert.deepEqual(
      [second({ answered: 30 }).level, second({ answered: 30 }).values['image_warning']],
      ['ok', ''],
    );
  });

  it('is OK when the node is disabled', () => {
    input.problem = 'QoS does not match';
    const { level, message } = second({ malformed: 3 }, false);
    assert.deepEqual([level, message], ['ok', 'disabled']);
  });

  it('gives quantiles of latency and of each stage once there are any', () => {
    assert.ok(!('latency_from_stamp_p50_ms' in second().values));
    for (let i = 1; i <= 20; i++) {
      const now = 9_000_000_000n;
      const stamp = now - BigInt(100 + i) * 1_000_000n;
      health.addResult({ wait: i, preprocess: 2, inference: 10, decode: 3 }, stamp, now, 20 + i, 0.5);
    }
    skipped = 4;
    const { values } = second({ answered: 20 });
    assert.deepEqual(
      [
        'latency_from_stamp_p50_ms',
        'latency_from_stamp_p95_ms',
        'added_latency_p50_ms', // total less preprocess and inference
        'wait_p50_ms',
        'inference_p95_ms',
        'publish_p50_ms',
        'overlays_skipped',
        'maps_skipped',
      ].map((key) => values[key]),
      ['111.00', '120.00', '19.00', '11.00', '10.00', '0.50', '4', '3'],
    );
  });
});
