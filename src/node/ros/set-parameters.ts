import { messageOf } from '../../base/expect.js';
import type { ServiceCallback } from './rclnodejs.js';

/** rcl_interfaces/msg/ParameterType */
const INTEGER_ARRAY = 7;

/** A parameter's value for rclnodejs's Parameter, which reads lists of integers as numbers but only accepts bigints. */
export function libraryValue(type: number, value: unknown): unknown {
  return type === INTEGER_ARRAY ? Array.from(value as Iterable<number | bigint>, BigInt) : value;
}

interface SetRequest {
  readonly parameters: readonly {
    readonly value: { readonly type: number; integer_array_value: Iterable<number | bigint> };
  }[];
}

/**
 * rclnodejs's answer to SetParameters and SetParametersAtomically, safe for every request.
 *
 * The library (2.2) throws for every list of integers, whatever the parameter: it requires bigints but reads numbers. An exception in a
 * callback aborts the process, so `ros2 param set /node anything "[1]"` would end it.
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
