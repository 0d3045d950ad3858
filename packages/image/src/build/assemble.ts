import { imageErrors } from '../errors.ts';
import { followLinks } from '../layer/links.ts';
import type { LayerRecord } from '../layer/record.ts';
import { accountEntries } from '../parts/accounts.ts';
import { busyboxEntries } from '../parts/busybox.ts';
import { libraryCacheEntries } from '../parts/library-cache.ts';
import { nsswitchEntries, osReleaseEntries, pathEntries, rootEntries } from '../parts/system-files.ts';
import type { FilesSpec, ImageSpec, VariantSpec } from '../spec/schema.ts';
import { inOrder, type Entry } from '../tar/entry.ts';
import type { WantedPackage } from '../work/job.ts';
import { layerDescriptor, type LayerStore } from './layer-store.ts';
import type { ImageLayer } from './layer.ts';
import { packageJobs, type PackageInputs } from './packages.ts';
import { permissionEntries } from './permissions.ts';
import { createTree, type Tree } from './tree.ts';

export interface Assembly {
  readonly layers: readonly ImageLayer[];
  readonly tree: Tree;
}

export interface AssemblyContext extends PackageInputs {
  readonly spec: ImageSpec;
  readonly architecture: string;
  /** Seconds since 1970; no package's file is younger in the image. */
  readonly created: number;
  /** Directory of local files. */
  readonly files: string | undefined;
  readonly store: LayerStore;
  /** Bytes of a layer of the base. */
  readonly baseBlob: (layer: ImageLayer) => Promise<Buffer>;
}

/**
 * Puts the parts of a specification or variant on top of what is there, in a fixed order: root, packages as listed,
 * certificates, generated files, local files, permissions, ld.so.cache. Pure but for the layer store: the same inputs
 * give the same layers.
 */
export async function assemble(below: Assembly, parts: VariantSpec, first: boolean, context: AssemblyContext): Promise<Assembly> {
  const { spec, store } = context;
  const tree = below.tree.copy();
  const layers = [...below.layers];
  const push = (kind: ImageLayer['kind'], source: string, record: LayerRecord): void => {
    tree.apply(record.entries, layers.length, source);
    layers.push({
      descriptor: layerDescriptor(record),
      diffId: record.diffId,
      kind,
      source,
      entries: record.entries,
      ...(record.package === undefined ? {} : { package: record.package }),
    });
  };
  const generated = async (kind: ImageLayer['kind'], source: string, entries: readonly Entry[]): Promise<void> => {
    if (entries.length > 0) push(kind, source, await store.generated(tree.place(entries)));
  };

  const has = (name: string) => below.layers.some((layer) => layer.package?.name === name);
  const jobs = packageJobs(spec, parts, context, has);
  const records = await store.packages(jobs);
  if (first) await generated('root', 'root', rootOf(spec, parts, records, below));
  for (const [index, job] of jobs.entries()) {
    const record = await settled(job, records[index] as LayerRecord, tree, context);
    push(job.options.use === 'files' ? 'package' : 'certificates', `${job.expected.name}=${job.expected.version}`, record);
  }
  const { names, entries } = generatedParts(spec, parts, first, tree);
  await generated('generated', names.join(', '), entries);
  for (const file of parts.files ?? []) push('files', file.path, await localFiles(file, tree, context));
  const permissions = await permissionEntries(parts.paths ?? [], tree, (layer) => blobOf(layers[layer] as ImageLayer, context));
  await generated('permissions', 'permissions', permissions);
  if (wantsLibraryCache(spec, parts, first) && layers.slice(below.layers.length).some(hasLibraries)) {
    await generated('library-cache', 'ld.so.cache', libraryCacheEntries(tree, context.architecture));
  }
  return { layers, tree };
}

function rootOf(spec: ImageSpec, parts: VariantSpec, records: readonly LayerRecord[], below: Assembly): Entry[] {
  if (!(parts.generate?.root ?? below.layers.length === 0)) return [];
  const paths = new Set(records.flatMap(({ entries }) => entries.map(({ path }) => path)));
  return inOrder(rootEntries(spec.usrMerge, (path) => paths.has(path)));
}

