import { createHash } from 'node:crypto';
import { digestOf, sha256Hex, type Digest } from '@colophon/core';
import { encoderId } from '../encoder/encoder.ts';
import { busyboxApplets } from '../parts/busybox.ts';
import type { Entry, EntryType } from '../tar/entry.ts';
import { readLibrary, type LibraryFacts } from './elf.ts';

/** What is remembered of an entry when its layer is not decoded again. */
export interface EntryFacts {
  readonly path: string;
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly size: number;
  readonly linkTarget?: string;
  /** Of files, lower-case hexadecimal. SPDX 2.3 wants SHA-1 (section 8.4); nothing here trusts it. */
  readonly sha1?: string;
  readonly sha256?: string;
  readonly library?: LibraryFacts;
  /** Text of the few small files that generated parts of an image are made from; of busybox, its applets' names. */
  readonly text?: string;
}

/** Facts of the Debian package that a layer was made from. */
export interface PackageFacts {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  readonly sourceVersion: string;
  /** SHA-256 of the .deb; unknown of packages of a base image. */
  readonly sha256?: string;
  readonly maintainer?: string;
  readonly homepage?: string;
  readonly summary?: string;
  /** Maintainer scripts and triggers that dpkg would have run, and nobody ran here. */
  readonly scripts: readonly string[];
  /** `files`: the package's files. `certificates`: only the bundle made of them. */
  readonly use: 'files' | 'certificates';
  /** False where `include` or `exclude` left something out. */
  readonly whole: boolean;
}

export interface LayerRecord {
  readonly encoder: string;
  /** Of the compressed layer. */
  readonly digest: Digest;
  readonly size: number;
  /** Of the tar archive. */
  readonly diffId: Digest;
  readonly tarSize: number;
  readonly entries: readonly EntryFacts[];
  readonly package?: PackageFacts;
}

const keptText =
  /^(?:etc\/(?:passwd|group|ld\.so\.conf|ld\.so\.conf\.d\/[^/]+\.conf)|usr\/lib\/os-release|var\/lib\/dpkg\/status\.d\/(?!.*\.md5sums$)[a-z0-9+.-]+)$/;
const libraryName = /(?:^|\/)(?:lib|ld-)[^/]*\.so[^/]*$/;

/** A layer of these entries from its two forms: the tar archive, and that as one gzip member of `colophon-deflate@1`. */
export function layerRecord(entries: readonly Entry[], tar: Buffer, blob: Buffer): LayerRecord {
  return {
    encoder: encoderId,
    digest: digestOf(blob),
    size: blob.length,
    diffId: digestOf(tar),
    tarSize: tar.length,
    entries: entries.map(factsOf),
  };
}

export function factsOf(entry: Entry): EntryFacts {
  const { content, ...rest } = entry;
  if (content === undefined) return { ...rest, size: 0 };
  const library = libraryName.test(entry.path) ? readLibrary(content) : undefined;
  return {
    ...rest,
    size: content.length,
    sha1: createHash('sha1').update(content).digest('hex'),
    sha256: sha256Hex(content),
    ...(library === undefined ? {} : { library }),
    ...textOf(entry.path, content),
  };
}

function textOf(path: string, content: Uint8Array): { text?: string } {
  if (path === 'usr/bin/busybox') return { text: busyboxApplets(content)?.join('\n') ?? '' };
  return keptText.test(path) && content.length <= 65536 ? { text: Buffer.from(content).toString('utf8') } : {};
}
