/**
 * Starts worker threads, some at a time, and terminates each while the addon works for it, in a process of its own as that
 * would end by a fault in it. Prints how many there were.
 *
 *     node dist/test/native/ended-workers.js KIND COUNT [MODEL]
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { addon } from '../../src/native/addon.js';

const AT_ONCE = 4;

const [kind, count, model] = process.argv.slice(2);
let left = Number(count);
let ended = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (left-- > 0) {
      const worker = new Worker(new URL('./ended-worker.js', import.meta.url), {
        workerData: { kind, model },
      });
      await once(worker, 'message'); // rejects with what goes wrong in it
      await worker.terminate();
      ended++;
    }
  }),
);
if (kind === 'brief') {
  // Threads that were given up, until their frames time out.
  while (addon().aliveObjects().threads > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}
process.stdout.write(String(ended));
