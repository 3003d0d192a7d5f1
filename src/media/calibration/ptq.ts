import {
  constants,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { ExpectationError, expectInteger, messageOf, errorOf } from '../../base/expect.js';
import { makeFolder } from '../../base/files/folder.js';
import { WholeFile, writeWholeSync } from '../../base/files/whole-file.js';
import { writeError } from '../../base/files/write-error.js';
import { allocateNv12, letterboxNv12, nv12ToRgb } from '../../native/convert.js';
import { fileKind } from '../file-kind.js';
import { Letterbox } from '../../vision/picture/letterbox.js';
import { decodePicture } from '../picture-file.js';
import type { March } from '../../model/march.js';
import { inspectOnnx, type OnnxSummary } from '../../model/onnx/inspect-onnx.js';
import { MAPPER_OPSET } from '../../model/onnx/opset11.js';

/** Fewer pictures than this give inaccurate ranges. */
export const FEW_PICTURES = 20;

/** Raw planes, R G B; the name is the vendor's. */
const PICTURE_EXTENSION = '.rgbchw';
const CALIBRATION_FOLDER = 'calibration_data_rgb_f32';

export interface PtqOptions {
  readonly march: March;
  /** Folder of pictures like those of the robot's camera. */
  readonly images: string;
  /** Output folder for model, yaml and calibration set. */
  readonly output: string;
  /** Maximum number of pictures, spread evenly over the folder. @default 100 */
  readonly count?: number | undefined;
  /** Whether to replace the model, yaml and calibration set of an earlier call. @default false */
  readonly replace?: boolean | undefined;
  /** Called after each picture. */
  readonly onPicture?: ((index: number, total: number) => void) | undefined;
}

export interface PtqReport {
  /** Name of the yaml within the output folder. */
  readonly yaml: string;
  /** Name of the model within the output folder. */
  readonly model: string;
  /** Path of the quantized model that the mapper will write, relative to the output folder. */
  readonly bin: string;
  readonly pictures: number;
  readonly failed: readonly { readonly name: string; readonly error: Error }[];
}

/**
 * Prepares everything that `hb_mapper makertbin` needs: a folder with the model, the yaml and the calibration set.
 *
 * Each picture is processed like a camera frame (NV12, letterbox with gray padding), then converted to float32 [3, height,
 * width], R G B from 0 to 255, because the quantized model contains the yaml's data_scale of 1/255. Unreadable pictures are
 * reported and skipped.
 *
 * @throws ExpectationError when the model does not have ten heads in opset 11, or no picture can be read
 */
export async function preparePtq(file: string, options: PtqOptions): Promise<PtqReport> {
  const { march, images, output, onPicture } = options;
  const count = expectInteger('count', options.count ?? 100, 1, 10_000);
  const summary = inspectOnnx(file);
  if (summary.form === 'queries') {
    throw new ExpectationError(
      `a model with ten heads in opset ${MAPPER_OPSET}`,
      `${file}, a network with queries (RF-DETR)`,
      'It runs on the CPU only.',
    );
  }
  if (summary.form !== 'heads' || summary.opset !== MAPPER_OPSET) {
    throw new ExpectationError(
      `a model with ten heads in opset ${MAPPER_OPSET}`,
      `${file}, ${summary.form === 'heads' ? `opset ${summary.opset}` : 'a stock export'}`,
      `Cut it first: tros-yolo-seg model cut ${file} -o RDK.onnx --opset ${MAPPER_OPSET}`,
    );
  }
  const names = evenly(pictureFiles(images), count);
  if (names.length === 0) {
    throw new ExpectationError(
      'a folder of pictures',
      images,
      'Use 20 to 100 pictures like those of the robot.',
    );
  }
  const calibration = join(output, CALIBRATION_FOLDER);
  const [model, prefix] = [basename(file), ptqName(file, march, summary)];
  const [copy, yaml] = [join(output, model), join(output, `${prefix}.yaml`)];
  makeFolder(calibration);
  // Pictures of an earlier, larger set must not stay among the new ones.
  const earlier = readdirSync(calibration)
    .filter((name) => name.endsWith(PICTURE_EXTENSION))
    .map((name) => join(calibration, name));
  const inPlace = existsSync(copy) && realpathSync(copy) === realpathSync(file);
  const taken = [...(inPlace ? [] : [copy]), yaml, ...earlier].find((path) => existsSync(path));
  if (taken !== undefined && options.replace !== true) throw writeError(taken, existing(taken));
  try {
    for (const name of earlier) rmSync(name);
  } catch (error) {
    throw writeError(calibration, error);
  }
  if (!inPlace) copyWhole(file, copy);
  writeWholeSync(yaml, ptqYaml(model, prefix, march, summary));
  const failed = await writeCalibrationSet(images, names, calibration, summary, onPicture);
  if (failed.length === names.length) {
    throw new ExpectationError(
      'pictures that can be read',
      `${failed[0]!.name}: ${failed[0]!.error.message}`,
      'All of them failed: copy them again, or choose another folder.',
    );
  }
  return {
    yaml: `${prefix}.yaml`,
    model,
    bin: `${prefix}/${prefix}.bin`,
    pictures: names.length - failed.length,
    failed,
  };
}

function existing(path: string): Error {
  return Object.assign(new Error(`EEXIST: file already exists, ${path}`), { code: 'EEXIST' });
}

function copyWhole(from: string, to: string): void {
  const file = new WholeFile(to);
  try {
    copyFileSync(from, file.part, file.flag === 'wx' ? constants.COPYFILE_EXCL : 0);
    file.finish();
  } catch (error) {
    file.discard();
    throw writeError(to, error);
  }
}

function ptqName(file: string, march: March, { width, height }: OnnxSummary): string {
  return `${basename(file, '.onnx')}_${march.replace('-', '')}_${width}x${height}_nv12`;
}

/**
 * The mapper's configuration, as on D-Robotics' YOLOv8-seg page: NV12 at run time, RGB pictures in training, divided by 255.
 * Softmax before the heads (the attention of YOLO11) stays on the BPU with 16 bits, as their YOLO11 page says.
 */
export function ptqYaml(model: string, prefix: string, march: March, summary: OnnxSummary): string {
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  const nodes = march === 'bayes-e' ? summary.softmaxNodes : [];
  const nodeInfo = nodes.map(
    (name) => `    ${text(name)}: {'ON': 'BPU', 'InputType': 'int16', 'OutputType': 'int16'}\n`,
  );
  return `# For: hb_mapper makertbin --model-type onnx --config (this file), run in this folder.
model_parameters:
  onnx_model: ${text(`./${model}`)}
  march: '${march}'
  layer_out_dump: False
  working_dir: ${text(prefix)}
  output_model_file_prefix: ${text(prefix)}
${nodeInfo.length > 0 ? `  node_info:\n${nodeInfo.join('')}` : ''}input_parameters:
  input_name: ${text(summary.inputName)}
  input_type_rt: 'nv12'
  input_type_train: 'rgb'
  input_layout_train: 'NCHW'
  norm_type: 'data_scale'
  scale_value: 0.003921568627451
calibration_parameters:
  cal_data_dir: './${CALIBRATION_FOLDER}'
  cal_data_type: 'float32'
  calibration_type: 'default'
compiler_parameters:
  compile_mode: 'latency'
  debug: False
  optimize_level: 'O3'
`;
}

async function writeCalibrationSet(
  images: string,
  names: readonly string[],
  folder: string,
  { width, height }: OnnxSummary,
  onPicture: PtqOptions['onPicture'],
): Promise<{ name: string; error: Error }[]> {
  const failed: { name: string; error: Error }[] = [];
  const input = allocateNv12(width, height);
  const rgb = new Uint8Array(3 * width * height);
  const planes = new Float32Array(rgb.length);
  for (const [index, name] of names.entries()) {
    try {
      const frame = await decodePicture(readFileSync(join(images, name)));
      letterboxNv12(frame, new Letterbox(frame.width, frame.height, width, height), input);
      nv12ToRgb(input, 'full', rgb);
      for (let pixel = 0, plane = width * height; pixel < plane; pixel++) {
        for (let c = 0; c < 3; c++) planes[c * plane + pixel] = rgb[3 * pixel + c]!;
      }
    } catch (error) {
      failed.push({ name, error: errorOf(error) });
      onPicture?.(index, names.length);
      continue;
    }
    writeWholeSync(join(folder, `${String(index).padStart(4, '0')}${PICTURE_EXTENSION}`), planes);
    onPicture?.(index, names.length);
  }
  return failed;
}

/** Picture files of a folder by name, in natural order. */
function pictureFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && fileKind(entry.name, new Uint8Array(0)) === 'picture')
      .map(({ name }) => name)
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } catch (error) {
    throw new ExpectationError(
      'a folder of pictures',
      messageOf(error),
      'Check its name and its permissions.',
      { cause: error },
    );
  }
}

/** At most `count` of the items, spread evenly. */
function evenly<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
}
