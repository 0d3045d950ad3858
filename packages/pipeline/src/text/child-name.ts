import { createHash } from 'node:crypto';

const longest = 63;
const head = longest - 32;

/**
 * The name of a child object: parent and suffix, or, where that is longer than 63, a prefix with the MD5 of what was
 * cut (Knative's kmeta.ChildName, which Tekton uses; MD5 makes names here, it protects nothing).
 */
export function childName(parent: string, suffix: string): string {
  if (parent.length + suffix.length <= longest) return valid(parent + suffix);
  if (suffix.length < head) return valid(parent.slice(0, head - suffix.length) + md5(parent) + suffix);
  const name = parent.slice(0, head) + md5(parent + suffix);
  return valid(name + suffix.slice(0, longest - name.length));
}

/** Cutting may leave a dash or a dot at the end. */
function valid(name: string): string {
  return name.replace(/[^a-zA-Z0-9]+$/, '');
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
