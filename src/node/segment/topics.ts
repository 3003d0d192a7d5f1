import type { Output } from '../../message/output.js';
import { OUTPUTS } from '../../message/outputs.js';
import { SEGMENT_PARAMETERS } from '../../parameters/segment.js';

/** The topics of the node with default parameters: the table of docs/parameters.md. */
export const PUBLISHED_TOPICS: readonly Output[] = Object.values(OUTPUTS).map((row) => ({
  ...row,
  topic: row.topic.replace('{tros_topic}', SEGMENT_PARAMETERS.tros_topic.default),
}));

export interface Service {
  readonly name: string;
  readonly type: string;
  readonly what: string;
}

const LIFECYCLE = 'as in any managed node: `ros2 lifecycle`';

export const SERVICES: readonly Service[] = [
  {
    name: '~/enable',
    type: 'std_srvs/srv/SetBool',
    what: 'stops and restarts processing of images; the model stays loaded',
  },
  {
    name: '~/load_model',
    type: 'tros_yolo_seg/srv/LoadModel',
    what: 'loads another model while the node runs; if that fails, the current model stays in use',
  },
  {
    name: '~/reset_tracks',
    type: 'std_srvs/srv/Trigger',
    what: 'ends all tracks, as a jump of the stamps does; ids do not come again',
  },
  {
    name: '~/reset_counts',
    type: 'std_srvs/srv/Trigger',
    what: 'lets zones and lines count from 0; who is inside has entered',
  },
  { name: '~/change_state', type: 'lifecycle_msgs/srv/ChangeState', what: LIFECYCLE },
  { name: '~/get_state', type: 'lifecycle_msgs/srv/GetState', what: LIFECYCLE },
  { name: '~/get_available_states', type: 'lifecycle_msgs/srv/GetAvailableStates', what: LIFECYCLE },
  {
    name: '~/get_available_transitions',
    type: 'lifecycle_msgs/srv/GetAvailableTransitions',
    what: LIFECYCLE,
  },
  { name: '~/get_transition_graph', type: 'lifecycle_msgs/srv/GetAvailableTransitions', what: LIFECYCLE },
];
