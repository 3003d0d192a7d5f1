import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { it } from 'mocha';
import { describeUnless } from '../skips.js';
import { firstPort, takeDomain } from './domain.js';

/** Offset of the port that a domain's first participant is reached at. */
const FIRST_PARTICIPANT = 10;

describeUnless(process.platform === 'linux' ? false : 'it reads /proc', 'the domains of tests on ROS', () => {
  it('belong to one suite each', async () => {
    const taken = await Promise.all([takeDomain(), takeDomain(), takeDomain()]);
    assert.equal(new Set(taken.map(({ id }) => id)).size, 3);
    assert.ok(taken.every(({ id }) => id >= 1 && id <= 101));
    for (const domain of taken) domain.release();
  });

  it('are unused', async () => {
    const free = await takeDomain();
    const socket = createSocket('udp4');
    socket.bind(firstPort(free.id) + FIRST_PARTICIPANT, '127.0.0.1');
    await once(socket, 'listening');
    free.release();
    const other = await takeDomain();
    assert.notEqual(other.id, free.id);
    other.release();
    socket.close();
  });
});
