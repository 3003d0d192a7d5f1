import { messageOf } from '../expect.js';
import type { ServiceCallback } from './rclnodejs.js';

/** rcl_interfaces/msg/ParameterType */
const INTEGER_ARRAY = 7;

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
        if (value.type === INTEGER_ARRAY)
          value.integer_array_value = Array.from(value.integer_array_value, BigInt);
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
