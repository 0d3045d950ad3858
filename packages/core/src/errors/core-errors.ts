import { catalogue } from './catalogue.ts';

export const coreErrors = catalogue({
  CORE_INTERNAL: { summary: 'an unexpected failure inside Colophon', hint: 'Report it with the output of `colophon doctor`.' },
  CORE_DIGEST_INVALID: { summary: 'text that should be a digest is not one', exit: 'usage', status: 400 },
  CORE_JSON_INVALID: { summary: 'text that should be JSON is not, or has duplicate keys or a forbidden key', exit: 'invalid', status: 400 },
  CORE_CANONICAL_JSON: { summary: 'a value has no canonical JSON form', exit: 'invalid', status: 400 },
  CORE_PEM_INVALID: { summary: 'text that should be PEM is not', exit: 'usage', status: 400 },
  CORE_BASE64_INVALID: { summary: 'text that should be base64 is not', exit: 'invalid', status: 400 },
  CORE_IPC_CLOSED: { summary: 'the process at the other end of a private socket is gone', status: 503 },
  CORE_IPC_METHOD: { summary: 'a private socket was asked for something that it does not offer' },
  CORE_WORKER_FAILED: { summary: 'a worker thread ended unexpectedly' },
});
