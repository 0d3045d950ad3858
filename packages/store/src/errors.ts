import { catalogue } from '@colophon/core';

export const storeErrors = catalogue({
  STORE_BLOB_UNKNOWN: { summary: 'there is no blob of that digest', exit: 'not-found', status: 404 },
  STORE_BLOB_MISMATCH: { summary: 'content does not have the digest that was announced', exit: 'invalid', status: 400 },
  STORE_BLOB_TOO_LARGE: { summary: 'content is larger than the limit', status: 413 },
  STORE_DISK_FULL: {
    summary: 'the disk is full',
    status: 507,
    hint: 'Free space on the data directory’s file system; `colophon prune` removes what nothing names.',
  },
  STORE_DATABASE_NEWER: { summary: 'a database was written by a newer Colophon', hint: 'Run that version, or restore a backup.' },
  STORE_DATABASE_FAILED: { summary: 'a database statement failed' },
  STORE_ALREADY_EXISTS: { summary: 'an object of that name exists already', status: 409 },
  STORE_NOT_FOUND: { summary: 'there is no object of that name', exit: 'not-found', status: 404 },
  STORE_CONFLICT: { summary: 'the object was changed by somebody else meanwhile', status: 409 },
  STORE_GONE: { summary: 'the resourceVersion is too old: list again', status: 410 },
  STORE_INVALID: { summary: 'an object or a request for it is malformed', exit: 'usage', status: 400 },
  STORE_CLOSED: { summary: 'the store is closed', status: 503 },
});
