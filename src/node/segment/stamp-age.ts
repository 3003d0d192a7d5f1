import { Timeline } from './timeline.js';

/** Nanoseconds by which a stamp may be ahead: clocks of two machines differ, and a simulation's clock advances in steps. */
const AHEAD = 100_000_000n;
/** Age in nanoseconds above which a stamp cannot be the time of the picture on this clock: an hour. */
const BEHIND = 3_600_000_000_000n;

/** The age of frames by their stamps, if these are plausible. Some drivers send 0, or the time since the board was started. */
export class StampAge {
  #kind: 'none' | 'ok' | 'unset' | 'no clock' | 'ahead' | 'behind' | 'other run' = 'none';
  #age = 0n;
  readonly #timeline = new Timeline();

  /** The status of the last frame's stamp: "ok", "not set" ...; empty before the first frame. */
  get text(): string {
    switch (this.#kind) {
      case 'none':
        return '';
      case 'ok':
        return 'ok';
      case 'unset':
        return 'not set';
      case 'no clock':
        return 'unknown: /clock has not begun';
      case 'ahead':
        return `${seconds(-this.#age)} s ahead of the clock of this node`;
      case 'other run':
        return 'of another run than the clock: it went back, or the stamps did';
      case 'behind':
        return `${seconds(this.#age)} s behind the clock of this node`;
    }
  }

  /**
   * @param stamp of a frame @param now on the clock of ROS; 0: it has not started; both in nanoseconds
   * @returns milliseconds; undefined if the age would be meaningless
   */
  of(stamp: bigint, now: bigint): number | undefined {
    const age = (this.#age = now - stamp);
    if (stamp === 0n) this.#kind = 'unset';
    else if (now === 0n) this.#kind = 'no clock';
    else if (age < -AHEAD) this.#kind = 'ahead';
    else if (age > BEHIND) this.#kind = 'behind';
    else if (!this.#timeline.sameRun(stamp, now)) this.#kind = 'other run';
    else {
      this.#kind = 'ok';
      return age > 0n ? Number(age) / 1e6 : 0;
    }
    return undefined;
  }
}

function seconds(nanoseconds: bigint): string {
  return (Number(nanoseconds) / 1e9).toFixed(1);
}
