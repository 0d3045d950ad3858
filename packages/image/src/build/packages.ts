import type { DebLimits, Lock, LockedPackage } from '@colophon/debian';
import { imageErrors } from '../errors.ts';
import { usrMergeLinks } from '../layer/links.ts';
import { documentation } from '../layer/select.ts';
import type { PackageOptions } from '../layer/package.ts';
import type { ImageSpec, PackageUse, VariantSpec } from '../spec/schema.ts';
import type { WantedPackage } from '../work/job.ts';

export interface PackageInputs {
  readonly lock: Lock | undefined;
  readonly debs: (sha256: string) => string | Promise<string>;
  readonly limits: Partial<DebLimits>;
}

/** The packages of a specification or variant, in its order, then those that its generated parts are made from. */
export function packageJobs(spec: ImageSpec, parts: VariantSpec, inputs: PackageInputs, has: (name: string) => boolean): WantedPackage[] {
  const wanted = parts.packages === 'all' ? (inputs.lock?.packages.map(({ name }) => name) ?? []) : (parts.packages ?? []);
  const uses: PackageUse[] = wanted
    .map((use) => (typeof use === 'string' ? { name: use } : use))
    .filter(({ name }) => parts.packages !== 'all' || !has(name));
  const { generate } = parts;
  const named = (name: string) => uses.some((use) => use.name === name) || has(name);
  if (generate?.busybox !== undefined && !named('busybox-static')) uses.push({ name: 'busybox-static' });
  if (generate?.locale !== undefined && !named('libc-bin')) uses.push({ name: 'libc-bin', include: ['usr/lib/locale/C.utf8/**'] });
  const jobs = uses.map((use) => packageJob(use, 'files', spec, inputs));
  return generate?.certificates === true ? [...jobs, packageJob({ name: 'ca-certificates' }, 'certificates', spec, inputs)] : jobs;
}

function packageJob(use: PackageUse, kind: PackageOptions['use'], spec: ImageSpec, inputs: PackageInputs): WantedPackage {
  const { name, version, architecture, sha256, size } = lockedPackage(use.name, inputs.lock);
  const exclude = (use.exclude ?? spec.exclude ?? []).flatMap((pattern) => (pattern === 'docs' ? documentation : [pattern]));
  return {
    kind: 'package',
    deb: () => inputs.debs(sha256),
    size,
    expected: { name, version, architecture, sha256 },
    options: {
      use: kind,
      ...(use.include === undefined ? {} : { include: use.include }),
      ...(exclude.length === 0 || kind !== 'files' ? {} : { exclude }),
      links: spec.usrMerge ? [...usrMergeLinks] : [],
    },
    limits: inputs.limits,
  };
}

function lockedPackage(name: string, lock: Lock | undefined): LockedPackage {
  const found = lock?.packages.find((one) => one.name === name);
  if (lock === undefined)
    throw imageErrors.error('IMAGE_PACKAGE_UNLOCKED', `the specification wants the package ${name}, but no lock was given`);
  if (found === undefined)
    throw imageErrors.error('IMAGE_PACKAGE_UNLOCKED', `the lock for ${lock.architecture} does not have the package ${name}`);
  return found;
}
