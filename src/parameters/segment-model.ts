import { ENGINES } from '../engine/registry.js';
import { HEAD_ROLES } from '../vision/decode/heads.js';
import { COLOR_RANGES, DEFAULT_COLOR_RANGE } from '../vision/picture/color-range.js';
import { parameterTable } from './parameter.js';

/** Parameters of the node `segment` for the model and the engine that runs it. */
export const MODEL_PARAMETERS = parameterTable({
  model: {
    type: 'string',
    default: '',
    help: 'path of the model: .bin for the BPU, .onnx (cut into heads or a stock export) for the CPU; or a name from tros-yolo-seg model list; empty: the bundled demo model',
    zh: '模型文件的路径：.bin 在 BPU 上运行，.onnx（切到检测头，或原样导出）在 CPU 上运行；也可以是 tros-yolo-seg model list 列出的名称；留空则用自带的演示模型',
  },
  engine: {
    type: 'string',
    default: 'auto',
    choices: ENGINES,
    help: 'where the model runs; auto: .bin on the BPU, others on the CPU',
    zh: '模型在哪里运行；auto：.bin 在 BPU 上，其他在 CPU 上',
  },
  labels: {
    type: 'string',
    default: '',
    help: "path of a file of class names, one per line; empty: the model's own names, else COCO's for 80 classes (its ids for 91 of RF-DETR), else numbers",
    zh: '类别名称文件的路径，每行一个；留空则依次取：模型自带的名称、COCO 的名称（80 类；RF-DETR 的 91 类按 COCO 的 id）、编号',
  },
  heads: {
    type: 'string_array',
    default: [],
    help: `role of each output in order, for models whose heads cannot be told apart: ${HEAD_ROLES.join(', ')}`,
    zh: `按顺序给出每个输出的角色，用于无法自动区分各个头的模型：${HEAD_ROLES.join(', ')}`,
  },
  slots: {
    type: 'integer',
    default: 0,
    range: [0, 8],
    help: 'number of frames that the engine processes at the same time; 0: two',
    zh: '引擎同时处理的帧数；0：两帧',
  },
  threads: {
    type: 'integer',
    default: 0,
    range: [0, 256],
    help: 'threads of the CPU engine; 0: the number of cores',
    zh: 'CPU 引擎的线程数；0：与核数相同',
  },
  model_name: {
    type: 'string',
    default: '',
    help: 'name of the model, for a .bin file that contains several',
    zh: '模型名称，用于包含多个模型的 .bin 文件',
  },
  library: {
    type: 'string',
    default: '',
    help: 'path of libdnn.so; empty: $TROS_YOLO_SEG_LIBDNN, else its usual paths on RDK X5 and X3',
    zh: 'libdnn.so 的路径；留空则用 $TROS_YOLO_SEG_LIBDNN，否则用它在 RDK X5 和 X3 上的常见路径',
  },
  bpu_core: {
    type: 'integer',
    default: 0,
    range: [0, 2],
    help: 'BPU core: 0 for any, 1 or 2 (HB_BPU_CORE_0 or HB_BPU_CORE_1 of libdnn); leave it at 0 on RDK X5, which has one core',
    zh: 'BPU 核：0 表示任意，1 或 2 对应 libdnn 的 HB_BPU_CORE_0 或 HB_BPU_CORE_1；RDK X5 只有一个核，请保持 0',
  },
  bpu_priority: {
    type: 'integer',
    default: 0,
    range: [0, 255],
    help: 'priority on the BPU; waiting frames of higher priority run first',
    zh: '在 BPU 上的优先级；排队的帧中优先级高的先运行',
  },
  bpu_timeout: {
    type: 'integer',
    default: 5000,
    range: [1, 600_000],
    help: 'milliseconds after which a frame on the BPU times out',
    zh: '一帧在 BPU 上超过多少毫秒算超时',
  },
  color_range: {
    type: 'string',
    default: DEFAULT_COLOR_RANGE,
    choices: COLOR_RANGES,
    help: "range of the cameras' YUV samples; JPEG cameras and TROS send full range",
    zh: '相机 YUV 采样的取值范围；JPEG 相机和 TROS 用 full（全范围）',
  },
});
