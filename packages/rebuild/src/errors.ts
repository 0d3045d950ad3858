import { catalogue } from '@colophon/core';

export const rebuildErrors = catalogue({
  REBUILD_NOT_REPLAYABLE: {
    summary: 'the provenance does not fix everything that the build saw, so it cannot be replayed',
    hint: 'Builds whose steps reach the network, Secrets, ConfigMaps or volumes that outlive the run cannot be replayed.',
    exit: 'policy',
  },
  REBUILD_RECORD_INVALID: { summary: 'the provenance contradicts itself or lacks what a replay needs', exit: 'invalid' },
  REBUILD_SUBJECT_UNKNOWN: { summary: 'the provenance is not about the image that should be rebuilt', exit: 'invalid' },
  REBUILD_FILE_MISSING: {
    summary: 'a local file that went into a step image cannot be had with the recorded content',
    exit: 'policy',
  },
});
