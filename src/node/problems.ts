import { type Clock, steadyClock } from '../clock.js';

/** Milliseconds between lines. */
const PAUSE = 1000;

/** Writes problems into the log, one line a second at most, so that a camera of garbage does not flood it. */
export class Problems {
  #next = 0;
  #kept = 0;

  constructor(
    private readonly write: (line: string) => void,
    private readonly clock: Clock = steadyClock,
  ) {}

  report(problem: string): void {
    const now = this.clock();
    if (now < this.#next) {
      this.#kept++;
      return;
    }
    this.#next = now + PAUSE;
    this.write(this.#kept > 0 ? `${problem} (and ${this.#kept} more since the last line)` : problem);
    this.#kept = 0;
  }
}
