import type { ResourceDescriptor } from '../statement/types.ts';
import { goJson } from './go-json.ts';
import { isBrokenOutput, isBuildArtifact, isImageHint } from './hints.ts';
import type { NamedValue } from './objects.ts';

/** slsa/v2alpha3 lists every result; slsa/v2alpha4 those that are neither subjects nor image hints. */
export type ByproductRule = 'all' | 'withoutArtifacts';

export function resultByproducts(results: readonly NamedValue[], prefix: string, rule: ByproductRule): ResourceDescriptor[] {
  const listed =
    rule === 'all' ? results : results.filter((result) => !isBuildArtifact(result) && !isBrokenOutput(result) && !isImageHint(result.name));
  return listed.map(({ name, value }) => ({
    name: `${prefix}/${name}`,
    content: Buffer.from(goJson(value)).toString('base64'),
    mediaType: 'application/json',
  }));
}
