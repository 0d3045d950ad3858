import { stat } from 'node:fs/promises';
import { join } from 'node:path';

export type Target = { readonly reference: string } | { readonly layout: { readonly directory: string; readonly image?: string } };

/** A folder of this machine is a layout; with `@DIGEST` or `:NAME` behind it, an image in it. Anything else is a reference. */
export async function targetOf(argument: string): Promise<Target> {
  const at = argument.indexOf('@');
  const colon = argument.lastIndexOf(':');
  const splits = [argument.length, ...(at > 0 ? [at] : []), ...(colon > 0 && at < 0 ? [colon] : [])];
  for (const end of splits) {
    const directory = argument.slice(0, end);
    if (!(await isLayout(directory))) continue;
    return { layout: { directory, ...(end === argument.length ? {} : { image: argument.slice(end + 1) }) } };
  }
  return { reference: argument };
}

async function isLayout(directory: string): Promise<boolean> {
  return stat(join(directory, 'oci-layout')).then(
    (found) => found.isFile(),
    () => false,
  );
}
