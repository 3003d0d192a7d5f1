import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  DIAGNOSTIC_LEVELS,
  DiagnosticArrayWriter,
  type DiagnosticLevel,
} from '../../../src/message/write/diagnostic-array.js';
import { HEADER, readBack } from './samples.js';

interface DiagnosticArray {
  header: { stamp: { sec: number; nanosec: number }; frame_id: string };
  status: {
    level: number;
    name: string;
    message: string;
    hardware_id: string;
    values: { key: string; value: string }[];
  }[];
}

describe('DiagnosticArrayWriter', () => {
  it('writes messages that other programs can read', () => {
    const writer = new DiagnosticArrayWriter();
    assert.equal(writer.type.name, 'diagnostic_msgs/msg/DiagnosticArray');
    const cdr = writer.write(HEADER, [
      {
        level: 'warn',
        name: 'segment: /image',
        message: 'zu spät',
        hardwareId: 'bpu',
        values: { a: '1', '': '' },
      },
      { level: 'ok', name: 'segment: engine', message: '', hardwareId: '', values: {} },
    ]);
    assert.deepEqual(readBack<DiagnosticArray>(writer.type, cdr), {
      header: { stamp: HEADER.stamp, frame_id: 'camera' },
      status: [
        {
          level: 1,
          name: 'segment: /image',
          message: 'zu spät',
          hardware_id: 'bpu',
          values: [
            { key: 'a', value: '1' },
            { key: '', value: '' },
          ],
        },
        { level: 0, name: 'segment: engine', message: '', hardware_id: '', values: [] },
      ],
    });
  });

  it('numbers levels as diagnostic_msgs/DiagnosticStatus does', () => {
    const writer = new DiagnosticArrayWriter();
    const levels = (['ok', 'warn', 'error', 'stale'] as const).map((level: DiagnosticLevel) => {
      const status = { level, name: '', message: '', hardwareId: '', values: {} };
      return readBack<DiagnosticArray>(writer.type, writer.write(HEADER, [status])).status[0]!.level;
    });
    assert.deepEqual(levels, [0, 1, 2, 3]);
    assert.deepEqual(Object.values(DIAGNOSTIC_LEVELS), levels);
  });

  it('writes a short message after a long one', () => {
    const writer = new DiagnosticArrayWriter();
    const long = { level: 'error' as const, name: 'n'.repeat(5000), message: '', hardwareId: '', values: {} };
    const length = writer.write(HEADER, [long, long]).length;
    const cdr = writer.write(HEADER, []);
    assert.ok(length > 10_000 && cdr.length < 100);
    assert.deepEqual(readBack<DiagnosticArray>(writer.type, cdr).status, []);
  });
});
