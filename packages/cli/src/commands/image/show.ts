import { showImage, type ShownImage } from '@colophon/image';
import { enabled, text, type Handler } from '../../command/command.ts';
import { bytes, printable, table } from '../../output/table.ts';
import type { Theme } from '../../output/theme.ts';
import { digestIn, openTarget } from './target.ts';

export const run: Handler = async (invocation) => {
  const [name = ''] = invocation.args;
  const target = await openTarget(name, text(invocation, 'tag'), invocation);
  try {
    const images = await showImage(target.layout, { digest: await digestIn(target) });
    const packages = enabled(invocation, 'packages');
    return { data: { image: name, images }, text: ({ theme }) => images.map((image) => shownText(image, packages, theme)).join('\n\n') };
  } finally {
    await target.close();
  }
};

/** Everything that a stranger's image says is made printable before it reaches the terminal. */
function shownText(image: ShownImage, packages: boolean, theme: Theme): string {
  const rows = image.layers.map(({ digest, size, createdBy }, index) => [
    `  ${index + 1}`,
    digest.slice(0, 19),
    bytes(size),
    printable(createdBy ?? '').slice(0, 100),
  ]);
  const facts = [
    ['  platform', printable(image.platform)],
    ['  created', printable(image.created ?? 'unknown')],
    ['  encoder', printable(image.encoder ?? 'unknown')],
    ['  size', `${bytes(image.size)} in ${image.layers.length} layers, ${image.entries} entries`],
    ['  packages', String(image.packages.length)],
    ...Object.entries(image.config).map(([key, value]) => [`  ${printable(key)}`, printable(JSON.stringify(value)).slice(0, 300)]),
  ];
  const listed = packages ? ['', table([['  PACKAGE', 'VERSION', 'ARCHITECTURE', 'LAYER'], ...image.packages.map(packageRow)])] : [];
  return [theme.bold(image.descriptor.digest), table(facts), '', table([['  LAYER', 'DIGEST', 'SIZE', 'FROM'], ...rows]), ...listed].join(
    '\n',
  );
}

function packageRow({ name, version, architecture, layer }: ShownImage['packages'][number]): string[] {
  return [`  ${printable(name)}`, printable(version), printable(architecture), String(layer)];
}
