import { describe, expect, it } from 'vitest';
import { catalogue, ColophonError, coreErrors, errorCode, exitCodes, isColophonError, toErrorRecord, wrap } from '@colophon/core';

const errors = catalogue({
  TEST_PLAIN: { summary: 'plain' },
  TEST_FULL: { summary: 'full', hint: 'Do this.', exit: 'not-found', status: 404 },
});

describe('a catalogue', () => {
  it('makes errors with its hint, exit code and status, which the place that throws may know better', () => {
    expect(errors.error('TEST_PLAIN', 'x')).toMatchObject({ code: 'TEST_PLAIN', message: 'x', hint: undefined, exit: 1, status: 500 });
    expect(errors.error('TEST_FULL', 'x')).toMatchObject({ hint: 'Do this.', exit: 3, status: 404 });
    const cause = new Error('y');
    expect(errors.error('TEST_FULL', 'x', { hint: 'Do that.', status: 410, cause, details: { a: 1 } })).toMatchObject({
      hint: 'Do that.',
      status: 410,
      exit: 3,
      cause,
      details: { a: 1 },
    });
  });

  it('never says success', () => {
    expect(Object.values(exitCodes)).not.toContain(0);
    for (const entry of Object.values(coreErrors.entries)) expect(entry.summary).not.toMatch(/\.$/);
  });
});

describe('errors', () => {
  it('redact what they say', () => {
    const error = errors.error('TEST_PLAIN', 'cannot fetch https://u:secret@h/x', { hint: 'Authorization: Bearer abcdefgh' });
    expect(`${error.message} ${error.hint}`).not.toMatch(/secret|abcdefgh/);
  });

  it('cross a process boundary and come back', () => {
    const error = errors.error('TEST_FULL', 'x', { details: { found: 'y' } });
    const record = toErrorRecord(error);
    const back = ColophonError.fromRecord(structuredClone(record));
    expect(isColophonError(back)).toBe(true);
    expect(toErrorRecord(back)).toEqual(record);
  });

  it('wrap what is not theirs, and pass on what is', () => {
    const own = errors.error('TEST_PLAIN', 'x');
    expect(wrap(own, 'OTHER', 'y')).toBe(own);
    const cause = Object.assign(new Error('no entry'), { code: 'ENOENT' });
    expect(wrap(cause, 'OTHER', 'cannot read')).toMatchObject({ code: 'OTHER', message: 'cannot read: no entry', cause });
    expect(wrap('text', 'OTHER', 'odd').message).toBe('odd: text');
    expect([errorCode(cause), errorCode(own), errorCode(null), errorCode('x'), errorCode({ code: 5 })]).toEqual([
      'ENOENT',
      'TEST_PLAIN',
      undefined,
      undefined,
      undefined,
    ]);
    expect(toErrorRecord(new TypeError('inside'))).toMatchObject({ code: 'CORE_INTERNAL', status: 500 });
  });
});
