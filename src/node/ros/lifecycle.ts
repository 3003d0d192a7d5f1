import { SerialQueue } from '../../base/serial-queue.js';
import { rowNames } from '../../base/row-names.js';
import { messageOf } from '../../base/expect.js';
import { CdrEncoder, cdrText, type CdrText } from '../../message/write/cdr-encoder.js';
import { installedType } from '../../message/installed-type.js';
import { shortName } from '../../message/message-type.js';
import { OUTPUTS } from '../../message/outputs.js';
import type { RawPublisher, RosNode } from './ros-node.js';

const EVENTS = OUTPUTS.transition_event;

/** Primary and transition states, with the numbers of lifecycle_msgs/msg/State. */
const STATES = {
  unconfigured: 1,
  inactive: 2,
  active: 3,
  finalized: 4,
  configuring: 10,
  cleaningup: 11,
  shuttingdown: 12,
  activating: 13,
  deactivating: 14,
} as const;
export type LifecycleState = keyof typeof STATES;

type Work = 'configure' | 'cleanup' | 'activate' | 'deactivate' | 'shutdown';

/** A transition that can be requested, with its number in lifecycle_msgs/msg/Transition. */
interface Transition {
  readonly id: number;
  readonly label: Work;
  readonly start: LifecycleState;
  readonly during: LifecycleState;
  readonly goal: LifecycleState;
}

const TRANSITIONS: readonly Transition[] = [
  { id: 1, label: 'configure', start: 'unconfigured', during: 'configuring', goal: 'inactive' },
  { id: 2, label: 'cleanup', start: 'inactive', during: 'cleaningup', goal: 'unconfigured' },
  { id: 3, label: 'activate', start: 'inactive', during: 'activating', goal: 'active' },
  { id: 4, label: 'deactivate', start: 'active', during: 'deactivating', goal: 'inactive' },
  { id: 5, label: 'shutdown', start: 'unconfigured', during: 'shuttingdown', goal: 'finalized' },
  { id: 6, label: 'shutdown', start: 'inactive', during: 'shuttingdown', goal: 'finalized' },
  { id: 7, label: 'shutdown', start: 'active', during: 'shuttingdown', goal: 'finalized' },
];

/** What a managed node does on its transitions. A rejection leaves the node in the state it was in. */
export type LifecycleWork = Readonly<Record<Work, () => Promise<void>>>;

interface TransitionEventMessage {
  timestamp: bigint;
  transition: { id: number; label: CdrText };
  start_state: { id: number; label: CdrText };
  goal_state: { id: number; label: CdrText };
}

/**
 * The life cycle of a managed node (design.ros2.org/articles/node_lifecycle.html) with the services and the topic that
 * `ros2 lifecycle` and launch_ros use.
 *
 * This replaces rclnodejs's LifecycleNode, whose callbacks must be synchronous. Loading a model on another thread is not: a node with
 * an async callback would be stuck in `configuring`.
 */
export class Lifecycle {
  #state: LifecycleState = 'unconfigured';
  readonly #encoder = new CdrEncoder<TransitionEventMessage>(installedType(shortName(EVENTS.type)));
  readonly #events: RawPublisher;
  /** The requested transitions; they run one at a time. */
  readonly #queue = new SerialQueue();
  /** Why the last transition failed. */
  #problem: string | undefined;

  constructor(
    private readonly ros: RosNode,
    private readonly work: LifecycleWork,
  ) {
    this.#events = ros.publish(EVENTS.type, EVENTS.topic, EVENTS.qos);
    ros.serve<{ transition: { id: number; label: string } }>(
      'lifecycle_msgs/srv/ChangeState',
      '~/change_state',
      async ({ transition }) => ({
        success: await this.#request(({ id, label }) =>
          // As in rcl: the label if it is given, else the number.
          transition.label === '' ? id === transition.id : label === transition.label,
        ).then(
          () => true,
          () => false,
        ),
      }),
    );
    ros.serve('lifecycle_msgs/srv/GetState', '~/get_state', () => ({
      current_state: stateMessage(this.#state),
    }));
    ros.serve('lifecycle_msgs/srv/GetAvailableStates', '~/get_available_states', () => ({
      available_states: rowNames(STATES).map(stateMessage),
    }));
    ros.serve('lifecycle_msgs/srv/GetAvailableTransitions', '~/get_available_transitions', () => ({
      available_transitions: TRANSITIONS.filter(({ start }) => start === this.#state).map(describe),
    }));
    ros.serve('lifecycle_msgs/srv/GetAvailableTransitions', '~/get_transition_graph', () => ({
      available_transitions: TRANSITIONS.map(describe),
    }));
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Why the last transition failed; undefined if it did not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Runs a transition after those requested before.
   *
   * Rejects if the state does not allow it, or with the rejection of the node's work.
   */
  request(label: Work): Promise<void> {
    return this.#request((transition) => transition.label === label);
  }

  /** Runs work after the transitions requested before; no transition runs meanwhile. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(work);
  }

  #request(wanted: (transition: Transition) => boolean): Promise<void> {
    return this.exclusive(() => this.#make(wanted));
  }

  async #make(wanted: (transition: Transition) => boolean): Promise<void> {
    const transition = TRANSITIONS.find((candidate) => candidate.start === this.#state && wanted(candidate));
    if (!transition) {
      const possible = TRANSITIONS.filter(({ start }) => start === this.#state).map(({ label }) => label);
      const message = `In state ${this.#state} only these transitions are possible: ${possible.join(', ') || 'none'}.`;
      this.ros.log.warn(message);
      throw new Error(message);
    }
    const { start, during, goal, label } = transition;
    this.#enter(during, transition);
    try {
      await this.work[label]();
      this.#problem = undefined;
      this.#enter(goal, transition);
    } catch (error) {
      this.#problem = messageOf(error);
      this.ros.log.error(`${label}: ${this.#problem}`);
      this.#enter(start, transition);
      throw error;
    }
  }

  #enter(state: LifecycleState, { id, label }: Transition): void {
    const before = this.#state;
    this.#state = state;
    this.#events.publish(
      this.#encoder.write({
        timestamp: this.ros.now(),
        transition: { id, label: cdrText(label) },
        start_state: { id: STATES[before], label: cdrText(before) },
        goal_state: { id: STATES[state], label: cdrText(state) },
      }),
    );
  }
}

function stateMessage(state: LifecycleState): { id: number; label: string } {
  return { id: STATES[state], label: state };
}

function describe({ id, label, start, goal }: Transition): object {
  return {
    transition: { id, label },
    start_state: stateMessage(start),
    goal_state: stateMessage(goal),
  };
}
