import { Worker } from 'node:worker_threads';
import { type FrameDraft, FrameMemory } from '../../src/web/feed/frame-memory.js';
import { NO_START } from '../../src/web/feed/page-worker.js';
import { FrameCounts } from '../../src/web/feed/shared-state.js';

/** The thread of pages without the PageWorker that usually starts it; its orders have no pictures to compress. */
export function bareThread(): Worker {
  const work = import.meta.resolve('../../src/web/feed/thread-work.js');
  const code = `import { work } from '${work}'; work(() => Promise.reject(new Error('no encoder')));`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    ...{ execArgv: [], workerData: { counts: FrameCounts.of(1).memory } },
  });
}

/** Memory with an order for a file. */
export function fileOrder(): FrameMemory {
  const draft: FrameDraft = {
    ...{ id: 7, camera: 0, sequence: 1, start: NO_START, picture: undefined, pages: [] },
    file: true,
  };
  const memory = FrameMemory.of(3, FrameMemory.bytesOf(draft));
  memory.write(draft);
  return memory;
}
