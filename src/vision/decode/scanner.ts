import { channelScales } from './dequantize.js';
import type { HeadLayout } from './head-layout.js';
import type { Kernels } from '../tensor/kernels.js';
import type { Scanner } from './scan.js';
import { CellScanner } from './scan-cells.js';
import { InstanceScanner } from './scan-instances.js';
import { KernelScanner } from './scan-kernel.js';
import { PlaneScanner } from './scan-planes.js';

/**
 * The scanner for the memory order of the level's scores.
 *
 * @param onUnknown called with the class number of a row selected by the network, if it is not the number of a class
 */
export function scannerFor(
  { form, levels }: HeadLayout,
  level: number,
  onUnknown: (classId: number) => void,
  kernels?: Kernels,
): Scanner {
  const head = levels[level]!.class;
  const scales = channelScales(head);
  if (form === 'instances') return new InstanceScanner(head, scales, onUnknown);
  if (kernels) return new KernelScanner(kernels, head, scales, level);
  const { width, height, strideX, strideY, strideC } = head;
  const planes = strideC !== 1 && strideX === 1 && (height === 1 || strideY === width);
  return planes ? new PlaneScanner(head, scales, level) : new CellScanner(head, scales, level);
}
