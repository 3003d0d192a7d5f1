import { routerAnswers as answers, routerOn, sessionEnvironment as session } from '../../bench/zenoh.js';
import { firstPort } from './domain.js';

export { ZENOH } from '../../bench/zenoh.js';

/** Where the router of a domain listens: a TCP port in the range of the domain's UDP ports. */
function portOf(domain: number): number {
  return firstPort(domain) + 1;
}

export function sessionEnvironment(domain: number): NodeJS.ProcessEnv {
  return session(portOf(domain));
}

export function routerOf(
  domain: number,
  prefix: string,
  env: NodeJS.ProcessEnv,
): ReturnType<typeof routerOn> {
  return routerOn(portOf(domain), prefix, env);
}

export function routerAnswers(domain: number, over: () => boolean): Promise<void> {
  return answers(portOf(domain), over);
}
