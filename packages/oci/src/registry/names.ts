import { ociErrors } from '../errors.ts';
import { isRepositoryName, isTag } from '../reference/reference.ts';

export function checkName(repository: string): void {
  if (!isRepositoryName(repository))
    throw ociErrors.error('OCI_NAME_INVALID', `not a repository name: ${JSON.stringify(repository.slice(0, 300))}`);
}

export function checkTag(tag: string): void {
  if (!isTag(tag)) throw ociErrors.error('OCI_TAG_INVALID', `not a tag or digest: ${JSON.stringify(tag.slice(0, 200))}`);
}
