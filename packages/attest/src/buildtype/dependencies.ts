import { canonicalJson, canonicalJsonBytes, compareBytewise } from '@colophon/core';
import type { ResourceDescriptor } from '../statement/types.ts';
import type { BuildFacts, DefinitionFacts, InputFacts, PackageFacts, StepImageFacts } from './facts.ts';
import { hexOf } from './hex.ts';

/** All that went into the build, each with a digest that the control plane computed or verified, sorted by name and uri. */
export function dependencies({ definitions, inputs, stepImages }: BuildFacts): ResourceDescriptor[] {
  const all = [
    ...definitions.map(definition),
    ...inputs.map(input),
    ...inputs.flatMap(({ digest, packages = [] }) => packages.map((deb) => debianPackage(deb, digest['sha256']))),
    ...images(stepImages),
  ];
  const byKey = new Map(
    all.map((descriptor) => [`${descriptor.name}\u0000${descriptor.uri}\u0000${canonicalJson(descriptor)}`, descriptor]),
  );
  return [...byKey].sort(([left], [right]) => compareBytewise(left, right)).map(([, descriptor]) => descriptor);
}

/** A definition that is not written in the run itself stands here whole: who rebuilds must not have to find it. */
function definition({ kind, name, pipelineTask, spec, source, digest }: DefinitionFacts): ResourceDescriptor {
  const { kind: from, uri, revision, path } = source;
  return {
    name: pipelineTask === undefined ? `definition/${kind.toLowerCase()}` : `definition/task/${pipelineTask}`,
    ...(uri === undefined ? {} : { uri }),
    digest: { sha256: hexOf(digest) },
    mediaType: 'application/json',
    ...(from === 'inline' ? {} : { content: canonicalJsonBytes(spec).toString('base64') }),
    annotations: { kind, name, source: from, ...(revision === undefined ? {} : { revision }), ...(path === undefined ? {} : { path }) },
  };
}

function input({ workspace, kind, uri, revision, digest, path, snapshot, packages }: InputFacts): ResourceDescriptor {
  return {
    name: `${kind === 'source' ? 'source' : 'lock'}/${workspace}`,
    uri,
    digest,
    annotations: {
      workspace,
      ...(revision === undefined ? {} : { revision }),
      ...(path === undefined ? {} : { path }),
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(packages === undefined ? {} : { packages: packages.length }),
    },
  };
}

/** A package, and whose signature vouched for it: InRelease (by hash, signed by these keys) → Packages → this file. */
function debianPackage(deb: PackageFacts, lock: string | undefined): ResourceDescriptor {
  const { suite, path, size, source, sourceVersion, signedBy, inRelease } = deb;
  return {
    name: `package/${deb.name}`,
    uri: packageUrl(deb),
    digest: { sha256: deb.sha256 },
    annotations: {
      suite,
      path,
      size,
      inRelease: { sha256: inRelease },
      signedBy: [...signedBy].sort(compareBytewise),
      ...(lock === undefined ? {} : { lock: { sha256: lock } }),
      ...(source === undefined ? {} : { source }),
      ...(sourceVersion === undefined ? {} : { sourceVersion }),
    },
  };
}

/** Package URL, type deb (purl-spec, PURL-TYPES): `pkg:deb/debian/NAME@VERSION?arch=ARCH`. */
export function packageUrl({ name, version, architecture }: Pick<PackageFacts, 'name' | 'version' | 'architecture'>): string {
  const encode = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':');
  return `pkg:deb/debian/${encode(name)}@${encode(version)}?arch=${encode(architecture)}`;
}

/** One dependency for each image, with the steps that ran in it. */
function images(used: readonly StepImageFacts[]): ResourceDescriptor[] {
  const byImage = Map.groupBy(used, ({ repository, digest }) => `${repository}@${digest}`);
  return [...byImage.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [
      {
        name: 'image',
        uri: `oci://${first.repository}`,
        digest: { sha256: hexOf(first.digest) },
        annotations: {
          references: distinct(group.map(({ reference }) => reference)),
          steps: distinct(group.map(({ task, step }) => `${task}/${step}`)),
        },
      },
    ];
  });
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort(compareBytewise);
}
