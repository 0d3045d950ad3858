import { FieldErrors } from './field-error.ts';

export type Stability = 'stable' | 'beta' | 'alpha';

/** Tekton's feature flags, as far as admission asks them. */
export interface Gates {
  readonly apiFields: Stability;
  readonly paramEnum: boolean;
  readonly celInWhen: boolean;
  readonly artifacts: boolean;
  readonly conciseResolverSyntax: boolean;
}

/** The flags of a released Tekton 1.15, and ours. */
export const defaultGates: Gates = {
  apiFields: 'beta',
  paramEnum: false,
  celInWhen: false,
  artifacts: false,
  conciseResolverSyntax: false,
};

export function requireStability(gates: Gates, feature: string, wanted: 'beta' | 'alpha'): FieldErrors {
  const enough = wanted === 'beta' ? gates.apiFields !== 'stable' : gates.apiFields === 'alpha';
  if (enough) return FieldErrors.none;
  const levels = wanted === 'beta' ? '"alpha" or "beta"' : '"alpha"';
  return FieldErrors.of(`${feature} requires "enable-api-fields" feature gate to be ${levels} but it is "${gates.apiFields}"`);
}
