import { join } from 'node:path';
import type { ServerOptionsInput } from '@colophon/server';
import { dataDirectory } from '../../client/api.ts';
import { many, number, text, type Invocation } from '../../command/command.ts';
import { examplesDirectory, programDirectory } from '../../program/places.ts';

/** The server's options from the command line. */
export function serverOptionsOf(invocation: Invocation): ServerOptionsInput {
  const optional = (name: string, key: keyof ServerOptionsInput) => {
    const value = text(invocation, name);
    return value === undefined ? {} : { [key]: value };
  };
  const parallel = number(invocation, 'parallelTasks');
  const mirror = text(invocation, 'mirror');
  const security = text(invocation, 'securityMirror');
  return {
    data: dataDirectory(invocation),
    port: number(invocation, 'port') ?? 7120,
    images: join(examplesDirectory(), 'images'),
    program: programDirectory,
    allowSource: many(invocation, 'allowSource') as ('http' | 'file')[],
    sourceRoots: [...many(invocation, 'sourceRoot')],
    chainsFormats: [...many(invocation, 'chainsFormat')],
    mirrors: { ...(mirror === undefined ? {} : { archive: mirror }), ...(security === undefined ? {} : { security }) },
    ...(parallel === undefined ? {} : { parallelTasks: parallel }),
    ...optional('host', 'host'),
    ...optional('publicUrl', 'publicUrl'),
    ...optional('tlsCertificate', 'tlsCertificate'),
    ...optional('tlsKey', 'tlsKey'),
    ...optional('read', 'read'),
    ...optional('passwordFile', 'passwordFile'),
    ...optional('logLevel', 'logLevel'),
  };
}
