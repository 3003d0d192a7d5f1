import type { Labels } from '../../message/write/labels.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { maskArea } from '../../vision/evaluate/overlap.js';
import { MaskScaler } from '../../vision/mask/mask-scale.js';
import type { ResultSink } from './sink.js';
import { TextFile } from './text-file.js';

const COLUMNS = [
  ...['source', 'index', 'stamp', 'class_id', 'class_name', 'track_id', 'score'],
  ...['x', 'y', 'width', 'height', 'area'],
];

/** Writes a line for each instance, for spreadsheets and pandas: RFC 4180, but with lines that end as Unix's do. */
export class CsvSink implements ResultSink {
  readonly #scaler = new MaskScaler();

  private constructor(
    private readonly file: TextFile,
    private readonly labels: Labels,
  ) {}

  static async open(target: string, labels: Labels, replace: boolean): Promise<CsvSink> {
    const file = await TextFile.create(target, replace);
    const sink = new CsvSink(file, labels);
    await file.append(`${COLUMNS.join(',')}\n`);
    return sink;
  }

  get target(): string {
    return this.file.target;
  }

  async write({ frame, segmentation }: FrameResult): Promise<void> {
    const { sec, nanosec } = frame.stamp;
    const head = [quoted(frame.source), frame.index, `${sec}.${String(nanosec).padStart(9, '0')}`];
    const lines = segmentation.instances.map(({ classId, score, box, mask, trackId }) => {
      const { x1, y1, x2, y2 } = box;
      const area = maskArea(this.#scaler.toPicture(mask, segmentation));
      const cells = [classId, quoted(this.labels.name(classId)), trackId || '', score.toFixed(6)];
      const sizes = [x1, y1, x2 - x1, y2 - y1].map((value) => value.toFixed(3));
      return `${[...head, ...cells, ...sizes, area].join(',')}\n`;
    });
    if (lines.length > 0) await this.file.append(lines.join(''));
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** A cell of any text. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
