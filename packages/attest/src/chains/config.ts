import { attestErrors } from '../errors.ts';

export const chainsFormats = ['in-toto', 'slsa/v1', 'slsa/v2alpha3', 'slsa/v2alpha4'] as const;
export type ChainsFormat = (typeof chainsFormats)[number];

export const chainsBuildTypes = {
  slsa: 'https://tekton.dev/chains/v2/slsa',
  slsaTekton: 'https://tekton.dev/chains/v2/slsa-tekton',
} as const;

/** What of Chains' configuration decides its payloads. `undefined` for a kind: Chains makes none for it. */
export interface ChainsConfig {
  readonly taskRunFormat: ChainsFormat | undefined;
  readonly pipelineRunFormat: ChainsFormat | undefined;
  /** Simple signing of the images that TaskRuns name. */
  readonly signImages: boolean;
  /** PipelineRuns also take the type hints of their TaskRuns. */
  readonly deepInspection: boolean;
  readonly builderId: string;
  readonly buildType: (typeof chainsBuildTypes)[keyof typeof chainsBuildTypes];
}

/**
 * Reads the data of a `chains-config` ConfigMap as Chains 0.29 does: unknown keys are other people's; missing ones have Chains' defaults. A kind whose storage is empty
 * or whose signer is `none` is switched off. Throws ATTEST_CHAINS_CONFIG.
 */
export function parseChainsConfig(data: Readonly<Record<string, string>>): ChainsConfig {
  const enabled = (kind: string) => data[`artifacts.${kind}.storage`] !== '' && data[`artifacts.${kind}.signer`] !== 'none';
  const format = (kind: string) => (enabled(kind) ? oneOf(data, `artifacts.${kind}.format`, chainsFormats, 'in-toto') : undefined);
  oneOf(data, 'artifacts.oci.format', ['simplesigning'], 'simplesigning');
  const deep = oneOf(data, 'artifacts.pipelinerun.enable-deep-inspection', ['true', 'false'], 'false');
  return {
    taskRunFormat: format('taskrun'),
    pipelineRunFormat: format('pipelinerun'),
    signImages: enabled('oci'),
    deepInspection: deep === 'true',
    builderId: data['builder.id'] ?? 'https://tekton.dev/chains/v2',
    buildType: oneOf(data, 'builddefinition.buildtype', Object.values(chainsBuildTypes), chainsBuildTypes.slsa),
  };
}

function oneOf<Value extends string>(
  data: Readonly<Record<string, string>>,
  key: string,
  known: readonly Value[],
  otherwise: Value,
): Value {
  const value = data[key] ?? otherwise;
  const found = known.find((item) => item === value);
  if (found === undefined) {
    throw attestErrors.error('ATTEST_CHAINS_CONFIG', `${key} is ${JSON.stringify(value)}`, { details: { expected: known, found: value } });
  }
  return found;
}
