import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { writeTar, type Entry } from '@colophon/image';

/** Perl of the machine (Debian always has it), with which a step can make any system call. */
export const perl = ['/usr/bin/perl', '/bin/perl'].find((path) => existsSync(path));

/** A layer that holds perl and the libraries that it needs, where it looks for them. */
export function perlLayer(): Buffer {
  const linked = execFileSync('ldd', [perl as string], { encoding: 'utf8' });
  const libraries = [...linked.matchAll(/(\/[^\s()]+)/g)].map(([path]) => path);
  const files = [...new Set([perl as string, ...libraries])];
  return Buffer.from(
    writeTar(
      files.map((path): Entry => ({
        path: path.slice(1),
        type: 'file',
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: 0,
        content: readFileSync(realpathSync(path)),
      })),
    ),
  );
}

/** A shell line that makes one system call and prints `NAME=0` or `NAME=errno`. Arguments are perl expressions. */
export function systemCall(name: string, number: number, args: readonly string[]): string {
  return `perl -e 'my $r = syscall(${[number, ...args].join(', ')}); print "${name}=", ($r < 0 ? $!+0 : 0), "\\n"'`;
}
