import { catalogue } from '@colophon/core';

export const imageErrors = catalogue({
  IMAGE_SPEC_INVALID: {
    summary: 'an image specification is not valid',
    hint: 'Each line of the message names a place in the file; docs/formats/image-spec.md describes the format.',
    exit: 'usage',
    status: 400,
  },
  IMAGE_VARIANT_UNKNOWN: { summary: 'a variant was asked for that the specification does not have', exit: 'usage', status: 400 },
  IMAGE_PACKAGE_UNLOCKED: {
    summary: 'the specification names a package that the lock does not have',
    hint: 'Add it to the lock with `colophon lock`.',
    exit: 'usage',
    status: 400,
  },
  IMAGE_PACKAGE_MISSING: { summary: 'the file of a locked package is not there', exit: 'not-found', status: 404 },
  IMAGE_PACKAGE_MISMATCH: { summary: 'a package file is not the one that the lock names', exit: 'policy' },
  IMAGE_ARCHITECTURE: { summary: 'there is no lock, or no base image, for an architecture', exit: 'usage', status: 400 },
  IMAGE_BASE_MISSING: { summary: 'the specification stands on a base image that was not given', exit: 'usage', status: 400 },
  IMAGE_BASE_MISMATCH: { summary: 'the base image is not the one that the specification names', exit: 'policy' },
  IMAGE_ENTRY_REFUSED: { summary: 'a package or layer has an entry that no image may have: a device, a fifo, a whiteout', exit: 'policy' },
  IMAGE_PATH_CONFLICT: { summary: 'two parts of an image claim one path in ways that cannot both be', exit: 'policy' },
  IMAGE_LAYER_INVALID: { summary: 'a layer is not a well-formed, plain or gzip-compressed tar archive', exit: 'invalid' },
  IMAGE_LIMIT: { summary: 'a part of an image is larger than its limit allows', exit: 'policy' },
  IMAGE_FILE_MISSING: { summary: 'a local file that the specification names is not there', exit: 'usage', status: 400 },
  IMAGE_FILE_REFUSED: {
    summary: 'a local file leads out of its directory, or is neither file, directory nor symbolic link',
    exit: 'policy',
  },
  IMAGE_CONFIG_INVALID: { summary: 'an image’s manifest or configuration is malformed', exit: 'invalid' },
  IMAGE_NOT_FOUND: { summary: 'a layout does not hold the image that was asked for', exit: 'not-found', status: 404 },
});
