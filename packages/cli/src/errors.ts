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
  CLI_FILE_EXISTS: { summary: 'a file that would be made is there already', exit: 'usage' },
  CLI_PACKAGES_MISMATCH: {
    summary: 'a directory of packages holds a package that its lock does not name',
    hint: 'Every .deb in it must be one that lock.json names, by SHA-256.',
    exit: 'policy',
  },
  CLI_PASSWORD_MISSING: {
    summary: 'a password is needed and none was given',
    hint: 'Set COSIGN_PASSWORD or COLOPHON_KEY_PASSWORD, name a file with --password-file, or run it on a terminal. A password never goes on the command line.',
    exit: 'usage',
  },
  CLI_LOG_UNPROVEN: { summary: 'an entry or tree head of a log does not prove what it says', exit: 'policy' },
  CLI_LOG_ANSWER: { summary: 'a log answered with something that is not of the Rekor v1 API', exit: 'invalid' },
  CLI_SERVER_RUNS: { summary: 'a server is using the data directory', exit: 'usage' },
});
