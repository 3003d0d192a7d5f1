export { Scene, SCENE_RING, type RenderedFrame, type SceneOptions } from './scene.js';
export { SceneSource, SCENE_EPOCH, type SceneFrame } from './scene-source.js';
export type { SceneTruth } from './truth.js';
