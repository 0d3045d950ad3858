import { isRecord } from '../encoding/record.ts';
import { readBase64 } from '../encoding/base64.ts';
import { signErrors } from '../errors.ts';

/**
 * A strict view of a protobuf message in JSON form: members are asked for by type, a missing one is protobuf's zero value, and `done` refuses what
 * nobody asked for. null counts as missing (protobuf JSON mapping).
 */
export class Message {
  readonly #value: Record<string, unknown>;
  readonly #path: string;
  readonly #asked = new Set<string>();

  constructor(value: unknown, path: string) {
    if (!isRecord(value)) throw bundleInvalid(`${path} is not an object`);
    this.#value = value;
    this.#path = path;
  }

  get(name: string): unknown {
    this.#asked.add(name);
    return this.#value[name] ?? undefined;
  }

  has(name: string): boolean {
    return (this.#value[name] ?? undefined) !== undefined;
  }

  message(name: string): Message | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : new Message(value, `${this.#path}.${name}`);
  }

  need(name: string): Message {
    const message = this.message(name);
    if (message === undefined) throw this.fail(`has no ${name}`);
    return message;
  }

  list(name: string, limit: number): unknown[] {
    const value = this.get(name) ?? [];
    if (!Array.isArray(value) || value.length > limit) throw this.fail(`has a ${name} that is not a list of at most ${limit}`);
    return value as unknown[];
  }

  messages(name: string, limit: number): Message[] {
    return this.list(name, limit).map((item, index) => new Message(item, `${this.#path}.${name}[${index}]`));
  }

  text(name: string): string {
    const value = this.get(name) ?? '';
    if (typeof value !== 'string') throw this.fail(`has a ${name} that is not text`);
    return value;
  }

  bytes(name: string): Buffer {
    return this.decode(this.text(name), name);
  }

  bytesList(name: string, limit: number): Buffer[] {
    return this.list(name, limit).map((item) => this.decode(item, name));
  }

  needBytes(name: string): Buffer {
    const bytes = this.bytes(name);
    if (bytes.length === 0) throw this.fail(`has no ${name}`);
    return bytes;
  }

  /** int64: a decimal string or a number; refused below zero and beyond 2^53 - 1. */
  int64(name: string): number {
    const value = this.get(name) ?? 0;
    const number = typeof value === 'string' && /^(0|[1-9][0-9]{0,15})$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
      throw this.fail(`has a ${name} that is not a whole number from 0`);
    return number;
  }

  done(): void {
    for (const name of Object.keys(this.#value))
      if (!this.#asked.has(name)) throw this.fail(`has an unknown member ${JSON.stringify(name)}`);
  }

  fail(what: string): Error {
    return bundleInvalid(`${this.#path} ${what}`);
  }

  private decode(value: unknown, name: string): Buffer {
    const bytes = typeof value === 'string' ? readBase64(value) : undefined;
    if (bytes === undefined) throw this.fail(`has a ${name} that is not base64`);
    return bytes;
  }
}

export function bundleInvalid(what: string): Error {
  return signErrors.error('SIGN_BUNDLE_INVALID', what);
}
