import type { EnvFromSource, EnvVar } from '../model/task.ts';

/** ConfigMaps and Secrets that steps name: their data as text (Secrets decoded), or undefined if there is none of that name. */
export interface Lookup {
  configMap(name: string): Readonly<Record<string, string>> | undefined;
  secret(name: string): Readonly<Record<string, string>> | undefined;
}

export interface ResolvedEnv {
  readonly values: ReadonlyMap<string, string>;
  /** Values that came from Secrets. */
  readonly secrets: readonly string[];
}

/** A step's environment from ConfigMaps, Secrets and its own values, or what is missing, in the kubelet's words. */
export function resolveEnv(
  envFrom: readonly EnvFromSource[],
  env: readonly EnvVar[],
  lookup: Lookup,
): ResolvedEnv | { readonly problem: string } {
  const values = new Map<string, string>();
  const secrets: string[] = [];
  for (const { prefix = '', configMapRef, secretRef } of envFrom) {
    const ref = configMapRef ?? secretRef;
    if (ref === undefined) continue;
    const data = configMapRef === undefined ? lookup.secret(ref.name ?? '') : lookup.configMap(ref.name ?? '');
    if (data === undefined) {
      if (ref.optional === true) continue;
      return { problem: `${configMapRef === undefined ? 'secret' : 'configmap'} "${ref.name ?? ''}" not found` };
    }
    for (const [key, value] of Object.entries(data)) {
      if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(prefix + key)) continue;
      values.set(prefix + key, value);
      if (secretRef !== undefined) secrets.push(value);
    }
  }
  for (const { name, value, valueFrom } of env) {
    const ref = valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef;
    if (ref === undefined) {
      values.set(name, expand(value ?? '', values));
      continue;
    }
    const kind = valueFrom?.configMapKeyRef === undefined ? 'secret' : 'configmap';
    const data = kind === 'secret' ? lookup.secret(ref.name ?? '') : lookup.configMap(ref.name ?? '');
    const found = data === undefined || !Object.hasOwn(data, ref.key) ? undefined : data[ref.key];
    if (found === undefined) {
      if (ref.optional === true) continue;
      if (data === undefined) return { problem: `${kind} "${ref.name ?? ''}" not found` };
      return { problem: `couldn't find key ${ref.key} in ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${ref.name ?? ''}` };
    }
    values.set(name, found);
    if (kind === 'secret') secrets.push(found);
  }
  return { values, secrets };
}

/**
 * Kubernetes' own variables in command, args and env: `$(NAME)` of the environment, `$$` for a dollar; an unknown name stays
 * as it is (k8s.io/kubernetes/third_party/forked/golang/expansion).
 */
export function expand(text: string, env: ReadonlyMap<string, string>): string {
  if (!text.includes('$')) return text;
  let out = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar === -1 || dollar === text.length - 1) return out + text.slice(at);
    out += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === '$') {
      out += '$';
      at = dollar + 2;
    } else if (next === '(') {
      const end = text.indexOf(')', dollar);
      // No closing parenthesis from here on: nothing more to look for, but dollars still pair up.
      if (end === -1) return out + text.slice(dollar).replaceAll('$$', '$');
      const name = text.slice(dollar + 2, end);
      out += env.get(name) ?? `$(${name})`;
      at = end + 1;
    } else {
      out += `$${next as string}`;
      at = dollar + 2;
    }
  }
  return out;
}
