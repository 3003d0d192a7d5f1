import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadableModels } from '../../model/loadable-models.js';
import type { SegmentParameters } from '../../parameters/segment.js';
import { LivePage } from '../../web/live-page.js';
import type { CameraStats } from '../../web/protocol/messages.js';
import { givenParameter, shownParameters } from '../../web/shown-parameters.js';
import type { LiveSource } from '../../web/source.js';
import type { CameraStream } from './camera-stream.js';
import type { LoadedModel } from './loaded-model.js';

/** What the live page needs of the node. */
export interface PageNode {
  readonly parameters: SegmentParameters;
  model(): LoadedModel;
  /** Why the node has no results, if it has none. */
  problem(): string | undefined;
  /** The latest message on /diagnostics, if there was one. */
  diagnostics(): Uint8Array | undefined;
  /** @throws ExpectationError and changes nothing, for values that do not fit the model */
  set(values: Partial<SegmentParameters>): void;
  /** @returns as ~/load_model */
  load(model: string): Promise<{ readonly success: boolean; readonly message: string }>;
  log(line: string, failed: boolean): void;
}

/** Opens the live page of the node; undefined if parameter `web_port` is 0. Rejects as LivePage.open. */
export async function openNodePage(
  node: PageNode,
  names: readonly string[],
  streams: readonly CameraStream[],
): Promise<LivePage | undefined> {
  const { web_port: port, web_host: host, web_token: token, web_hosts, web_origins } = node.parameters;
  if (port === 0) return undefined;
  const source: LiveSource = {
    cameras: names,
    colorRange: node.parameters.color_range,
    model() {
      const { name, engine, labels, segmenter } = node.model();
      const { width, height } = engine.model.input;
      const { classes } = segmenter.options;
      const { score } = node.parameters;
      const { kernels, kind } = engine;
      return { name, engine: kind, width, height, labels: labels.names, score, classes, kernels };
    },
    parameters: () => shownParameters(node.parameters),
    stats: (camera): CameraStats => streams[camera]!.health.stats(),
    problem: () => node.problem(),
    distanceOf: (camera, instance) => streams[camera]!.depth?.distanceOf(instance),
    diagnostics: () => node.diagnostics(),
    coloredBy: () => node.parameters.overlay_colors,
    tolerance: () => node.parameters.polygon_tolerance,
    demand: () => streams.forEach((stream, camera) => stream.setShown(page.wants(camera))),
    set: (name, value) => node.set(givenParameter(name, value)),
    models: () => loadableModels(node.model().file),
    async load(model) {
      const { success, message } = await node.load(model);
      if (!success) throw new Error(message);
      return message;
    },
  };
  const page: LivePage = await LivePage.open({
    ...{ source, port, host, token, hosts: web_hosts, origins: web_origins },
    recordings: node.parameters.web_recordings || defaultFolder(),
    log: (line, failed) => node.log(line, failed),
  });
  return page;
}

/** Beside the logs of ROS. */
function defaultFolder(): string {
  return join(process.env['ROS_HOME'] ?? join(homedir(), '.ros'), 'tros_yolo_seg');
}
