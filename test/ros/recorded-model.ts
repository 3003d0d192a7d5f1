import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../data.js';
import { EMULATOR } from '../engine/bpu/emulator.js';

const FOLDER = join(repository, 'build/ros');

/** The demo model's classes. */
export const DEMO_CLASSES = ['circle', 'square', 'triangle', 'star', 'ring', 'cross'];

/** A model for the emulated BPU: what the demo model makes of some scenes, played back at the speed of a RDK X5. */
export function recordedModel(): { model: string; labels: string; library: string } {
  const model = join(FOLDER, 'scene.bin');
  const labels = join(FOLDER, 'scene.txt');
  mkdirSync(FOLDER, { recursive: true });
  if (!existsSync(model)) {
    const tool = join(repository, 'dist/tools/record/main.js');
    execFileSync(process.execPath, [
      tool,
      join(repository, 'models/scene-n-seg.onnx'),
      'scene:?frames=6&size=640x480',
      '-o',
      `${model}.part`,
    ]);
    execFileSync('mv', [`${model}.part`, model]);
  }
  if (!existsSync(labels)) writeFileSync(labels, DEMO_CLASSES.join('\n'));
  return { model, labels, library: EMULATOR };
}

/** Arguments that run the node with that model and with images taken so. */
export function emulated(transport: 'native' | 'rclnodejs'): string[] {
  return parameters({ ...recordedModel(), camera_transport: transport });
}

export function parameters(values: Record<string, string | number | boolean>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-p', `${name}:=${value}`]);
}
