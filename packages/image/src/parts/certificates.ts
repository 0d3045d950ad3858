import { imageErrors } from '../errors.ts';
import { directory, file, inOrder, type Entry } from '../tar/entry.ts';

const bundlePath = 'etc/ssl/certs/ca-certificates.crt';

/**
 * What the maintainer script of ca-certificates would make: every certificate under /usr/share/ca-certificates, joined in
 * the order of their paths, as distroless has it. `entries` are the package's, converted.
 */
export function certificateBundle(entries: readonly Entry[], name: string): Entry[] {
  const certificates = entries.filter(
    ({ path, type }) => type === 'file' && path.startsWith('usr/share/ca-certificates/') && path.endsWith('.crt'),
  );
  if (certificates.length === 0)
    throw imageErrors.error('IMAGE_PACKAGE_MISMATCH', `${name} has no certificates under /usr/share/ca-certificates`);
  const texts = certificates.map(({ content }) => Buffer.from(content as Uint8Array).toString('latin1'));
  const bundle = texts.map((text) => (text.endsWith('\n') ? text : `${text}\n`)).join('');
  const mtime = certificates.reduce((latest, entry) => Math.max(latest, entry.mtime), 0);
  const licences = entries.filter(({ path }) => path === `usr/share/doc/${name}/copyright`);
  const parents = [
    'etc',
    'etc/ssl',
    'etc/ssl/certs',
    ...(licences.length === 0 ? [] : ['usr', 'usr/share', 'usr/share/doc', `usr/share/doc/${name}`]),
  ];
  return inOrder([
    ...parents.map((path) => directory(path, { mtime })),
    file(bundlePath, Buffer.from(bundle, 'latin1'), { mtime }),
    ...licences,
  ]);
}
