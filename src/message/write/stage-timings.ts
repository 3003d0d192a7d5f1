import type { EngineTimings } from '../../engine/engine.js';

/** Milliseconds spent on one frame, stage by stage. */
export interface StageTimings extends EngineTimings {
  /** From head tensors to instances. */
  readonly decode: number;
}
