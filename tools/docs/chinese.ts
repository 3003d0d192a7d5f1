import { ExpectationError } from '../../src/base/expect.js';

/** The Chinese of what stands in the tables of topics, services, image messages and encodings, by the English text. */
export const CHINESE: Readonly<Record<string, string>> = {
  // Heads of columns
  topic: '话题',
  type: '类型',
  when: '何时发布',
  what: '说明',
  service: '服务',
  value: '取值',
  native: '原生订阅',
  'from the camera stand-in': '由模拟相机发布',
  encoding: '编码',
  'other names': '别名',
  'how it is read': '读取方式',

  // QoS
  'reliable, volatile, depth 10': '可靠（reliable），volatile，深度 10',
  'reliable, volatile, depth 5': '可靠（reliable），volatile，深度 5',
  'reliable, volatile, depth 2': '可靠（reliable），volatile，深度 2',
  'reliable, transient local, depth 1': '可靠（reliable），transient local，深度 1',
  'best effort, volatile, depth 5': '尽力而为（best effort），volatile，深度 5',

  // When topics are published
  'every frame, while subscribed to': '每帧，有订阅者时',
  'every frame with a depth picture, while subscribed to; with parameter `depth`':
    '每个有深度图的帧，有订阅者时；需设置参数 `depth`',
  'with each model, and once a second while subscribed to': '每次加载模型时，以及有订阅者时每秒一次',
  'on each change, and every `watchdog` ms': '每次变化时，以及每隔 `watchdog` 毫秒',
  'with each model, and when `score` or `classes` changes':
    '每次加载模型时，以及 `score` 或 `classes` 改变时',
  'once a second': '每秒一次',
  'on each transition': '每次状态转换时',

  // Topics
  'boxes, class names, scores': '框、类别名称、得分',
  'the same with one mask each, and timings': '同上，另有每个实例的掩码和各阶段耗时',
  "for TROS's web page and displays: boxes, masks, timings; renamed by parameter `tros_topic`":
    '供 TROS 的网页和显示节点使用：框、掩码、耗时；话题名由参数 `tros_topic` 决定',
  'outlines and labels that Foxglove draws': '由 Foxglove 绘制的轮廓和标签',
  'what zones and lines have counted (parameters `zones`, `lines`), and who came in and went out':
    '各区域和线的计数（参数 `zones`、`lines`），以及哪些物体进入、哪些离开',
  'mono16 of the size of the masks: 0 background, i + 1 the i-th instance':
    'mono16，与掩码同大：0 为背景，i + 1 为第 i 个实例',
  'the same as PNG of 16 bits, without loss, for recordings and networks; left out when packing is behind':
    '同上，16 位 PNG，无损，用于录制和网络传输；来不及压缩时跳过',
  "rgb8 as large as the masks: the instances in the overlay's colors on black, for viewers that show mono16 as gray":
    'rgb8，与掩码同大：黑底上用叠加图的颜色画出各实例，用于把 mono16 显示成灰度的查看器',
  'mono8, for costmaps: class id, 255 background; size by parameter `class_map_size`':
    'mono8，用于代价地图：类别 id，255 为背景；大小由参数 `class_map_size` 决定',
  'mono8, as large as the class map: score times 255 of what it shows, 0 background':
    'mono8，与类别图同大：图中所示实例的得分乘以 255，0 为背景',
  'position, upright box, class name, score and id of each object, in the optical frame of the depth camera':
    '每个物体的位置、直立的三维框、类别名称、得分和 id，在深度相机的光学坐标系中',
  'the boxes, with names and distances, for rviz2': '三维框及名称和距离，供 rviz2 显示',
  'points of all objects: x, y, z, rgb, class_id, confidence, instance_id':
    '所有物体的点云：x, y, z, rgb, class_id, confidence, instance_id',
  'the depth picture without the classes of parameter `depth_mask_classes`, in the same encoding, for maps without people':
    '去掉参数 `depth_mask_classes` 中各类别的深度图，编码不变，用于建立没有人的地图',
  'the depth picture without everything but the instances, in the same encoding':
    '只保留实例的深度图，编码不变',
  "class names in the order of their ids, which TROS's navigation waits for":
    '按 id 顺序排列的类别名称，TROS 的导航会等待它',
  'rgb8: the image with masks, boxes and labels': 'rgb8：画有掩码、框和标签的图像',
  'the overlay as JPEG': 'JPEG 格式的叠加图',
  'false: no result for `watchdog` ms; no message means the same':
    'false：已有 `watchdog` 毫秒没有结果；收不到消息也表示同样的情况',
  'ids and names of the classes that are reported, lowest score': '所输出类别的 id 和名称、最低得分',
  'state of the engine; rates, drops, latencies and last error of each camera':
    '引擎的状态；每台相机的帧率、丢帧数、延迟和最近一次错误',
  'transitions of the life cycle': '生命周期的状态转换',
  'With several cameras, the topics of each camera are `~/NAME/detections`, `~/NAME/alive` and so on, and `hobot_dnn_detection/NAME`.':
    '有多台相机时，每台相机的话题是 `~/NAME/detections`、`~/NAME/alive` 等，以及 `hobot_dnn_detection/NAME`。',

  // Services
  'stops and restarts processing of images; the model stays loaded': '停止或恢复处理图像；模型保持加载',
  'loads another model while the node runs; if that fails, the current model stays in use':
    '在节点运行中加载另一个模型；失败时继续使用当前模型',
  'ends all tracks, as a jump of the stamps does; ids do not come again':
    '结束所有跟踪，与时间戳跳变时相同；id 不会再次出现',
  'lets zones and lines count from 0; who is inside has entered':
    '区域和线从 0 重新计数；仍在区域内的算作进入',
  'as in any managed node: `ros2 lifecycle`': '与所有受管节点相同：`ros2 lifecycle`',

  // Image messages and encodings
  yes: '是',
  on: '话题',
  ', ': '，',
  'in place': '原地读取',
  'converted to NV12': '转换为 NV12',
  'in place by native subscriptions; else from a copy with its chroma swapped':
    '原生订阅原地读取；否则从交换了色度的副本读取',
  'converted to NV12; chroma is the average of two rows, `color_range` applies as for NV12':
    '转换为 NV12；色度取两行的平均，`color_range` 与 NV12 一样有效',
  'like yuyv': '同 yuyv',
  'converted to NV12; `mono16_max` is white': '转换为 NV12；`mono16_max` 为白色',
};

/** @throws ExpectationError for a text that has none: one that is new, or was changed */
export function chinese(text: string): string {
  const found = CHINESE[text];
  if (found !== undefined || text === '') return found ?? '';
  throw new ExpectationError(
    'a Chinese line for each text of the tables of topics and services',
    text,
    'Add it to tools/docs/chinese.ts.',
  );
}
