/** Micro-architectures of the BPU, by the mapper's names: bayes-e on RDK X5, bernoulli2 on X3. */
export const MARCHES = ['bayes-e', 'bernoulli2'] as const;
export type March = (typeof MARCHES)[number];
