import type { Gates } from '../validate/gates.ts';

/** `status.provenance.featureFlags` as a released Tekton 1.15 writes them for these gates. */
export function featureFlags(gates: Gates): Record<string, unknown> {
  return {
    awaitSidecarReadiness: true,
    coschedule: 'workspaces',
    enableAPIFields: gates.apiFields,
    ...(gates.artifacts ? { enableArtifacts: true } : {}),
    ...(gates.celInWhen ? { enableCELInWhenExpression: true } : {}),
    ...(gates.conciseResolverSyntax ? { enableConciseResolverSyntax: true } : {}),
    ...(gates.paramEnum ? { enableParamEnum: true } : {}),
    enableProvenanceInStatus: true,
    enforceNonfalsifiability: 'none',
    maxResultSize: 4096,
    resultExtractionMethod: 'termination-message',
    runningInEnvWithInjectedSidecars: true,
    sendCloudEventsForRuns: true,
    verificationNoMatchPolicy: 'ignore',
  };
}
