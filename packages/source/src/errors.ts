import { catalogue } from '@colophon/core';

export const sourceErrors = catalogue({
  SOURCE_URI_REFUSED: { summary: 'a source address is not of a kind that may be fetched', exit: 'policy', status: 400 },
  SOURCE_REVISION_UNKNOWN: { summary: 'the repository has no such revision', exit: 'not-found', status: 404 },
  SOURCE_FETCH_FAILED: {
    summary: 'git could not fetch from the repository',
    hint: 'Check that the address is right and reachable from this machine.',
  },
  SOURCE_OBJECT_INVALID: { summary: 'a git object is missing, or is not what its name says', exit: 'invalid' },
  SOURCE_TREE_REFUSED: { summary: 'a tree holds a name or an entry that is never checked out', exit: 'policy' },
  SOURCE_TOO_LARGE: {
    summary: 'a tree is larger than the limits allow',
    exit: 'policy',
    hint: 'Limits are set by the server configuration `source.limits`.',
  },
  SOURCE_PATH_UNKNOWN: { summary: 'the tree has no file at that path', exit: 'not-found', status: 404 },
  SOURCE_GIT_MISSING: { summary: 'git is not installed', hint: 'Install it: apt-get install git.' },
  SOURCE_PROXY_REFUSED: { summary: 'the proxy refused an address', exit: 'policy', status: 403 },
});
