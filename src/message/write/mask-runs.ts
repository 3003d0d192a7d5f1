import type { Mask } from '../../vision/mask/segmentation.js';
import { Spans } from '../../vision/mask/runs.js';

const LONGEST_RUN = 0xffff;

/**
 * Run lengths of mask crops as msg/Mask.msg defines them: row-major, cells outside first, at most 65535 each.
 *
 * The runs of all masks of a message lie in one array, which the next message uses again.
 */
export class RunLengths {
  readonly #spans = new Spans();
  #runs = new Uint16Array(1 << 14);
  #used = 0;

  /** Forgets all runs; what `encode` returned is no longer valid. */
  clear(): void {
    this.#used = 0;
  }

  /** @returns the runs of `mask`, valid until `clear`; none for an empty mask */
  encode(mask: Mask): Uint16Array {
    const cells = mask.width * mask.height;
    const first = this.#used;
    const spans = this.#spans;
    spans.read(mask);
    let done = 0;
    for (let k = 0; k < spans.count; k++) {
      const start = spans.edges[2 * k]!;
      const end = spans.edges[2 * k + 1]!;
      this.#push(start - done);
      this.#push(end - start);
      done = end;
    }
    if (done < cells) this.#push(cells - done);
    return this.#runs.subarray(first, this.#used);
  }

  #push(length: number): void {
    let rest = length;
    while (rest > LONGEST_RUN) {
      this.#append(LONGEST_RUN);
      this.#append(0);
      rest -= LONGEST_RUN;
    }
    this.#append(rest);
  }

  #append(run: number): void {
    if (this.#used === this.#runs.length) {
      // Runs handed out before stay in the old array, which lives as long as they do.
      const larger = new Uint16Array(2 * this.#runs.length);
      larger.set(this.#runs);
      this.#runs = larger;
    }
    this.#runs[this.#used++] = run;
  }
}
