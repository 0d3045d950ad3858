import { createPackagesParser } from '../../src/archive/packages-parser.ts';
import { createUniverse, type Universe } from '../../src/resolve/universe.ts';

/** A universe from lines like `app 1.0: Depends: lib (>= 1); Multi-Arch: same`. */
export function universeOf(suites: Record<string, readonly string[]>): Universe {
  const indices = Object.entries(suites).map(([suite, lines]) => {
    const text = lines.map((line) => {
      const [head, ...rest] = line.split(': ') as [string, ...string[]];
      const [name, version = '1.0'] = head.split(' ');
      const fields = rest
        .join(': ')
        .split(/;\s*/)
        .filter((part) => part !== '');
      const given = fields.some((part) => part.startsWith('Architecture')) ? '' : 'Architecture: amd64\n';
      return `Package: ${name}\nVersion: ${version}\n${given}${fields.map((part) => `${part}\n`).join('')}Filename: pool/${name}.deb\nSize: 1\nSHA256: ${'0'.repeat(64)}\n`;
    });
    const parser = createPackagesParser(suite);
    parser.push(Buffer.from(text.join('\n')));
    return { suite, component: 'main', compact: parser.finish().compact };
  });
  return createUniverse('amd64', indices);
}
