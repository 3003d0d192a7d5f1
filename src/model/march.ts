/** Micro-architectures of the BPU by the mapper's names: bayes-e is the RDK X5's, bernoulli2 the X3's. */
export const MARCHES = ['bayes-e', 'bernoulli2'] as const;
export type March = (typeof MARCHES)[number];
