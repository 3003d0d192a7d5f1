import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import { McapIndexedReader } from '@mcap/core';
import { FileHandleReadable } from '@mcap/nodejs';
import { BagSource } from '../../src/message/bag/bag-source.js';
import { isBadFrame, type SourceFrame } from '../../src/vision/picture/frame-source.js';
import { messageType } from '../../src/message/message-type.js';
import { overridesFor } from '../../src/node/ros/parameter-overrides.js';
import { packageRoot } from '../../src/base/package-root.js';
import { CAMERA_PARAMETERS } from '../../src/parameters/camera.js';
import {
  checkParameter,
  type ParameterTable,
  type ParameterType,
  presentName,
} from '../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';
import { FakeRcl } from '../node/ros/fake-rcl.js';

const FOLDER = join(packageRoot, 'test/compatibility');

/** Names in the files of a version that have ended since: each was warned of for a minor version (CONTRIBUTING.md). */
const ENDED: Readonly<Record<string, readonly string[]>> = {};

interface Message {
  readonly topic: string;
  /** `tros_yolo_seg/msg/InstanceArray` */
  readonly type: string;
  /** Read by the definition in the bag. */
  readonly stored: unknown;
  /** Read by the definition of today. */
  readonly today: unknown;
}

async function messagesOf(bag: string): Promise<Message[]> {
  const handle = await open(bag);
  try {
    const reader = await McapIndexedReader.Initialize({ readable: new FileHandleReadable(handle) });
    const messages: Message[] = [];
    for await (const { channelId, data } of reader.readMessages()) {
      const { topic, schemaId } = reader.channelsById.get(channelId)!;
      const schema = reader.schemasById.get(schemaId)!;
      const definition = parse(Buffer.from(schema.data).toString(), { ros2: true });
      const { definitions } = messageType(schema.name.replace('/msg/', '/'));
      messages.push({
        topic,
        type: schema.name,
        stored: new MessageReader(definition).readMessage(data),
        today: new MessageReader([...definitions]).readMessage(data),
      });
    }
    return messages;
  } finally {
    await handle.close();
  }
}

interface Image {
  readonly header: { readonly stamp: object };
  readonly width: number;
  readonly height: number;
  readonly step: number;
  readonly data: Uint8Array;
}
interface InstanceArray {
  readonly header: { readonly stamp: object };
  readonly mask_width: number;
  readonly mask_height: number;
  readonly instances: readonly {
    readonly class_id: number;
    readonly class_name: string;
    readonly score: number;
    readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
    readonly mask: Readonly<Record<'x' | 'y' | 'width' | 'height', number>> & { readonly runs: Uint16Array };
  }[];
}
interface DetectionArray {
  readonly detections: readonly {
    readonly results: readonly {
      readonly hypothesis: { readonly class_id: string; readonly score: number };
    }[];
    readonly bbox: {
      readonly center: { readonly position: { readonly x: number; readonly y: number } };
      readonly size_x: number;
      readonly size_y: number;
    };
  }[];
}

/** 0 where no mask is, i + 1 where the i-th is, the best score on top: made of run lengths as msg/Mask.msg tells it. */
function mapOf({ mask_width, mask_height, instances }: InstanceArray): Uint16Array {
  const map = new Uint16Array(mask_width * mask_height);
  [...instances.entries()].reverse().forEach(([index, { mask }]) => {
    let cell = 0;
    mask.runs.forEach((length, run) => {
      for (const end = cell + length; cell < end; cell++) {
        const [column, row] = [cell % mask.width, Math.floor(cell / mask.width)];
        if (run % 2 === 1) map[(mask.y + row) * mask_width + mask.x + column] = index + 1;
      }
    });
    assert.equal(cell, mask.width * mask.height);
  });
  return map;
}

/** rcl_interfaces/msg/ParameterType by the form of a value in YAML; an empty list of strings is [""] there. */
function rclParameter(name: string, text: string): { name: string; type: number; value: unknown } {
  const value = JSON.parse(text) as unknown;
  const number = (digits: string): unknown => (digits.includes('.') ? Number(digits) : BigInt(digits));
  if (typeof value === 'boolean') return { name, type: 1, value };
  if (typeof value === 'number') return { name, type: text.includes('.') ? 3 : 2, value: number(text) };
  if (typeof value === 'string') return { name, type: 4, value };
  const items = value as unknown[];
  return typeof items[0] === 'number'
    ? { name, type: 7, value: items.map((item) => BigInt(item as number)) }
    : { name, type: 9, value: items };
}

