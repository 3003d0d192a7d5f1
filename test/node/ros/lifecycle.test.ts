import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { installedType } from '../../../src/message/installed-type.js';
import { Lifecycle, type LifecycleWork } from '../../../src/node/ros/lifecycle.js';
import { readBack } from '../../message/write/samples.js';
import { FakeRos } from '../fake-ros.js';

interface Event {
  transition: { id: number; label: string };
  start_state: { id: number; label: string };
  goal_state: { id: number; label: string };
}

/** A transition as services tell it. */
interface Described {
  transition: { id: number; label: string };
  start_state: { id: number; label: string };
  goal_state: { id: number; label: string };
}

describe('Lifecycle', () => {
  let ros: FakeRos;
  let done: string[];
  let fail: string | undefined;
  /** Held up until it is called, for transitions that take long. */
  let hold: Promise<void> | undefined;
  let lifecycle: Lifecycle;

  beforeEach(() => {
    ros = new FakeRos();
    done = [];
    fail = hold = undefined;
    const step = (name: string) => async (): Promise<void> => {
      await hold;
      done.push(`${name} while ${lifecycle.state}`);
      if (fail === name) throw new Error(`no ${name} today`);
    };
    const work: LifecycleWork = {
      configure: step('configure'),
      cleanup: step('cleanup'),
      activate: step('activate'),
      deactivate: step('deactivate'),
      shutdown: step('shutdown'),
    };
    lifecycle = new Lifecycle(ros.node, work);
  });

  const events = (): string[] =>
    ros.published.map((cdr) => {
      const { transition, start_state, goal_state } = readBack<Event>(
        installedType('lifecycle_msgs/TransitionEvent'),
        cdr,
      );
      return `${transition.label} ${transition.id}: ${start_state.label} ${start_state.id} > ${goal_state.label} ${goal_state.id}`;
    });

  const change = (id: number, label = ''): Promise<boolean> =>
    ros
      .call<{ success: boolean }>('~/change_state', { transition: { id, label } })
      .then(({ success }) => success);

  it('does its work between two states, and publishes both transitions', async () => {
    assert.equal(lifecycle.state, 'unconfigured');
    await lifecycle.request('configure');
    await lifecycle.request('activate');
    assert.equal(lifecycle.state, 'active');
    assert.deepEqual(done, ['configure while configuring', 'activate while activating']);
    // Numbers of lifecycle_msgs/msg/State and Transition.
    assert.deepEqual(events(), [
      'configure 1: unconfigured 1 > configuring 10',
      'configure 1: configuring 10 > inactive 2',
      'activate 3: inactive 2 > activating 13',
      'activate 3: activating 13 > active 3',
    ]);
  });

  it('returns to the former state when the work fails, and keeps the reason until a transition succeeds', async () => {
    fail = 'configure';
    await assert.rejects(lifecycle.request('configure'), /no configure today/);
    assert.deepEqual([lifecycle.state, lifecycle.problem], ['unconfigured', 'no configure today']);
    assert.deepEqual(ros.lines, ['error: configure: no configure today']);
    assert.equal(events().at(-1), 'configure 1: configuring 10 > unconfigured 1');
    fail = undefined;
    await lifecycle.request('configure');
    assert.deepEqual([lifecycle.state, lifecycle.problem], ['inactive', undefined]);
  });

  it('lists the possible transitions for an impossible one', async () => {
    await assert.rejects(
      lifecycle.request('activate'),
      /In state unconfigured only these transitions are possible: configure, shutdown\./,
    );
    await lifecycle.request('shutdown');
    await assert.rejects(lifecycle.request('configure'), /In state finalized .* possible: none\./);
    assert.deepEqual(done, ['shutdown while shuttingdown']);
    assert.equal(ros.lines.filter((line) => line.startsWith('warning: In state')).length, 2);
  });

  it('makes one transition at a time, in the order of requests', async () => {
    let release!: () => void;
    hold = new Promise((resolve) => (release = resolve));
    const all = [
      lifecycle.request('configure'),
      lifecycle.request('activate'),
      lifecycle.request('deactivate'),
    ];
    const beside = lifecycle.exclusive(() => Promise.resolve(lifecycle.state));
    const wrong = assert.rejects(lifecycle.request('deactivate'), /In state inactive/);
    release();
    await Promise.all(all);
    assert.equal(await beside, 'inactive');
    await wrong;
    assert.deepEqual(done, [
      'configure while configuring',
      'activate while activating',
      'deactivate while deactivating',
    ]);
  });

  it('continues after other work failed', async () => {
    await assert.rejects(
      lifecycle.exclusive(() => Promise.reject(new Error('a bad model'))),
      /a bad model/,
    );
    await lifecycle.request('configure');
    assert.equal(lifecycle.state, 'inactive');
  });

  it('is changed by id or by label, the label first, and reports whether it changed', async () => {
    assert.equal(await change(1), true);
    assert.equal(await change(3, 'cleanup'), true, 'the label counts, as in rcl');
    assert.equal(lifecycle.state, 'unconfigured');
    assert.equal(await change(3), false, 'not from here');
    assert.equal(await change(99, 'fly'), false);
    assert.equal(await change(5), true);
    assert.equal(lifecycle.state, 'finalized');
  });

  it('shuts down from each primary state by the id for it', async () => {
    for (const [before, id] of [
      [[], 5],
      [['configure'], 6],
      [['configure', 'activate'], 7],
    ] as const) {
      const other = new FakeRos();
      const own = new Lifecycle(other.node, {
        configure: () => Promise.resolve(),
        cleanup: () => Promise.resolve(),
        activate: () => Promise.resolve(),
        deactivate: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      });
      for (const step of before) await own.request(step);
      const { success } = await other.call<{ success: boolean }>('~/change_state', {
        transition: { id, label: '' },
      });
      assert.deepEqual([success, own.state], [true, 'finalized'], String(id));
    }
  });

  it('answers the requests of ros2 lifecycle', async () => {
    await lifecycle.request('configure');
    assert.deepEqual(await ros.call('~/get_state', {}), { current_state: { id: 2, label: 'inactive' } });
    const states = await ros.call<{ available_states: { id: number; label: string }[] }>(
      '~/get_available_states',
      {},
    );
    assert.deepEqual(
      states.available_states.map(({ id, label }) => `${id} ${label}`),
      [
        ...['1 unconfigured', '2 inactive', '3 active', '4 finalized', '10 configuring', '11 cleaningup'],
        ...['12 shuttingdown', '13 activating', '14 deactivating'],
      ],
    );
    const now = await ros.call<{ available_transitions: Described[] }>('~/get_available_transitions', {});
    assert.deepEqual(
      now.available_transitions.map(({ transition, goal_state }) => `${transition.id} ${goal_state.label}`),
      ['2 unconfigured', '3 active', '6 finalized'],
    );
    const graph = await ros.call<{ available_transitions: Described[] }>('~/get_transition_graph', {});
    assert.equal(graph.available_transitions.length, 7);
  });
});
