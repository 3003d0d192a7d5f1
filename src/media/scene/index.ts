export { Scene, SCENE_RING, type RenderedFrame, type SceneOptions } from './scene.js';
export { SceneSource, SCENE_EPOCH, type SceneFrame, type SceneSourceOptions } from './scene-source.js';
export type { SceneTruth, TruthObject } from './truth.js';
