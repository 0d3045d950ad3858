import { imageErrors } from '../errors.ts';
import type { AccountsSpec } from '../spec/schema.ts';
import { directory, file, type Entry } from '../tar/entry.ts';

/** Texts of /etc/passwd and /etc/group that are already there, of a base image or a package. */
export interface KnownAccounts {
  readonly passwd?: string | undefined;
  readonly group?: string | undefined;
}

/** /etc/passwd and /etc/group (passwd(5), group(5); nobody can log in with a password), and the home directories asked for. */
export function accountEntries(accounts: AccountsSpec, known: KnownAccounts): Entry[] {
  const users = accounts.users.map(({ name, uid, gid, gecos, home, shell }) => `${name}:x:${uid}:${gid}:${gecos ?? name}:${home}:${shell}`);
  const groups = accounts.groups.map(({ name, gid, members }) => `${name}:x:${gid}:${members.join(',')}`);
  const homes = accounts.users.flatMap(({ uid, gid, home, homeMode }) =>
    homeMode === undefined || home === '/' ? [] : [directory(home.slice(1), { mode: Number.parseInt(homeMode, 8), uid, gid, mtime: 0 })],
  );
  return [
    ...(users.length === 0 ? [] : [file('etc/passwd', joined(known.passwd, users, 'account'), { mtime: 0 })]),
    ...(groups.length === 0 ? [] : [file('etc/group', joined(known.group, groups, 'group'), { mtime: 0 })]),
    ...homes,
  ];
}

function joined(known: string | undefined, lines: readonly string[], what: string): string {
  const before = (known ?? '').split('\n').filter((line) => line !== '');
  const names = new Set(before.map((line) => line.split(':', 1)[0]));
  for (const line of lines) {
    const [name] = line.split(':', 1);
    if (names.has(name)) throw imageErrors.error('IMAGE_PATH_CONFLICT', `the image already has the ${what} ${name}`);
  }
  return [...before, ...lines].map((line) => `${line}\n`).join('');
}
