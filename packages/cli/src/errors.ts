import { catalogue } from '@colophon/core';

export const cliErrors = catalogue({
  CLI_USAGE: { summary: 'a command was used in a wrong way', exit: 'usage' },
  CLI_SERVER_UNREACHABLE: {
    summary: 'no server answers',
    exit: 'error',
    hint: 'Start one with `colophon server`, or name it with --server.',
  },
  CLI_SERVER_REFUSED: { summary: 'the server refused the request', exit: 'error' },
  CLI_RUN_FAILED: { summary: 'the run did not succeed', exit: 'error' },
  CLI_RUN_TIMEOUT: { summary: 'the run did not end in time', exit: 'timeout' },
  CLI_NOT_FOUND: { summary: 'there is nothing of that name', exit: 'not-found' },
  CLI_FILE_INVALID: { summary: 'a file cannot be read or understood', exit: 'usage' },
});
