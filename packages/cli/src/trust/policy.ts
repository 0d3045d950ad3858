import { isAbsolute, dirname, join } from 'node:path';
import { defaultPolicy, parsePolicy, type Expectations, type Policy } from '@colophon/verify';
import { text, type Invocation } from '../command/command.ts';
import { cliErrors } from '../errors.ts';
import { readText } from '../files/read.ts';

/** The policy of --policy with the keys and trusted roots that it names, as texts. Throws CLI_FILE_INVALID, VERIFY_POLICY_INVALID. */
export async function policyOf(invocation: Invocation): Promise<Policy> {
  const file = text(invocation, 'policy');
  if (file === undefined) return defaultPolicy;
  // The parser is only needed by who has a policy.
  const { readYaml } = await import('../files/read-yaml.ts');
  const policy = parsePolicy(await readYaml(file));
  const read = (path: string) => readText(isAbsolute(path) ? path : join(dirname(file), path));
  return {
    ...policy,
    keys: await Promise.all(policy.keys.map((key) => (key.includes('-----BEGIN') ? Promise.resolve(key) : read(key)))),
    trustedRoots: await Promise.all(policy.trustedRoots.map(read)),
  };
}

/** What the command line says must be true. Throws CLI_USAGE. */
export function expectationsOf(invocation: Invocation, predicateTypes?: readonly string[]): Expectations {
  const [sourceUri, sourceCommit, builderId] = ['sourceUri', 'sourceCommit', 'builderId'].map((name) => text(invocation, name));
  const [subject, subjectPattern, issuer] = ['identity', 'identityPattern', 'issuer'].map((name) => text(invocation, name));
  if (sourceCommit !== undefined && !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(sourceCommit)) {
    throw cliErrors.error('CLI_USAGE', `--source-commit takes a full commit id, not ${JSON.stringify(sourceCommit.slice(0, 80))}`);
  }
  if (issuer !== undefined && subject === undefined && subjectPattern === undefined) {
    throw cliErrors.error('CLI_USAGE', '--issuer alone trusts everybody who can sign in there: name --identity or --identity-pattern too');
  }
  const identity = {
    ...(subject === undefined ? {} : { subject }),
    ...(subjectPattern === undefined ? {} : { subjectPattern }),
    ...(issuer === undefined ? {} : { issuer }),
  };
  return {
    ...(predicateTypes === undefined ? {} : { predicateTypes }),
    ...(sourceUri === undefined ? {} : { sourceUri }),
    ...(sourceCommit === undefined ? {} : { sourceCommit }),
    ...(builderId === undefined ? {} : { builderId }),
    ...(Object.keys(identity).length === 0 ? {} : { identity }),
  };
}
