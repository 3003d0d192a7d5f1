import { messageOf } from '../../base/expect.js';
import type { ServiceCallback } from './rclnodejs.js';

/** rcl_interfaces/msg/ParameterType */
const INTEGER_ARRAY = 7;

/** A parameter's value as rclnodejs's Parameter wants it: it reads lists of integers as numbers, and takes bigints only. */
export function libraryValue(type: number, value: unknown): unknown {
  return type === INTEGER_ARRAY ? Array.from(value as Iterable<number | bigint>, BigInt) : value;
}

interface SetRequest {
  readonly parameters: readonly {
    readonly value: { readonly type: number; integer_array_value: Iterable<number | bigint> };
  }[];
}

/**
 * rclnodejs's answer to SetParameters and SetParametersAtomically, safe to be asked anything.
 *
 * The library (2.2) throws for every list of integers, of whatever parameter: it wants bigints and reads numbers. A throw in a
 * callback aborts the process, so that `ros2 param set /node anything "[1]"` would end it.
 */
export function guardSetParameters(answer: ServiceCallback): ServiceCallback {
  return (request, response) => {
    const { parameters } = request as SetRequest;
    try {
      for (const { value } of parameters) {
        value.integer_array_value = libraryValue(value.type, value.integer_array_value) as bigint[];
      }
      answer(request, response);
    } catch (error) {
      const refused = { successful: false, reason: messageOf(error) };
      const message = response.template;
      const atomically = 'result' in message;
      response.send(
        Object.assign(message, atomically ? { result: refused } : { results: parameters.map(() => refused) }),
      );
    }
  };
}
