import type { TektonObject } from '../admit.ts';

export interface UnsupportedField {
  readonly path: string;
  readonly why: string;
}

export function unsupported(_object: TektonObject): UnsupportedField[] {
  return [];
}
