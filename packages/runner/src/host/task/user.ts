import { openDirectory, readSmall } from '@colophon/oci';
import { runnerErrors } from '../../errors.ts';
import { idCount } from '../machine/mode.ts';

export interface StepUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, the primary one first. */
  readonly groups: readonly number[];
}

/**
 * Who `user`, `user:group`, `uid`, `uid:gid` is by the image's own /etc/passwd and /etc/group, which are opened without following links (OCI image-spec, config.md,
 * "User"). Empty: root. A number needs no entry; a name that has none is refused.
 */
export async function resolveUser(rootfs: string, user: string): Promise<StepUser> {
  const [name = '', group = ''] = user === '' ? ['0'] : user.split(':');
  const passwd = await accounts(rootfs, 'passwd');
  const entry = passwd.find((fields) => fields[0] === name) ?? passwd.find((fields) => fields[2] === name);
  const uid = id(/^\d+$/.test(name) ? name : entry?.[2]);
  const groups = await accounts(rootfs, 'group');
  const gid = id(group === '' ? (entry?.[3] ?? '0') : /^\d+$/.test(group) ? group : groups.find((fields) => fields[0] === group)?.[2]);
  if (uid === undefined || gid === undefined)
    throw runnerErrors.error('RUNNER_IMAGE_INVALID', `the image has no user ${JSON.stringify(user.slice(0, 100))}`, {
      hint: `Users are names of the image's /etc/passwd, or numbers below ${idCount}.`,
    });
  // As container runtimes do: the groups that name the account, unless a group was asked for.
  const member =
    group !== '' || entry === undefined
      ? []
      : groups.filter((fields) => (fields[3] ?? '').split(',').includes(entry[0] ?? '')).map((fields) => id(fields[2]));
  return { uid, gid, groups: [...new Set([gid, ...member.filter((value) => value !== undefined)])].slice(0, 64) };
}

function id(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  return Number(text) < idCount ? Number(text) : undefined;
}

async function accounts(rootfs: string, file: string): Promise<string[][]> {
  const root = await openDirectory(rootfs);
  try {
    return (await readSmall(root, ['etc', file], 1 << 20))
      .toString()
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  } finally {
    await root.close();
  }
}
