import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { withMiddleware } from '../../bench/zenoh.js';
import { temporaryFolder } from '../temporary-folder.js';

/** In place of rmw_zenohd, which is not installed here: listens where its settings say, and tells that it has ended. */
const ROUTER = `#!${process.execPath}
const { createServer } = require('node:net');
const { writeFileSync } = require('node:fs');
const [, port] = /listen\\/endpoints=\\["tcp\\/127\\.0\\.0\\.1:(\\d+)"\\];connect\\/endpoints=\\[\\]/.exec(process.env.ZENOH_CONFIG_OVERRIDE);
const server = createServer((socket) => socket.on('error', () => {})).listen(Number(port), '127.0.0.1');
process.on('SIGINT', () => { writeFileSync(process.env.ENDED, port); process.exit(0); });
`;

describe('withMiddleware', () => {
  const folder = temporaryFolder('zenoh');
  const prefix = join(folder, 'install');
  const ended = join(folder, 'ended');
  mkdirSync(join(prefix, 'lib/rmw_zenoh_cpp'), { recursive: true });
  const program = join(prefix, 'lib/rmw_zenoh_cpp/rmw_zenohd');
  writeFileSync(program, ROUTER);
  chmodSync(program, 0o755);
  const zenoh = { RMW_IMPLEMENTATION: 'rmw_zenoh_cpp', AMENT_PREFIX_PATH: prefix, ENDED: ended };

  it('changes nothing for other middlewares', async () => {
    const env = { RMW_IMPLEMENTATION: 'rmw_cyclonedds_cpp' };
    assert.equal(await withMiddleware((given) => Promise.resolve(given), env), env);
  });

  it('runs a router for Zenoh on a port of its own, tells it to the nodes, and ends it', async () => {
    const given = await withMiddleware((env) => {
      assert.ok(!existsSync(ended));
      return Promise.resolve(env);
    }, zenoh);
    const port = readFileSync(ended, 'utf8');
    assert.notEqual(port, '7447');
    assert.equal(given['ZENOH_CONFIG_OVERRIDE'], `connect/endpoints=["tcp/127.0.0.1:${port}"]`);
    assert.equal(given['ZENOH_ROUTER_CHECK_ATTEMPTS'], '0');
  });

  it('ends the router when the work fails', async () => {
    writeFileSync(ended, '');
    await assert.rejects(
      withMiddleware(() => Promise.reject(new Error('broken')), zenoh),
      /broken/,
    );
    assert.match(readFileSync(ended, 'utf8'), /^\d+$/);
  });

  it('says when the router is missing, or does not start', async () => {
    const work = (): Promise<never> => Promise.reject(new Error('never called'));
    await assert.rejects(withMiddleware(work, { ...zenoh, AMENT_PREFIX_PATH: folder }), /no rmw_zenohd/);
    const broken = join(folder, 'broken');
    mkdirSync(join(broken, 'lib/rmw_zenoh_cpp'), { recursive: true });
    writeFileSync(join(broken, 'lib/rmw_zenoh_cpp/rmw_zenohd'), '#!/bin/sh\nexit 1\n');
    chmodSync(join(broken, 'lib/rmw_zenoh_cpp/rmw_zenohd'), 0o755);
    await assert.rejects(
      withMiddleware(work, { ...zenoh, AMENT_PREFIX_PATH: broken }),
      /Expected the Zenoh router to listen on port \d+ but it has ended/,
    );
  });
});
