/**
 * What others have published of models on the boards. Rates are frames per second of the network alone, as hrt_model_exec perf
 * measures it, with one thread and with two.
 */
export interface PublishedRow {
  readonly board: string;
  /** Of the model's file. */
  readonly pattern: RegExp;
  readonly model: string;
  readonly one: number;
  readonly two: number;
  readonly source: string;
}

const ZOO = "D-Robotics' model zoo";

export const PUBLISHED: readonly PublishedRow[] = [
  {
    board: 'RDK X5',
    pattern: /yolov8n.*seg/i,
    model: 'yolov8n-seg 640',
    one: 109.7,
    two: 175.3,
    source: "D-Robotics' YOLOv8-seg page",
  },
  { board: 'RDK X5', pattern: /yolo11n.*seg/i, model: 'yolo11n-seg 640', one: 86, two: 153, source: ZOO },
  { board: 'RDK X5', pattern: /yolo11s.*seg/i, model: 'yolo11s-seg 640', one: 46, two: 60, source: ZOO },
  { board: 'RDK X5', pattern: /yolo26n.*seg/i, model: 'yolo26n-seg 640', one: 64, two: 88, source: ZOO },
];

export function publishedRow(board: string | undefined, file: string): PublishedRow | undefined {
  return PUBLISHED.find((row) => row.board === board && row.pattern.test(file));
}

/** What a model is known to find in a picture: by the sum of the picture and the name of the model. */
export interface KnownResult {
  /** SHA-256 of the picture's file. */
  readonly picture: string;
  readonly name: string;
  readonly pattern: RegExp;
  readonly classes: number;
  /** Instances with a score of 0.25 or more. */
  readonly instances: number;
}

export const KNOWN_RESULTS: readonly KnownResult[] = [
  {
    picture: 'c02019c4979c191eb739ddd944445ef408dad5679acab6fd520ef9d434bfbc63',
    name: 'bus.jpg',
    pattern: /yolov8n.*seg/i,
    classes: 80,
    // Of the zoo's model on RDK X5, and of the float model on ONNX Runtime.
    instances: 6,
  },
];
