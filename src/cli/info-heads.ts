import { type HeadLayout, outputRoles } from '../vision/decode/head-layout.js';

/** How the decoder uses each output, by index. */
export function roleTexts(layout: HeadLayout): ReadonlyMap<number, string> {
  const texts = [...outputRoles(layout)].map(
    ([output, { role, stride }]) =>
      [output, stride === undefined ? role : `${role}, stride ${stride}`] as const,
  );
  return new Map(texts);
}

/** How the decoder understands a model that it can run. */
export function verdictText(layout: HeadLayout): string {
  return `The decoder can run it: ${headsText(layout)}.`;
}

/** Classes, boxes and prototypes in words. */
export function headsText({ form, classCount, regMax, coefficientCount, proto }: HeadLayout): string {
  const count = (number: number, one: string, many: string): string =>
    `${number} ${number === 1 ? one : many}`;
  const boxes = {
    heads: regMax === 1 ? 'plain boxes' : `${regMax} DFL bins`,
    detections: 'boxes and scores decoded by the model',
    instances: 'instances selected by the model',
    queries: count(proto.channels, 'query', 'queries'),
  }[form];
  const masks = form === 'queries' ? 'each with a box and a mask' : `${coefficientCount} prototypes`;
  return `${count(classCount, 'class', 'classes')}, ${boxes}, ${masks}`;
}
