import { catalogue } from '@colophon/core';

export const serverErrors = catalogue({
  SERVER_DATA_NEWER: {
    summary: 'the data directory was written by a newer Colophon',
    hint: 'Run that version, or restore a backup made before the upgrade.',
  },
  SERVER_DATA_LOCKED: { summary: 'another server uses the data directory', hint: 'Stop it, or choose another directory with --data.' },
  SERVER_DATA_UNSAFE: {
    summary: 'the data directory can be written by others',
    hint: 'chmod go-w it: whoever writes there controls every verdict.',
  },
  SERVER_PORT_TAKEN: { summary: 'the port is taken', hint: 'Choose another with --port, or 0 for any free one.' },
  SERVER_OPTION_INVALID: { summary: 'an option of the server is wrong', exit: 'usage' },
  SERVER_UNAUTHORIZED: {
    summary: 'the request carries no valid token',
    exit: 'auth',
    status: 401,
    hint: 'Send `Authorization: Bearer TOKEN`; the token is in DATA/admin.token.',
  },
  SERVER_FORBIDDEN: { summary: 'the token does not allow this', exit: 'auth', status: 403 },
  SERVER_HOST_REFUSED: {
    summary: 'the request names a host, or comes from a page, that this server does not serve',
    exit: 'auth',
    status: 403,
    hint: 'Name the public URL with --public-url.',
  },
  SERVER_PROCESS_FAILED: { summary: 'the runner or signer process ended or did not start', status: 503 },
  SERVER_WEBHOOK_SIGNATURE: { summary: "a webhook delivery is not signed with the repository's secret", exit: 'auth', status: 401 },
  SERVER_WEBHOOK_REPLAYED: { summary: 'a webhook delivery was seen before', status: 409 },
  SERVER_WEBHOOK_INVALID: { summary: 'a webhook delivery cannot be understood', status: 400 },
  SERVER_TOKENS_INVALID: {
    summary: 'the list of tokens is damaged',
    hint: 'Restore tokens.json from a backup, or delete it and admin.token: the next start makes a new administrator’s token.',
  },
  SERVER_TOKEN_UNKNOWN: { summary: 'there is no such token', exit: 'not-found', status: 404 },
  SERVER_BACKUP_INVALID: { summary: 'a backup is damaged or of another kind', exit: 'invalid' },
  SERVER_BACKUP_CHANGED: {
    summary: 'data was deleted while a backup copied it',
    hint: 'Nothing was written. Run the backup again.',
  },
  SERVER_DATA_MISSING: { summary: 'a directory is no data directory', exit: 'not-found', hint: 'Name it with --data.' },
  SERVER_RESTORE_REFUSED: {
    summary: 'a backup cannot be restored there',
    exit: 'usage',
    hint: 'Name a directory that is empty or does not exist.',
  },
  SERVER_MAINTENANCE: { summary: 'another backup or prune of the data directory is running', hint: 'Wait until it has ended.' },
  SERVER_NOT_FOUND: { summary: 'there is nothing at that address', exit: 'not-found', status: 404 },
  SERVER_INPUT_INVALID: { summary: 'a workspace binding of Colophon’s own drivers is wrong', exit: 'usage', status: 400 },
  SERVER_ADMISSION: { summary: 'a Tekton object is not valid, or asks for what is not supported', exit: 'usage', status: 400 },
  SERVER_BODY_TOO_LARGE: { summary: 'a request body is larger than allowed', status: 413 },
  SERVER_BODY_SLOW: { summary: 'a request body took too long to arrive', status: 408 },
});
