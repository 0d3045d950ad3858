import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createTheme } from '../../src/output/theme.ts';
import type { RebuildReport } from '../../src/commands/rebuild/report.ts';
import { rebuildText } from '../../src/commands/rebuild/text.ts';

const digest = `sha256:${'ab'.repeat(32)}` as const;
const verification: RebuildReport['verification'] = {
  report: { subject: { reference: `a.example/cc@${digest}`, digest }, verdict: 'passed', reason: 'good', passed: [], candidates: [] },
  anchors: [{ what: 'key', from: 'http://a.example', basis: 'first-use' }],
  verified: true,
  says: [
    {
      predicateType: 'x',
      builder: 'http://a.example/builders/sandbox',
      sources: [],
      packages: [],
      archiveKeys: [],
      snapshots: [],
      stepImages: [],
      subjects: [],
    },
  ],
  statements: [],
  exit: 0,
};
const report: RebuildReport = {
  image: `a.example/cc@${digest}`,
  verdict: 'digest-identical',
  accepted: true,
  reason: 'the same bytes came out of the same inputs',
  exit: 0,
  verification,
  environment: { colophon: '0.1.0', node: 'v24', data: '/tmp/x', kept: false },
};
const text = (change: Partial<RebuildReport>) => rebuildText({ ...report, ...change }, createTheme(false));

describe('a rebuild in words', () => {
  it('begins with the verdict and names what it trusts', () => {
    expect(text({})).toMatch(/^✓ digest-identical a\.example\/cc@sha256:/);
    expect(text({})).toContain('trust on first use');
  });

  it('shows layer → file → field, expected and found', () => {
    const words = text({
      verdict: 'different',
      accepted: false,
      first: { layer: 2, path: 'usr/bin/x', field: 'content', offset: 7, expected: 1, found: 2 },
    });
    expect(words).toMatch(/^✗ different/);
    expect(words).toMatch(/differs in\s+layer 2 → usr\/bin\/x → content at byte 7\n\s+expected\s+1\n\s+found\s+2/);
  });

  it('lists inputs that differ', () => {
    const difference = { name: 'source/src', field: 'digest', expected: { gitCommit: 'c' }, found: { gitCommit: 'd' } };
    const words = text({
      verdict: 'inputs-differ',
      accepted: false,
      inputs: { differences: [difference], packages: { count: 0, signedAgain: 0 } },
    });
    expect(words).toMatch(/input differs\s+source\/src \(digest\)\n.*gitCommit":"c"\}\n.*gitCommit":"d"/);
  });

  it('shows each step image', () => {
    const words = text({
      verdict: 'unproven',
      accepted: false,
      stepImages: [
        { image: 'a.example/builder@sha256:1', verdict: 'digest-identical', files: { local: 1, fromImage: 5 } },
        { image: 'a.example/gcc@sha256:2', verdict: 'no-recipe', reason: 'none' },
      ],
    });
    expect(words).toContain('✓ step image a.example/builder@sha256:1: digest-identical, 5 of its files by hash out of the image itself');
    expect(words).toContain('✗ step image a.example/gcc@sha256:2: no-recipe: none');
  });

  it('is the verifier’s report where nothing was proven', () => {
    const words = text({ verdict: 'not-verified', accepted: false, verification: { ...verification, verified: false } });
    expect(words).toMatch(/not verified[\s\S]*UNVERIFIED[\s\S]*nothing was rebuilt/);
  });

  it('lets no text of a stranger steer the terminal', () => {
    const words = text({ reason: 'a\u001b[2Jb', replay: { run: 'r', reason: '\u001b]0;x\u0007', message: '', seconds: 1 } });
    expect(words).toBe(stripVTControlCharacters(words));
    expect(words).not.toContain('\u0007');
  });
});
