import { access } from 'node:fs/promises';
import { formatLock, lockDigest, lockFromRequest, parseLock, type Lock } from '@colophon/debian';
import { durable } from '@colophon/store';
import { enabled, text, type Handler } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { cacheDirectory, showProgress, sources } from '../../files/mirrors.ts';
import { readYaml } from '../../files/read-yaml.ts';
import { readText } from '../../files/read.ts';
import { bytes } from '../../output/table.ts';
import { changes, changesText } from './changes.ts';

/** What `--check` answers when the lock would be another one now. */
const outOfDate = 10;

export const run: Handler = async (invocation) => {
  const [request = ''] = invocation.args;
  const target = text(invocation, 'out') ?? defaultTarget(request);
  const check = enabled(invocation, 'check');
  const wanted = await readYaml(request);
  const present = (await exists(target)) ? parseLock(await readText(target)) : undefined;
  const diff = text(invocation, 'diff');
  const before = diff === undefined ? present : parseLock(await readText(diff));
  const step = invocation.output.step(`Locking ${request}`);
  const lock = await lockFromRequest(wanted, {
    ...sources(invocation),
    cache: cacheDirectory(invocation, 'debian'),
    signal: invocation.signal,
    onProgress: showProgress(step),
    ...(present === undefined ? {} : { previous: present }),
  });
  step.done(`${lock.packages.length} packages`);
  const same = present !== undefined && lockDigest(present) === lockDigest(lock);
  if (!check && !same) await durable.writeFile(target, formatLock(lock), { mode: 0o644 });
  const changed = before === undefined ? undefined : changes(before, lock);
  const data = {
    lock: target,
    digest: lockDigest(lock),
    snapshot: lock.snapshot,
    architecture: lock.architecture,
    packages: lock.packages.length,
    bytes: size(lock),
    suites: lock.suites.map(({ name, inRelease }) => ({
      name,
      date: inRelease.date,
      sha256: inRelease.sha256,
      signedBy: inRelease.signedBy,
    })),
    upToDate: same,
    written: !check && !same,
    ...(changed === undefined ? {} : { changes: changed }),
  };
  return {
    data,
    text: ({ theme }) => {
      const state = same
        ? `${target} is up to date`
        : check
          ? `${target} is ${present === undefined ? 'missing' : 'not up to date'}`
          : `wrote ${target}`;
      const lines = [
        `${same || !check ? theme.marks.passed : theme.marks.failed} ${state}  ${theme.dim(`${lock.packages.length} packages, ${bytes(data.bytes)}, snapshot ${lock.snapshot}`)}`,
        ...lock.suites.map(
          ({ name, inRelease }) => `  ${name}  ${inRelease.date}  signed by ${inRelease.signedBy.map((key) => key.slice(-16)).join(' ')}`,
        ),
        ...(changed === undefined ? [] : changesText(changed)),
      ];
      return lines.join('\n');
    },
    exit: check && !same ? outOfDate : 0,
  };
};

function defaultTarget(request: string): string {
  if (/\.ya?ml$/.test(request)) return request.replace(/\.ya?ml$/, '.json');
  throw cliErrors.error('CLI_USAGE', `name the lock with --out: ${request} does not end in .yaml`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function size(lock: Lock): number {
  return lock.packages.reduce((sum, entry) => sum + entry.size, 0);
}
