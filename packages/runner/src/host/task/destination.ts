import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runnerErrors } from '../../errors.ts';

/**
 * Where a path of a step leads in its image, with every link of the image resolved within the image, as the step itself would see it:
 * bubblewrap would follow a link out of it while it makes mount points. `root` is the unpacked image, which nobody writes to any more. Parts that are missing stay as
 * they are.
 */
export function resolveInImage(root: string, path: string): string {
  const done: string[] = [];
  const rest = path.split('/');
  let links = 0;
  while (rest.length > 0) {
    const part = rest.shift() as string;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const here = join(root, ...done, part);
    const target = linkTarget(here);
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > 40) throw runnerErrors.error('RUNNER_IMAGE_INVALID', `${path} goes through too many links in the image`);
    if (target.startsWith('/')) done.length = 0;
    rest.unshift(...target.split('/'));
  }
  return `/${done.join('/')}`;
}

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
  } catch {
    // Below something that is no directory: bubblewrap says so.
    return undefined;
  }
}
