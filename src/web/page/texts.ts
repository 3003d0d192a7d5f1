import { keep, kept } from './dom.js';

const ENGLISH = {
  language: '中文',
  languageLabel: '切换到中文',
  dark: 'Dark',
  light: 'Light',
  theme: 'Colors: {0}',
  automatic: 'automatic',
  connected: 'connected',
  connecting: 'connecting …',
  lost: 'Connection lost. Reconnecting …',
  reload: 'The server runs another version. Reload this page.',
  picture:
    'Picture of camera {0}. Arrow keys go from object to object, Escape deselects. Plus and minus zoom, 0 shows the whole picture, Shift with an arrow key moves it.',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  zoomed: 'Zoom {0} %',
  zones: 'Zones and lines of camera {0}',
  zonePresent: '{0} present',
  zoneEntered: '{0} entered',
  zoneLeft: '{0} left',
  comma: ', ',
  objects: '{0} objects',
  object: '1 object',
  noFrame: 'No picture yet',
  full: 'Full size',
  fullscreen: 'Full screen',
  snapshot: 'Save picture',
  record: 'Record 30 s',
  recording: 'Recording, {0} s left',
  recordingTo: 'Recording to {0}',
  settings: 'Settings',
  readOnly: 'Read-only. Set web_token (--token) to change settings here.',
  needsToken: 'Enter the token to change settings.',
  token: 'Token',
  enter: 'Enter',
  score: 'Minimum score',
  iou: 'Box overlap (NMS)',
  max_detections: 'Maximum objects',
  tracking: 'Track objects',
  classes: 'Classes',
  allClasses: 'All classes',
  findClass: 'Find a class',
  load: 'Load',
  modelName: 'Model',
  rates: 'Frames per second',
  latency: 'Milliseconds',
  received: 'received',
  answered: 'results',
  dropped: 'dropped',
  wait: 'wait',
  preprocess: 'letterbox',
  inference: 'inference',
  decode: 'decoder',
  publish: 'messages',
  class: 'Class',
  scoreOf: 'Score',
  id: 'ID',
  size: 'Size',
  area: 'Area',
  distance: 'Distance',
  clients: 'pages connected: {0}',
  behind: 'frames skipped for this page: {0}',
} as const;

export type TextName = keyof typeof ENGLISH;

const CHINESE: Readonly<Record<TextName, string>> = {
  language: 'English',
  languageLabel: 'Switch to English',
  dark: '深色',
  light: '浅色',
  theme: '配色：{0}',
  automatic: '自动',
  connected: '已连接',
  connecting: '正在连接…',
  lost: '连接已断开，正在重试…',
  reload: '服务器版本不同，请刷新页面。',
  picture: '相机 {0} 的画面。方向键切换目标，Esc 键取消选择，加减号缩放，0 显示全部，Shift 加方向键移动。',
  zoomIn: '放大',
  zoomOut: '缩小',
  zoomed: '缩放 {0} %',
  zones: '相机 {0} 的区域和计数线',
  zonePresent: '{0} 个在内',
  zoneEntered: '{0} 个进入',
  zoneLeft: '{0} 个离开',
  comma: '，',
  objects: '{0} 个目标',
  object: '1 个目标',
  noFrame: '尚无画面',
  full: '原始尺寸',
  fullscreen: '全屏',
  snapshot: '保存画面',
  record: '录制 30 秒',
  recording: '正在录制，剩余 {0} 秒',
  recordingTo: '正在录制到 {0}',
  settings: '设置',
  readOnly: '只读：设置 web_token（--token）后才能修改。',
  needsToken: '输入令牌后才能修改设置。',
  token: '令牌',
  enter: '确定',
  score: '最低置信度',
  iou: '框重叠阈值（NMS）',
  max_detections: '最多目标数',
  tracking: '跟踪目标',
  classes: '类别',
  allClasses: '全部类别',
  findClass: '查找类别',
  load: '加载',
  modelName: '模型',
  rates: '每秒帧数',
  latency: '毫秒',
  received: '接收',
  answered: '结果',
  dropped: '丢弃',
  wait: '等待',
  preprocess: '缩放',
  inference: '推理',
  decode: '解码',
  publish: '发布',
  class: '类别',
  scoreOf: '置信度',
  id: '编号',
  size: '尺寸',
  area: '面积',
  distance: '距离',
  clients: '已连接页面：{0}',
  behind: '本页跳过的帧：{0}',
};

export type Language = 'en' | 'zh';

let language: Language =
  kept('language') === 'zh' || kept('language') === 'en' ? (kept('language') as Language) : preferred();

function preferred(): Language {
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}

export function currentLanguage(): Language {
  return language;
}

export function setLanguage(next: Language): void {
  language = next;
  keep('language', next);
}

/** The text in the user's language; {0} is replaced. */
export function text(name: TextName, value: string | number = ''): string {
  return (language === 'zh' ? CHINESE : ENGLISH)[name].replace('{0}', String(value));
}
