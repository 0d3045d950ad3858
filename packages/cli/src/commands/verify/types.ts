import { predicateTypes } from '@colophon/attest';
import { cliErrors } from '../../errors.ts';

/** The short names of predicate types, as cosign has them. */
const names: Readonly<Record<string, string>> = {
  slsaprovenance: predicateTypes.slsaV02,
  slsaprovenance02: predicateTypes.slsaV02,
  slsaprovenance1: predicateTypes.slsaV1,
  spdx: predicateTypes.spdx,
  spdxjson: predicateTypes.spdx,
  vsa: predicateTypes.vsa,
};

/** A predicate type by its short name or URI. Throws CLI_USAGE. */
export function predicateTypeOf(name: string): string {
  const known = Object.hasOwn(names, name) ? names[name] : undefined;
  if (known !== undefined) return known;
  if (/^[a-z][a-z0-9+.-]*:[\u0021-\u007e]+$/i.test(name)) return name;
  throw cliErrors.error('CLI_USAGE', `${JSON.stringify(name.slice(0, 100))} is no predicate type`, {
    hint: `Known: ${Object.keys(names).join(', ')}, or any URI.`,
  });
}
