// scripts/check-syncs on the whole server, and its control.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const works = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
if (!works) console.log('strace is missing or may not trace here: that syncs come before acknowledgements is not shown');
const script = join(import.meta.dirname, '../../../../scripts/check-syncs');

describe.skipIf(!works)('before the answer leaves', () => {
  it('everything that it promises is on disk, in registry, log and store', () => {
    const { status, stdout, stderr } = spawnSync(script, { encoding: 'utf8' });
    console.log(stdout);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('NOT');
    for (const part of ['registry: a manifest', 'log: an entry', 'store: an object is created']) expect(stdout).toContain(`ok  ${part}`);
  });

  it('the control: with the syncs struck from the trace, every promise is found out', () => {
    const { status, stdout } = spawnSync(script, ['--control'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout.match(/^NOT/gm)).toHaveLength(8);
  });
});
