import { isColophonError } from '@colophon/core';
import type { ResourceType } from '@colophon/store';

/** meta/v1 Status: how Kubernetes says no. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Failure' | 'Success';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: Record<string, unknown>;
  readonly code?: number;
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  503: 'ServiceUnavailable',
};

/** A refusal that belongs to the protocol itself; it never leaves the routes. */
export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function failure(code: number, message: string, details?: Record<string, unknown>, reason = reasons[code]): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: reason ?? 'InternalError',
    ...(details === undefined ? {} : { details }),
    code,
  };
}

/** Any error as a Status. What is not ours stays in the server's log: the client reads only that something failed. */
export function statusOf(error: unknown, about?: { readonly type: ResourceType; readonly name?: string | undefined }): Status {
  const details =
    about === undefined
      ? undefined
      : {
          ...(about.name === undefined ? {} : { name: about.name }),
          ...(about.type.group === '' ? {} : { group: about.type.group }),
          kind: about.type.resource,
        };
  if (error instanceof Refusal) return failure(error.code, error.message, details);
  if (!isColophonError(error)) return failure(500, 'Internal error occurred: an unexpected failure; the server log has more', details);
  const causes = error.details?.['causes'];
  const extended = causes === undefined ? details : { ...details, causes };
  return failure(error.status, error.message, extended, error.code === 'STORE_ALREADY_EXISTS' ? 'AlreadyExists' : undefined);
}

export function notFound(type: ResourceType, name: string): Refusal {
  const plural = type.group === '' ? type.resource : `${type.resource}.${type.group}`;
  return new Refusal(404, `${plural} ${JSON.stringify(name)} not found`);
}
