import { type Clock, steadyClock } from '../../base/clock.js';
import type { ImageMessage } from '../../message/image-messages.js';
import type { Qos } from '../../message/qos.js';
import type { RawSubscription, RosNode } from './ros-node.js';

/** Maximum number of messages remembered during a handover: more than any of our queues holds. */
const REMEMBERED = 32;
/** Milliseconds after the new subscription's first message from which on messages of the former one are ignored. */
const LONGEST = 1000;

/** What can be renewed: a subscription of rclnodejs, or a native subscription (native/ros/subscriber.h does the same). */
export interface Renewable {
  /**
   * Subscribes again. The former subscription delivers messages until the new one does, and each message is delivered once.
   *
   * @param several whether the topic has several publishers: the former subscription then delivers messages until `endHandover`
   */
  renew(qos: Qos, several: boolean): void;
  /** Ends the former subscription, even if the new one has not delivered anything. */
  endHandover(): void;
}

/** Two subscriptions to one topic during a handover: each message is taken once, and none is lost. */
export class Handover {
  /** Oldest first. */
  #seen: { readonly key: string; readonly byNew: boolean }[] = [];
  #began: number | undefined;
  #over = false;

  /**
   * @param several whether the topic has several publishers. They discover the new subscription one by one, so that messages of one
   * say nothing of the others: the handover is over when `end` is called
   */
  constructor(private readonly several: boolean) {}

  /** Whether the former subscription is no longer needed. */
  get over(): boolean {
    return this.#over;
  }

  /** Ignores all further messages of the former subscription. */
  end(): void {
    this.#over = true;
  }

  /**
   * @param byNew whether the message is from the new subscription
   * @param key identifies the message: its stamp; undefined: it has none @param now milliseconds
   * @returns whether the message is to be taken
   */
  admit(byNew: boolean, key: string | undefined, now: number): boolean {
    const repeated = key !== undefined && this.#forget(byNew, key);
    if (this.#over) {
      // The former subscription may have been ahead. Once the new one is ahead, stamps may repeat: a bag starts over.
      if (byNew && !repeated) this.#seen = [];
      return byNew && !repeated;
    }
    if (byNew) this.#began ??= now;
    // Each delivers a publisher's messages in order: after a message that both have delivered, the new one delivers them all.
    if (repeated) {
      this.#over = !this.several;
      return false;
    }
    // Without stamps, messages cannot be distinguished: a duplicate is better than a loss.
    if (byNew && (key === undefined || (!this.several && now - this.#began! > LONGEST))) this.#over = true;
    if (key !== undefined) this.#seen.push({ key, byNew });
    if (this.#seen.length > REMEMBERED) this.#seen.shift();
    return true;
  }

  /**
   * Forgets a message that the other subscription has delivered: it excuses one message only, because a camera's stamps may stand still.
   * Those of a single publisher before it will not come, either.
   *
   * @returns whether there was one
   */
  #forget(byNew: boolean, key: string): boolean {
    const at = this.#seen.findLastIndex((message) => message.key === key && message.byNew !== byNew);
    if (at < 0) return false;
    if (this.several) this.#seen.splice(at, 1);
    else this.#seen.splice(0, at + 1);
    return true;
  }
}

/** An image subscription of rclnodejs that can be renewed while messages arrive. */
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

  renew(qos: Qos, several: boolean): void {
    const next = this.#open(qos);
    this.#former?.destroy();
    this.#former = this.#current;
    this.#current = next;
    this.#handover = new Handover(several);
  }

  endHandover(): void {
    this.#former?.destroy();
    this.#former = undefined;
    this.#handover?.end();
  }

  /** Closes the former subscription after the handover. To be called about twice a second: a subscription cannot be destroyed in its own callback. */
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

/** The bytes of a serialized image's stamp; fewer than 8 if the message is truncated. */
function stampBytes(cdr: Buffer, stampAt: number): Buffer {
  return cdr.subarray(stampAt, stampAt + 8);
}

function keyOf(cdr: Buffer, stampAt: number): string | undefined {
  const stamp = stampBytes(cdr, stampAt);
  return stamp.length < 8 || stamp.every((byte) => byte === 0) ? undefined : stamp.toString('latin1');
}

/**
 * The stamp of a serialized image, in milliseconds; 0: it has none. The rest of the message need not be readable.
 *
 * @param stampAt offset of the stamp, from the row of the image message
 */
export function stampOf(cdr: Buffer, stampAt: number): number {
  const stamp = stampBytes(cdr, stampAt);
  return stamp.length < 8 ? 0 : stamp.readInt32LE(0) * 1000 + stamp.readUInt32LE(4) / 1e6;
}
