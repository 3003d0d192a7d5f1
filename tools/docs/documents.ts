import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectationError } from '../../src/base/expect.js';
import { addon } from '../../src/native/addon.js';
import { IMAGE_MESSAGES, type ImageMessage, STAND_IN_NAMES } from '../../src/message/image-messages.js';
import { bagTopic } from '../../src/message/output.js';
import { BAG_OUTPUT_NAMES, OUTPUTS } from '../../src/message/outputs.js';
import { IMAGE_TOPIC, JPEG_TOPIC } from '../../src/message/bag/segmentation-recorder.js';
import { qosText } from '../../src/message/qos.js';
import { PUBLISHED_TOPICS, SERVICES } from '../../src/node/segment/topics.js';
import { packageRoot } from '../../src/base/package-root.js';
import { CAMERA_PARAMETERS } from '../../src/parameters/camera.js';
import { DEPTH_IMAGE_TOPIC } from '../../src/node/camera/camera-depth.js';
import { launchJson } from '../../src/parameters/launch.js';
import { markdownTable, parametersMarkdown } from '../../src/parameters/markdown.js';
import type { ParameterTable } from '../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';
import { parametersYaml } from '../../src/parameters/yaml.js';
import { changelogRst } from './changelog.js';
import { chinese } from './chinese.js';
import { readRooms, roomsSvg } from './rooms.js';

/** A file that is generated from the tables, completely or in part, with its expected text. */
export interface Document {
  /** Relative to the package. */
  readonly file: string;
  readonly text: string;
}

/** All of them. Rejects with an ExpectationError when a page lacks the marks of a section, or an import goes up. */
export async function documents(): Promise<Document[]> {
  const sections: Readonly<Record<string, string>> = {
    'topics:segment': topicsMarkdown(),
    'parameters:segment': parametersMarkdown(SEGMENT_PARAMETERS),
    'parameters:camera': parametersMarkdown(CAMERA_PARAMETERS),
    images: imagesMarkdown(),
    encodings: encodingsMarkdown(),
  };
  return [
    withSections('docs/parameters.md', sections),
    withSections('docs/parameters.zh-CN.md', {
      'topics:segment': topicsMarkdown(chinese),
      'parameters:segment': parametersMarkdown(SEGMENT_PARAMETERS, 'zh'),
      'parameters:camera': parametersMarkdown(CAMERA_PARAMETERS, 'zh'),
      images: imagesMarkdown(chinese),
      encodings: encodingsMarkdown(chinese),
    }),
    withSections('docs/files.md', { 'topics:bag': bagMarkdown() }),
    { file: 'docs/images/rooms.svg', text: roomsSvg(await readRooms()) },
    { file: 'CHANGELOG.rst', text: changelogRst(read('CHANGELOG.md')) },
    { file: 'config/segment.yaml', text: nodeYaml('segment', SEGMENT_PARAMETERS) },
    { file: 'config/camera.yaml', text: nodeYaml('camera', CAMERA_PARAMETERS) },
    { file: 'launch/parameters.json', text: launchFileJson() },
  ];
}

function launchFileJson(): string {
  const topics = STAND_IN_NAMES.map((name) => [name, IMAGE_MESSAGES[name].standIn.topic]);
  const nodes = { segment: SEGMENT_PARAMETERS, camera: CAMERA_PARAMETERS };
  return launchJson(nodes, Object.fromEntries(topics) as Record<string, string>, DEPTH_IMAGE_TOPIC);
}

function read(file: string): string {
  return readFileSync(join(packageRoot, file), 'utf8');
}

/** A page whose marked sections are generated. */
function withSections(file: string, sections: Readonly<Record<string, string>>): Document {
  const text = Object.entries(sections).reduce(
    (before, section) => withSection(file, before, section),
    read(file),
  );
  return { file, text };
}

/** `text`, the content of `file`, with `content` between the marks `<!-- name -->` and `<!-- /name -->`. */
export function withSection(file: string, text: string, [name, content]: readonly [string, string]): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) {
    throw new ExpectationError(`the marks ${begin} and ${end} in ${file}`, 'a text without them');
  }
  return `${text.slice(0, from + begin.length)}\n\n${content}\n${text.slice(to)}`;
}

/** What a text of a table is in the language of the page. */
type Say = (text: string) => string;
const english: Say = (text) => text;

function imagesMarkdown(say = english): string {
  const rows = Object.entries<ImageMessage>(IMAGE_MESSAGES).map(([name, { type, native, standIn }]) => [
    `\`${name}\``,
    type,
    native ? say('yes') : '',
    standIn ? `${say('on')} \`${standIn.topic}\`${say(', ')}${say(qosText(standIn.qos))}` : '',
  ]);
  return markdownTable(['value', 'type', 'native', 'from the camera stand-in'].map(say), rows);
}

function encodingsMarkdown(say = english): string {
  const rows = addon()
    .imageEncodings()
    .map(({ name, aliases }) => [
      name,
      aliases.replaceAll(' ', ', '),
      say(ENCODING_NOTES[name] ?? 'converted to NV12'),
    ]);
  return markdownTable(['encoding', 'other names', 'how it is read'].map(say), rows);
}

/** Notes on some encodings. */
const ENCODING_NOTES: Readonly<Record<string, string>> = {
  nv12: 'in place',
  nv21: 'in place by native subscriptions; else from a copy with its chroma swapped',
  yuyv: 'converted to NV12; chroma is the average of two rows, `color_range` applies as for NV12',
  uyvy: 'like yuyv',
  mono16: 'converted to NV12; `mono16_max` is white',
};

function topicsMarkdown(say = english): string {
  const topics = PUBLISHED_TOPICS.map(({ topic, type, qos, when, what }) => [
    `\`${topic}\``,
    type,
    say(qosText(qos)),
    say(when),
    say(what),
  ]);
  const services = SERVICES.map(({ name, type, what }) => [`\`${name}\``, type, say(what)]);
  const several =
    'With several cameras, the topics of each camera are `~/NAME/detections`, `~/NAME/alive` and so on, and `hobot_dnn_detection/NAME`.';
  return (
    markdownTable([say('topic'), say('type'), 'QoS', say('when'), say('what')], topics) +
    `\n${say(several)}\n\n` +
    markdownTable(['service', 'type', 'what'].map(say), services)
  );
}

/** The topics that `run --mcap` writes. */
function bagMarkdown(): string {
  const rows = BAG_OUTPUT_NAMES.map((name) => OUTPUTS[name]).map((row) => [
    bagTopic(row),
    row.type,
    row.what,
  ]);
  const { type: pictures, what } = OUTPUTS.overlay_compressed;
  return markdownTable(
    ['topic', 'type', 'what'],
    [
      ...rows,
      [bagTopic(OUTPUTS.overlay_compressed), pictures, `${what}; with \`--mcap-overlay\``],
      [IMAGE_TOPIC, 'sensor_msgs/msg/Image', 'the frame as nv12; with `--mcap-images`'],
      [JPEG_TOPIC, 'sensor_msgs/msg/CompressedImage', 'the frame as JPEG; with `--mcap-jpeg`'],
    ].map(([topic = '', ...cells]) => [`\`${topic}\``, ...cells]),
  );
}

function nodeYaml(node: string, table: ParameterTable): string {
  return parametersYaml(table, [
    `Parameters of the node ${node} with their defaults. Copy this file, keep the lines you change, and start with`,
    `    ros2 run tros_yolo_seg ${node} --ros-args --params-file my.yaml`,
    `Generated by \`npm run docs\` from src/parameters/${node}.ts: edit that file instead.`,
  ]);
}
