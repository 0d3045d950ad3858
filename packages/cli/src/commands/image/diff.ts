import type { Digest } from '@colophon/core';
import { diffImages, type DiffVerdict, type ImageDiff } from '@colophon/image';
import { text, type Handler } from '../../command/command.ts';
import { printable } from '../../output/table.ts';
import type { Theme } from '../../output/theme.ts';
import { digestIn, openTarget } from './target.ts';

/** Documented with the command. */
const exits: Readonly<Record<DiffVerdict, number>> = {
  'digest-identical': 0,
  'diffid-identical': 10,
  'content-identical': 11,
  different: 12,
};

export const run: Handler = async (invocation) => {
  const [left = '', right = ''] = invocation.args;
  const tag = text(invocation, 'tag');
  const one = await openTarget(left, tag, invocation);
  try {
    const other = await openTarget(right, text(invocation, 'tagB') ?? tag, invocation);
    try {
      const [expected, found] = [await digestIn(one), await digestIn(other)];
      const diff = await diffImages(one.layout, expected, other.layout, found);
      const data = {
        verdict: diff.verdict,
        expected: { image: left, digest: expected },
        found: { image: right, digest: found },
        ...(diff.first === undefined ? {} : { first: diff.first }),
      };
      return { data, text: ({ theme }) => diffText(diff, expected, found, theme), exit: exits[diff.verdict] };
    } finally {
      await other.close();
    }
  } finally {
    await one.close();
  }
};

function diffText({ verdict, first }: ImageDiff, expected: Digest, found: Digest, theme: Theme): string {
  const mark = verdict === 'digest-identical' ? theme.marks.passed : verdict === 'different' ? theme.marks.failed : theme.marks.skipped;
  const lines = [`${mark} ${theme.bold(verdict)}`, `  expected ${expected}`, `  found    ${found}`];
  if (first !== undefined) {
    const place = [
      first.layer === undefined ? [] : [`layer ${first.layer}`],
      first.path === undefined ? [] : [printable(first.path)],
      [first.field],
    ]
      .flat()
      .join(' → ');
    lines.push(`  first difference: ${place}${first.offset === undefined ? '' : ` at byte ${first.offset}`}`);
    lines.push(
      `    expected ${printable(JSON.stringify(first.expected)).slice(0, 300)}`,
      `    found    ${printable(JSON.stringify(first.found)).slice(0, 300)}`,
    );
  }
  return lines.join('\n');
}
