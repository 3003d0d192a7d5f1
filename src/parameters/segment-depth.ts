import { DISTORTION_MODES } from '../message/read/camera-info.js';
import { REGISTRATIONS } from '../vision/depth/registration.js';
import { parameterTable } from './parameter.js';

/** Parameters of the node `segment` for depth pictures: their topics, how they are paired with images, and what is made from them. */
export const DEPTH_PARAMETERS = parameterTable({
  depth: {
    type: 'string_array',
    default: [],
    placed: true,
    help: "topics of depth pictures (16UC1 or mono16 in millimeters, 32FC1 in meters), one for each camera ('': none): positions, boxes and points of objects, and depth without chosen classes; empty: no depth",
    zh: "深度图话题（16UC1 或 mono16，单位毫米；32FC1，单位米），每台相机一个（''：无）：用于得到物体的位置、三维框和点云，以及去掉所选类别的深度图；留空则不用深度",
  },
  depth_info: {
    type: 'string_array',
    default: [],
    placed: true,
    help: "CameraInfo topics of the depth cameras, one for each ('': camera_info below or beside the depth topic)",
    zh: "深度相机的 CameraInfo 话题，每台一个（''：深度话题之下或旁边的 camera_info）",
  },
  camera_info: {
    type: 'string_array',
    default: [],
    placed: true,
    help: "CameraInfo topics of the color cameras, one for each, for depth that is not registered ('': camera_info below or beside the image topic)",
    zh: "彩色相机的 CameraInfo 话题，每台一个，用于未配准的深度（''：图像话题之下或旁边的 camera_info）",
  },
  depth_registration: {
    type: 'string',
    default: 'auto',
    choices: REGISTRATIONS,
    help: "whether depth is aligned to the color pictures (registered) or projected by both cameras' intrinsics and tf (projected); auto: registered if frame_ids are equal, sides in proportion and known intrinsics the same",
    zh: '深度图是否已与彩色图对齐（registered），或须按两台相机的内参和 tf 投影（projected）；auto：frame_ids 相同、边长成比例，且内参一致（两者均已知时），即视为已配准',
  },
  depth_distortion: {
    type: 'string',
    default: 'auto',
    choices: DISTORTION_MODES,
    help: 'whether D (distortion) of CameraInfo is applied to depth and color pictures; auto: to those whose topic does not name them rectified (a word rect, rectified, rectify or stereonet)',
    zh: '是否对深度图和彩色图应用 CameraInfo 中的畸变系数；auto：话题名未表明已校正（其中没有 rect、rectified、rectify 或 stereonet 一词）的图像才应用',
  },
  depth_tolerance: {
    type: 'integer',
    default: 50,
    range: [0, 10_000],
    help: 'milliseconds by which the stamps of a depth picture and an image may differ; the nearest is taken',
    zh: '深度图与图像的时间戳最多相差的毫秒数；取最近的一个',
  },
  depth_queue: {
    type: 'integer',
    default: 10,
    range: [1, 100],
    help: 'number of depth pictures that are kept, and of results that may wait for theirs',
    zh: '保留的深度图数量，也是等待深度图的结果的最大数量',
  },
  depth_timeout: {
    type: 'integer',
    default: 300,
    range: [0, 10_000],
    help: 'milliseconds that a result may wait for its depth picture or a transform; PerceptionTargets wait with it while depth arrives',
    zh: '结果等待其深度图或坐标变换的最长毫秒数；只要收到深度图，PerceptionTargets 也会随之等待',
  },
  depth_up_frame: {
    type: 'string',
    default: '',
    help: 'frame of tf whose z axis points up, such as base_link, for boxes of a tilted camera; empty: the depth camera is level',
    zh: 'tf 中 z 轴朝上的坐标系，如 base_link，相机倾斜时用它得到直立的三维框；留空：视深度相机为水平',
  },
  depth_step: {
    type: 'integer',
    default: 0,
    range: [0, 64],
    dynamic: true,
    help: 'every so many pixels of a row, and every so many rows of the depth picture become points; 0: 2 for 640x352, 4 for 1280x720, others in proportion',
    zh: '深度图每隔多少行、每行每隔多少像素取一个点；0：640x352 为 2，1280x720 为 4，其他按比例',
  },
  depth_band: {
    type: 'integer',
    default: 2,
    range: [0, 64],
    dynamic: true,
    help: 'pixels of the depth picture along the edge of a mask that do not become points, because depths mix there',
    zh: '掩码边缘不取点的宽度，单位为深度图的像素，因为那里远近深度混杂',
  },
  depth_mask_classes: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'names or ids of the classes that ~/depth_masked is without; empty: all that are reported',
    zh: '~/depth_masked 去掉的类别的名称或编号；留空：所有输出的类别',
  },
  depth_mask_margin: {
    type: 'integer',
    default: 4,
    range: [0, 64],
    dynamic: true,
    help: 'pixels of the depth picture by which masks are grown for ~/depth_masked',
    zh: '为 ~/depth_masked 把掩码向外扩大多少，单位为深度图的像素',
  },
});