/** A package is converted again where links of the tree below, or times later than the image's, show that it must be. */
async function settled(job: WantedPackage, record: LayerRecord, tree: Tree, context: AssemblyContext): Promise<LayerRecord> {
  let options = job.options;
  let current = record;
  for (let attempt = 0; attempt < 8; attempt++) {
    const known = new Set(options.links.map(([path]) => path));
    const links = tree.linksUnder(current.entries).filter(([path]) => !known.has(path));
    const late = options.clamp === undefined && current.entries.some(({ mtime }) => mtime > context.created);
    if (links.length === 0 && !late) return current;
    options = { ...options, links: [...options.links, ...links], ...(late ? { clamp: context.created } : {}) };
    current = (await context.store.packages([{ ...job, options }]))[0] as LayerRecord;
  }
  throw imageErrors.error('IMAGE_PATH_CONFLICT', `the paths of ${job.expected.name} lead through ever more symbolic links`);
}

function generatedParts(spec: ImageSpec, parts: VariantSpec, first: boolean, tree: Tree): { names: string[]; entries: Entry[] } {
  const { generate } = parts;
  const text = (path: string) => tree.get(path)?.text;
  const accounts =
    first && spec.accounts !== undefined ? accountEntries(spec.accounts, { passwd: text('etc/passwd'), group: text('etc/group') }) : [];
  const groups: [string, Entry[]][] = [
    ['accounts', accounts],
    ['nsswitch', generate?.nsswitch === true ? nsswitchEntries() : []],
    ['os-release', generate?.osRelease === undefined ? [] : osReleaseEntries(generate.osRelease)],
    ['busybox', generate?.busybox === undefined ? [] : busyboxLinks(generate.busybox, tree)],
    ['paths', pathEntries(parts.paths ?? [])],
  ];
  const used = groups.filter(([, entries]) => entries.length > 0);
  return { names: used.map(([name]) => name), entries: used.flatMap(([, entries]) => entries) };
}

function busyboxLinks(directory: string, tree: Tree): Entry[] {
  const applets = tree.get('usr/bin/busybox')?.text;
  if (!applets) throw imageErrors.error('IMAGE_PACKAGE_MISMATCH', 'the list of applets was not found in /usr/bin/busybox');
  return busyboxEntries(directory, applets.split('\n'));
}

async function localFiles(file: FilesSpec, tree: Tree, context: AssemblyContext): Promise<LayerRecord> {
  if (context.files === undefined)
    throw imageErrors.error('IMAGE_FILE_MISSING', `the specification wants ${file.source}, but no directory of local files was given`);
  const path = followLinks(file.path === '/' ? '.' : file.path.slice(1), tree.links, true);
  const mode = file.mode === undefined ? {} : { mode: Number.parseInt(file.mode, 8) };
  const files = { source: file.source, path, ...mode, uid: file.user, gid: file.group, mtime: 0 };
  const [record] = await context.store.files([{ kind: 'files', root: context.files, files, parents: tree.parents(path) }]);
  const [link] = tree.linksUnder((record as LayerRecord).entries);
  if (link !== undefined)
    throw imageErrors.error('IMAGE_PATH_CONFLICT', `${file.source} has entries below /${link[0]}, which is a symbolic link in the image`);
  return record as LayerRecord;
}

function blobOf(layer: ImageLayer, context: AssemblyContext): Promise<Buffer> {
  return layer.kind === 'base' ? context.baseBlob(layer) : context.store.blob(layer.descriptor);
}

function wantsLibraryCache(spec: ImageSpec, parts: VariantSpec, first: boolean): boolean {
  return (first ? parts.generate?.libraryCache : (parts.generate?.libraryCache ?? spec.generate?.libraryCache)) === true;
}

function hasLibraries(layer: ImageLayer): boolean {
  return layer.entries?.some(({ library, path }) => library !== undefined || path.startsWith('etc/ld.so.conf')) ?? false;
}

export const emptyAssembly: Assembly = { layers: [], tree: createTree() };
