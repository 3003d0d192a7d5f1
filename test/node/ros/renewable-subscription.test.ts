import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { Random } from '../../../src/media/scene/random.js';
import { Handover } from '../../../src/node/ros/renewable-subscription.js';
import { repository } from '../../data.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('Handover', () => {
  const folder = temporaryFolder('handover');

  it('delivers each message once, in whatever order two subscriptions receive it', () => {
    const random = new Random(7);
    for (let round = 0; round < 500; round++) {
      // The new one hears all from some message on; a former one with queued messages lags behind.
      const [first, last] = [random.integer(5), 20];
      const queues = [numbers(0, last), numbers(first, last)];
      const handover = new Handover(false);
      const taken: number[] = [];
      while (queues[1]!.length > 0 || (queues[0]!.length > 0 && !handover.over)) {
        const byNew = random.next() < 0.5;
        const message = queues[Number(byNew)]!.shift();
        if (message === undefined) continue;
        if (handover.admit(byNew, String(message), 0)) taken.push(message);
      }
      assert.deepEqual(
        taken.toSorted((a, b) => a - b),
        numbers(0, last),
      );
      assert.ok(handover.over);
    }
  });

  it('delivers each message of several publishers once until it is ended, whichever of them is discovered first', () => {
    const handover = new Handover(true);
    assert.ok(handover.admit(false, 'a1', 0));
    assert.ok(!handover.admit(true, 'a1', 0));
    assert.ok(handover.admit(true, 'a2', 5000));
    assert.ok(!handover.admit(false, 'a2', 5000));
    // The other publisher has not discovered the new one yet.
    assert.ok(handover.admit(false, 'b1', 5001));
    assert.ok(!handover.over);
    handover.end();
    assert.ok(handover.over);
    assert.ok(!handover.admit(false, 'b2', 5002));
    assert.ok(handover.admit(true, 'b2', 5002));
  });

  it('drops a former subscription without messages a second after the new one began', () => {
    const handover = new Handover(false);
    assert.ok(handover.admit(true, 'a', 5000));
    assert.ok(handover.admit(true, 'b', 6000));
    assert.ok(!handover.over);
    assert.ok(handover.admit(true, 'c', 6001));
    assert.ok(handover.over);
    assert.ok(!handover.admit(false, 'd', 6001));
  });

  it('switches at the first message of the new subscription if stamps are not set', () => {
    const handover = new Handover(false);
    assert.ok(handover.admit(false, undefined, 0));
    assert.ok(handover.admit(true, undefined, 0));
    assert.ok(handover.over);
  });

  it('accepts stamps that a publisher repeats', () => {
    const handover = new Handover(false);
    assert.ok(handover.admit(false, 'a', 0));
    assert.ok(handover.admit(false, 'a', 0));
  });

  for (const several of [false, true]) {
    it(`goes on with stamps that stand still after the handover (${several ? 'several publishers' : 'one publisher'})`, () => {
      const handover = new Handover(several);
      for (let i = 0; i < 5; i++) assert.ok(handover.admit(false, 'still', i));
      let missed = 0;
      for (let i = 0; i < 20; i++) {
        if (i === 10) handover.end();
        if (!handover.admit(true, 'still', 10 + i)) missed++;
      }
      assert.equal(missed, several ? 5 : 1);
    });
  }

  it('follows the same rules as in C++', function () {
    this.timeout(120_000);
    const program = join(folder, 'handover');
    writeFileSync(
      `${program}.cc`,
      `
      #include <cstdio>
      #include "ros/handover.h"
      int main() {
        long long kind, by_new, stamp, now;
        ros::Handover handover(false);
        while (std::scanf("%lld %lld %lld %lld", &kind, &by_new, &stamp, &now) == 4) {
          if (kind == 0) handover = ros::Handover(by_new != 0);
          if (kind == 1) handover.End();
          bool admitted = false;
          if (kind == 2) admitted = handover.Admit(by_new != 0, stamp, ros::Handover::Clock::time_point(std::chrono::milliseconds(now)));
          std::printf("%d%d\\n", admitted, handover.over());
        }
      }`,
    );
    execFileSync('c++', ['-std=c++17', '-I', join(repository, 'native'), '-o', program, `${program}.cc`]);
    const random = new Random(11);
    const [lines, expected]: [string[], string[]] = [[], []];
    let handover = new Handover(false);
    for (let step = 0, now = 0; step < 20_000; step++) {
      now += random.integer(80);
      const byNew = random.next() < 0.5;
      const stamp =
        random.next() < 0.05 ? 0 : 1 + Math.floor(step / 3) - random.integer(random.next() < 0.5 ? 2 : 40);
      const kind = random.next() < 0.02 ? 0 : random.next() < 0.02 ? 1 : 2;
      let admitted = false;
      if (kind === 0) handover = new Handover(byNew);
      else if (kind === 1) handover.end();
      else admitted = handover.admit(byNew, stamp === 0 ? undefined : String(stamp), now);
      lines.push(`${kind} ${Number(byNew)} ${stamp} ${now}`);
      expected.push(`${Number(admitted)}${Number(handover.over)}`);
    }
    const output = execFileSync(program, { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
    assert.deepEqual(output.trimEnd().split('\n'), expected);
  });
});

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
