import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectationError } from '../base/expect.js';
import { packageRoot } from '../base/package-root.js';

/**
 * The bundled demo model: six kinds of shapes in generated scenes (models/README.md).
 *
 * @throws ExpectationError if it was not installed, as on robots, which have no ONNX Runtime either
 */
export function demoModel(): string {
  const file = join(packageRoot, 'models/scene-n-seg.onnx');
  if (!existsSync(file)) {
    throw new ExpectationError(
      'a model',
      'none, and an installation without the demo model',
      'Name one (model:=/path/to/model.bin), or build with --cmake-args -DTROS_YOLO_SEG_ONNX=ON.',
    );
  }
  return file;
}
