import { digestOf } from '@colophon/core';
import { hashedrekord, intoto } from '../support-data.ts';
import type { Sent } from '../support/server.ts';
import type { Promised } from './judge.ts';

const json = { 'content-type': 'application/json' };
const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
const layer = Buffer.from('a layer that comes in chunks');
const maps = '/kubernetes/api/v1/namespaces/default/configmaps';

const blobs = /^blobs\/sha256\//;
const contentAndRegistry = {
  concerns: /^blobs\/sha256\/|^registry\.sqlite-wal$/,
  syncs: [/^blobs\/sha256\/[0-9a-f]{2}$/, /^registry\.sqlite-wal$/],
};
const objects = { concerns: /^objects\.sqlite-wal$/, syncs: [/^objects\.sqlite-wal$/] };
/** The journal holds the entry; the signer remembers what it signed before the signature leaves. */
const entry = { concerns: /^log\/journal|^keys\//, syncs: [/^log\/journal/, /^keys$/] };

export interface Step extends Promised {
  /** The answer of the request before gives the way on for the next piece of an upload. */
  readonly send: (location: string) => Sent;
}

/** What each acknowledgement promises, and the request that it answers. */
export function steps(): Step[] {
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length }],
  });
  const statement = { _type: 'https://in-toto.io/Statement/v1', subject: [], predicateType: 'https://example.org/p', predicate: {} };
  const piece = { 'content-type': 'application/octet-stream' };
  return [
    {
      name: 'registry: a blob',
      ...contentAndRegistry,
      send: () => ({ method: 'POST', path: `/v2/app/blobs/uploads/?digest=${digestOf(config)}`, headers: piece, body: config }),
    },
    { name: 'registry: an upload begins', concerns: /^$/, syncs: [], send: () => ({ method: 'POST', path: '/v2/app/blobs/uploads/' }) },
    {
      name: 'registry: a chunk',
      concerns: /^$/,
      syncs: [],
      send: (path) => ({ method: 'PATCH', path, headers: { ...piece, 'content-range': `0-${layer.length - 1}` }, body: layer }),
    },
    {
      name: 'registry: an upload ends',
      ...contentAndRegistry,
      send: (path) => ({ method: 'PUT', path: `${path}?digest=${digestOf(layer)}` }),
    },
    {
      name: 'registry: a manifest and its tag',
      ...contentAndRegistry,
      send: () => ({
        method: 'PUT',
        path: '/v2/app/manifests/latest',
        headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
        body: manifest,
      }),
    },
    {
      name: 'log: an entry',
      ...entry,
      send: () => ({ method: 'POST', path: '/api/v1/log/entries', headers: json, body: JSON.stringify(hashedrekord('strace')) }),
    },
    {
      name: 'log: an entry with its attestation',
      concerns: new RegExp(`${entry.concerns.source}|${blobs.source}`),
      syncs: [...entry.syncs, /^blobs\/sha256\/[0-9a-f]{2}$/],
      send: () => ({ method: 'POST', path: '/api/v1/log/entries', headers: json, body: JSON.stringify(intoto(statement).entry) }),
    },
    {
      name: 'store: an object is created',
      ...objects,
      send: () => ({
        method: 'POST',
        path: maps,
        headers: json,
        body: '{"metadata":{"name":"strace","namespace":"default"},"data":{"a":"b"}}',
      }),
    },
    {
      name: 'store: an object is changed',
      ...objects,
      send: () => ({
        method: 'PATCH',
        path: `${maps}/strace`,
        headers: { 'content-type': 'application/merge-patch+json' },
        body: '{"data":{"a":"c"}}',
      }),
    },
    { name: 'store: an object is deleted', ...objects, send: () => ({ method: 'DELETE', path: `${maps}/strace` }) },
  ];
}
