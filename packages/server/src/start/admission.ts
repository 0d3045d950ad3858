import { admit as admitTekton, judgeUpdate, type TektonObject } from '@colophon/pipeline';
import type { KubeObject, ResourceType } from '@colophon/store';
import { serverErrors } from '../errors.ts';

/** Defaults and validates what is Tekton's, as its webhooks do; lets everything else through as it is. */
export function admitObject(type: ResourceType, object: KubeObject, operation: 'create' | 'update', old?: KubeObject): KubeObject {
  if (type.group !== 'tekton.dev') return object;
  if (operation === 'update' && old !== undefined) {
    const verdict = judgeUpdate(old as unknown as TektonObject, object);
    if (!verdict.accepted) throw serverErrors.error('SERVER_ADMISSION', verdict.message, { status: verdict.code });
    return merged(object, verdict.object);
  }
  return merged(object, admitTekton(object));
}

/** The admitted spec and metadata, with what the API server itself keeps. */
function merged(object: KubeObject, admitted: TektonObject): KubeObject {
  return {
    ...(admitted as unknown as KubeObject),
    metadata: { ...object.metadata, ...admitted.metadata },
    ...(object.status === undefined ? {} : { status: object.status }),
  };
}
