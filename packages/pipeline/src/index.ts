export { admit, judge } from './admit.ts';
export type { TektonObject, Verdict } from './admit.ts';
export { pipelineErrors } from './errors.ts';
export { defaultGates } from './validate/gates.ts';
export type { Gates } from './validate/gates.ts';
