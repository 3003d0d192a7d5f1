import { type Clock, steadyClock } from '../../base/clock.js';
import type { ImageMessage } from '../../message/image-messages.js';
import type { Qos } from '../../message/qos.js';
import type { RawSubscription, RosNode } from './ros-node.js';

/** Messages that are remembered during a handover, at most: more than any of our queues holds. */
const REMEMBERED = 32;
/** Milliseconds after the new subscription's first message when the former one is not listened to any more. */
const LONGEST = 1000;

/** What can be renewed: a subscription of rclnodejs, or a native camera (native/ros/subscriber.h does the same). */
export interface Renewable {
  /** Subscribes anew. The former subscription brings messages until the new one does, and each message comes once. */
  renew(qos: Qos): void;
  /** Ends the former subscription, whatever the new one has brought. */
  endHandover(): void;
}

/** Two subscriptions to one topic, while one takes over: each message once, and none is lost. */
export class Handover {
  #seen: { readonly key: string; readonly byNew: boolean }[] = [];
  #began: number | undefined;
  #over = false;

  /** Whether the former subscription has nothing to say any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Nothing of the former subscription is taken any more. */
  end(): void {
    this.#over = true;
  }

  /**
   * @param byNew whether the new subscription brought the message
   * @param key tells it from others: its stamp; undefined: it has none @param now milliseconds
   * @returns whether the message is to be taken
   */
  admit(byNew: boolean, key: string | undefined, now: number): boolean {
    const repeated = this.#seen.some((message) => message.key === key && message.byNew !== byNew);
    if (this.#over) {
      // The former one may have been ahead; once the new one is, stamps may come again: a bag that begins anew.
      if (byNew && !repeated) this.#seen = [];
      return byNew && !repeated;
    }
    if (byNew) this.#began ??= now;
    // Each brings the messages of a publisher in order: from one that both have on, the new one has all.
    if (repeated) {
      this.#over = true;
      return false;
    }
    // Without stamps they cannot be told apart: rather one twice than one lost.
    if (byNew && (key === undefined || now - this.#began! > LONGEST)) this.#over = true;
    if (key !== undefined) this.#seen.push({ key, byNew });
    if (this.#seen.length > REMEMBERED) this.#seen.shift();
    return true;
  }
}

/** A subscription of rclnodejs to images that can be renewed while messages come. */
export class RenewableSubscription implements Renewable {
  #current: RawSubscription;
  #former: RawSubscription | undefined;
  #handover: Handover | undefined;

  /** @throws ExpectationError as RosNode.subscribe does */
  constructor(
    private readonly ros: RosNode,
    private readonly message: Pick<ImageMessage, 'type' | 'stampAt'>,
    private readonly topic: string,
    qos: Qos,
    private readonly receive: (cdr: Buffer) => void,
    private readonly clock: Clock = steadyClock,
  ) {
    this.#current = this.#open(qos);
  }

  renew(qos: Qos): void {
    const next = this.#open(qos);
    this.#former?.destroy();
    this.#former = this.#current;
    this.#current = next;
    this.#handover = new Handover();
  }

  endHandover(): void {
    this.#former?.destroy();
    this.#former = undefined;
    this.#handover?.end();
  }

  /** Settles when the new one has taken over; to be called about twice a second, for nothing is destroyed in its own callback. */
  tidy(): void {
    if (this.#handover?.over) this.endHandover();
  }

  destroy(): void {
    this.endHandover();
    this.#current.destroy();
  }

  #open(qos: Qos): RawSubscription {
    const opened: RawSubscription = this.ros.subscribe(this.message.type, this.topic, qos, (cdr) => {
      const handover = this.#handover;
      if (
        handover &&
        !handover.admit(opened === this.#current, keyOf(cdr, this.message.stampAt), this.clock())
      )
        return;
      this.receive(cdr);
    });
    return opened;
  }
}

/** The bytes of a serialized image's stamp; fewer than 8 of a message that is cut off. */
function stampBytes(cdr: Buffer, stampAt: number): Buffer {
  return cdr.subarray(stampAt, stampAt + 8);
}

function keyOf(cdr: Buffer, stampAt: number): string | undefined {
  const stamp = stampBytes(cdr, stampAt);
  return stamp.length < 8 || stamp.every((byte) => byte === 0) ? undefined : stamp.toString('latin1');
}

/**
 * Milliseconds of the stamp of a serialized image, which need not be readable otherwise; 0: it has none.
 *
 * @param stampAt of the image message's row
 */
export function stampOf(cdr: Buffer, stampAt: number): number {
  const stamp = stampBytes(cdr, stampAt);
  return stamp.length < 8 ? 0 : stamp.readInt32LE(0) * 1000 + stamp.readUInt32LE(4) / 1e6;
}
