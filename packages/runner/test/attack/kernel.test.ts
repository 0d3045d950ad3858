import { expect } from 'vitest';
import { writeTar, type Entry } from '@colophon/image';
import { launcherProgram } from '../../src/host/sandbox/launcher.ts';
import { deniedCalls } from '../../src/host/sandbox/seccomp/calls.ts';
import { attack } from '../support/attack.ts';
import { systemCall } from '../support/perl.ts';

const numbers = new Map(deniedCalls(process.arch));
const call = (name: string, ...args: string[]) => systemCall(name, numbers.get(name) as number, args);
const withPerl =
  (script: string, more: object = {}) =>
  (host: { perlImage: string }) =>
    ({ script, step: { image: { digest: host.perlImage }, ...more } }) as never;

attack('mounting a file system', {
  stoppedBy: ['seccomp', 'capabilities'],
  plan: () => ({ script: 'mkdir /m && mount -t tmpfs x /m && echo MOUNTED' }),
  succeeded: ({ log }) => log.includes('MOUNTED'),
});

attack('a user namespace of its own, where it would be root again', {
  stoppedBy: ['seccomp'],
  plan: withPerl(call('unshare', '0x10000000'), { user: '1001' }),
  succeeded: ({ log }) => log === 'unshare=0\n',
  whenStopped: ({ log }) => expect(log).toBe('unshare=1\n'),
});

attack('tracing another process', {
  stoppedBy: ['seccomp'],
  plan: withPerl(call('ptrace', '0', '0', '0', '0')),
  succeeded: ({ log }) => log === 'ptrace=0\n',
});

attack('opening an io_uring', {
  stoppedBy: ['seccomp'],
  // A null parameter block: EFAULT (14) is said by the call itself.
  plan: withPerl(call('io_uring_setup', '1', '0')),
  succeeded: ({ log }) => log === 'io_uring_setup=14\n',
});

attack('adding to the keyring', {
  stoppedBy: ['seccomp'],
  plan: withPerl(call('add_key', 'my $t = "user"', 'my $k = "k"', 'my $v = "v"', '1', '-2')),
  succeeded: ({ log }) => log === 'add_key=0\n',
});

attack('every call on the list of refusals', {
  stoppedBy: ['seccomp'],
  plan: withPerl(
    [...numbers]
      .filter(([name]) => name !== 'reboot')
      .map(([name]) => call(name, '-1', '-1', '-1', '-1', '-1'))
      .join('\n'),
  ),
  succeeded: ({ log }) =>
    log
      .trim()
      .split('\n')
      .some((line) => !line.endsWith('=1')),
  whenStopped: ({ log }) => expect(log.trim().split('\n')).toHaveLength(numbers.size - 1),
});

attack('a socket to the hypervisor (AF_VSOCK), which network namespaces do not keep in', {
  stoppedBy: ['seccomp'],
  plan: withPerl(systemCall('socket', process.arch === 'x64' ? 41 : 198, ['40', '1', '0'])),
  succeeded: ({ log }) => log === 'socket=0\n',
  whenStopped: ({ log }) => expect(log).toBe('socket=97\n'),
});

attack('making and reading a device', {
  stoppedBy: ['user-namespace', 'capabilities', 'seccomp', 'minimal-dev'],
  // The memory device that every Linux has, number 1:5 (zero), made in /tmp; and the machine's own under /host-dev.
  plan: () => ({ script: 'mknod /tmp/d c 1 5 && echo MADE; ls /host-dev/loop-control' }),
  succeeded: ({ log }) => log.includes('MADE') && log.includes('\n/host-dev'),
});

attack('becoming root again by a set-uid program', {
  stoppedBy: ['no-new-privileges'],
  plan: async (host) => {
    // A program that takes uid 0, which it may if it runs set-uid root, and says who it is.
    const user = { uid: 0, gid: 0, groups: [0] };
    const content = launcherProgram({ user, candidates: ['/bin/id'], failure: '' });
    const entry = { path: 'take-root', type: 'file', mode: 0o755, uid: 0, gid: 0, mtime: 0, content } as Entry;
    const image = await host.addImage([...host.perlLayers, Buffer.from(writeTar([entry]))], { Env: ['PATH=/bin:/usr/bin'] });
    const asUser = `$( = $) = "1001 1001"; $< = $> = 1001; exec "/take-root", "id", "-u"`;
    return {
      step: { image: { digest: image }, script: undefined, argv: ['sh', '-c', `chmod 4755 /take-root; exec perl -e '${asUser}'`] },
    };
  },
  succeeded: ({ log }) => log.trim() === '0',
  whenStopped: ({ outcome }) => expect(outcome.steps[0]?.exitCode).toBe(125),
});

attack('new privileges over the task: capabilities beyond those of a container', {
  stoppedBy: ['capabilities'],
  plan: () => ({ script: 'grep CapEff /proc/self/status' }),
  // CAP_SYS_ADMIN is bit 21.
  succeeded: ({ log }) => (BigInt(`0x${/CapEff:\s*([0-9a-f]+)/.exec(log)?.[1] ?? '0'}`) & (1n << 21n)) !== 0n,
});