/** Each parameter of a file that `npm run docs` made: its name, its value, and what the comment says that it takes. */
function parametersOf(file: string): { name: string; text: string; takes: string }[] {
  const rows = readFileSync(file, 'utf8').matchAll(/^ {4}# \((.*)\)\n {4}(\w+): (.*)$/gm);
  return [...rows].map(([, takes, name, text]) => ({ name: name!, text: text!, takes: takes! }));
}

for (const version of readdirSync(FOLDER).filter((name) => /^\d/.test(name))) {
  const file = (name: string): string => join(FOLDER, version, name);
  const bag = file('results.mcap');

  describe(`files of version ${version}: a bag`, () => {
    it('has messages that mean the same by its own definitions and by the current ones', async () => {
      const messages = await messagesOf(bag);
      assert.deepEqual([...new Set(messages.map(({ topic }) => topic))].sort(), [
        '/camera/image_raw',
        '/segment/annotations',
        '/segment/detections',
        '/segment/instance_map',
        '/segment/instances',
        '/segment/label_info',
        '/segment/overlay/compressed',
      ]);
      for (const { type, stored, today } of messages) assert.deepEqual(today, stored, type);
    });

    it('has instances with the same masks, boxes and classes as the other topics', async () => {
      const messages = await messagesOf(bag);
      const on = <T>(topic: string): T[] =>
        messages.filter((message) => message.topic === topic).map(({ stored }) => stored as T);
      const arrays = on<InstanceArray>('/segment/instances');
      const maps = on<Image>('/segment/instance_map');
      const detections = on<DetectionArray>('/segment/detections');
      const [labels] = on<{ class_map: { class_id: number; class_name: string }[] }>('/segment/label_info');
      assert.equal(arrays.length, 2);
      for (const [frame, array] of arrays.entries()) {
        assert.ok(array.instances.length >= 5);
        const { data } = maps[frame]!;
        assert.deepEqual(mapOf(array), new Uint16Array(data.slice().buffer));
        for (const [index, { class_id, class_name, score, box }] of array.instances.entries()) {
          const known = labels!.class_map.find((label) => label.class_id === class_id);
          assert.equal(known?.class_name, class_name);
          const { results, bbox } = detections[frame]!.detections[index]!;
          assert.equal(results[0]!.hypothesis.class_id, class_name);
          const { x, y } = bbox.center.position;
          const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-3, `${a} ${b}`);
          close(results[0]!.hypothesis.score, score);
          close(x, box.x + box.width / 2);
          close(y, box.y + box.height / 2);
          close(bbox.size_x, box.width);
          close(bbox.size_y, box.height);
        }
      }
    });

    it('has frames that can be segmented again', async () => {
      const images = (await messagesOf(bag)).filter(({ topic }) => topic === '/camera/image_raw');
      const source = await BagSource.open(bag);
      const frames: SourceFrame[] = [];
      for await (const frame of source.frames()) {
        assert.ok(!isBadFrame(frame));
        frames.push(frame);
      }
      assert.equal(frames.length, 2);
      for (const [index, { frame, stamp }] of frames.entries()) {
        const { header, width, height, data } = images[index]!.stored as Image;
        assert.deepEqual([frame.width, frame.height], [width, height]);
        assert.deepEqual(stamp, header.stamp);
        const pixels = frame.data.subarray(frame.lumaOffset, frame.lumaOffset + width * height);
        assert.equal(frame.lumaStride, width);
        assert.deepEqual([...pixels], [...data.subarray(0, width * height)]);
      }
    });
  });

  for (const [node, table] of Object.entries<ParameterTable>({
    segment: SEGMENT_PARAMETERS,
    camera: CAMERA_PARAMETERS,
  })) {
    describe(`files of version ${version}: ${node}.yaml`, () => {
      const rows = parametersOf(file(`${node}.yaml`)).filter(({ name }) => !ENDED[version]?.includes(name));

      it('is accepted by the node unchanged', () => {
        assert.ok(rows.length > 5);
        const entry = { name: '/**', parameters: rows.map(({ name, text }) => rclParameter(name, text)) };
        const ros = new FakeRcl([...overridesFor(`/${node}`, [entry]).values()]);
        const values = ros.parameters.declare(table, { check: () => undefined, apply: () => undefined });
        const former: string[] = [];
        for (const { name, text } of rows) {
          const present = presentName(table, name);
          if (present !== undefined) former.push(name);
          const given = JSON.parse(text) as unknown;
          assert.deepEqual(
            values[present ?? name],
            Array.isArray(given) ? given.filter((item) => item !== '') : given,
          );
        }
        // Nothing is warned of but names that have changed.
        assert.deepEqual(
          ros.warnings.map((line) => /^Parameter (\w+) is called/.exec(line)?.[1] ?? line),
          former,
        );
      });

      it('names no value as allowed that is not allowed today', () => {
        let checked = 0;
        for (const { name, takes } of rows) {
          const present = presentName(table, name) ?? name;
          const row = table[present]!;
          const [, choices] = /^one of ([^;]*?)(?:, may change while the node runs)?$/.exec(takes) ?? [];
          const [, from, to] = /from (-?[\d.]+) to (-?[\d.]+)/.exec(takes) ?? [];
          for (const value of choices?.split(', ') ?? [from, to].flatMap((text) => text ?? []).map(Number)) {
            checkParameter<ParameterType>(present, row, value);
            checked++;
          }
        }
        assert.ok(checked > 5);
      });
    });
  }

  describe(`files of version ${version}: LoadModel.srv`, () => {
    it('has the current fields', () => {
      const fields = (path: string): string[] =>
        readFileSync(path, 'utf8')
          .split('\n')
          .map((line) => line.replace(/#.*/, '').trim())
          .filter((line) => line !== '');
      assert.deepEqual(fields(join(packageRoot, 'srv/LoadModel.srv')), fields(file('LoadModel.srv')));
    });
  });
}
