// Builds what all tests on ROS share, before they run: the workspace, and the model for the emulated BPU. Where there is no
// ROS, or no colcon, nothing.
import { recordedModel } from './recorded-model.js';
import { buildWorkspace, rosSkip } from './workspace.js';

if (rosSkip === false) {
  const begin = performance.now();
  buildWorkspace();
  recordedModel();
  console.log(`ROS workspace built in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
}
