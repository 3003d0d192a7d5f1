import { join } from 'node:path';
import { packageRoot } from '../package-root.js';

/** The bundled model: six kinds of shapes in generated scenes (models/README.md). */
export function demoModel(): string {
  return join(packageRoot, 'models/scene-n-seg.onnx');
}
