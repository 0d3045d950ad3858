import type { Difference } from '@colophon/image';
import type { Theme } from '../../output/theme.ts';
import { printable } from '../../output/table.ts';
import { anchorText } from '../verify/text.ts';
import { verificationText } from '../verify/text.ts';
import type { RebuildReport, StepImageReport } from './report.ts';

/** The verdict first, then what it rests on. */
export function rebuildText(report: RebuildReport, theme: Theme): string {
  const { verdict, accepted, reason, image } = report;
  if (verdict === 'not-verified')
    return `${verificationText(report.verification, theme)}\n\n${theme.marks.failed} ${theme.bold('nothing was rebuilt')}: the provenance is not verified`;
  const line = (label: string, text: string) => `  ${theme.dim(label.padEnd(14))}${printable(text)}`;
  const paint = accepted ? theme.good : theme.bad;
  return [
    `${accepted ? theme.marks.passed : theme.marks.failed} ${theme.bold(paint(verdict))} ${printable(image)}`,
    `  ${printable(reason)}`,
    ...(report.first === undefined ? [] : firstLines(report.first, line)),
    ...inputLines(report, line),
    ...(report.rebuilt === undefined ? [] : [line('came out as', `${report.rebuilt.repository}@${report.rebuilt.digest}`)]),
    ...otherLines(report, line),
    ...(report.stepImages ?? []).flatMap((one) => stepImageLines(one, theme)),
    ...provenanceLines(report, line),
    ...report.verification.anchors.map((anchor) => `  ${theme.dim('trusting'.padEnd(14))}${anchorText(anchor, theme)}`),
    line('this time', `Colophon ${report.environment.colophon}, Node ${report.environment.node}`),
    ...(report.environment.kept ? [line('kept', report.environment.data)] : []),
  ].join('\n');
}

type Line = (label: string, text: string) => string;

function firstLines({ layer, path, field, offset, expected, found }: Difference, line: Line): string[] {
  const place = [
    ...(layer === undefined ? [] : [`layer ${layer}`]),
    ...(path === undefined ? [] : [path]),
    `${field}${offset === undefined ? '' : ` at byte ${offset}`}`,
  ];
  return [line('differs in', place.join(' → ')), line('expected', shorten(expected)), line('found', shorten(found))];
}

function inputLines({ inputs, recorded, replay }: RebuildReport, line: Line): string[] {
  return [
    ...(recorded?.sources ?? []).map(({ uri, commit }) => line('source', `${uri} at ${commit}`)),
    ...(recorded === undefined || recorded.packages === 0
      ? []
      : [
          line(
            'packages',
            `${recorded.packages}${inputs === undefined ? '' : `, an archive key vouched again for ${inputs.packages.signedAgain}`}`,
          ),
        ]),
    ...(recorded?.stepImages ?? []).map((image) => line('steps ran in', image)),
    ...(inputs?.differences ?? [])
      .slice(0, 20)
      .flatMap(({ name, field, expected, found }) => [
        line('input differs', `${name} (${field})`),
        line('  expected', shorten(expected)),
        line('  found', shorten(found)),
      ]),
    ...(replay === undefined
      ? []
      : [line('replayed', `${recorded?.run ?? replay.run} in ${replay.seconds.toFixed(1)} s: ${replay.reason}`)]),
  ];
}

function otherLines({ others = [] }: RebuildReport, line: Line): string[] {
  if (others.length === 0) return [];
  const same = others.filter(({ identical }) => identical).length;
  return [
    line('beside it', `${same} of ${others.length} other images of the build came out with their digest`),
    ...others.filter(({ identical }) => !identical).map(({ repository, digest }) => line('', `not ${repository}@${digest}`)),
  ];
}

function stepImageLines({ image, verdict, reason, first, files }: StepImageReport, theme: Theme): string[] {
  const mark = verdict === 'digest-identical' ? theme.marks.passed : theme.marks.failed;
  const taken = files === undefined || files.fromImage === 0 ? '' : `, ${files.fromImage} of its files by hash out of the image itself`;
  return [
    `  ${mark} step image ${printable(image)}: ${verdict}${taken}${reason === undefined ? '' : `: ${printable(reason)}`}`,
    ...(first === undefined ? [] : [`      ${printable(shorten(first))}`]),
  ];
}

function provenanceLines({ verification }: RebuildReport, line: Line): string[] {
  const [words] = verification.says.filter(({ builder }) => builder !== undefined);
  return words === undefined
    ? []
    : [line('provenance', `verified; built by ${words.builder}${words.finishedOn === undefined ? '' : ` until ${words.finishedOn}`}`)];
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
