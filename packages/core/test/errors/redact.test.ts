import { describe, expect, it } from 'vitest';
import { redact } from '@colophon/core';

const secret = 'c0lophon-S3cret_value.of/some+length==';

describe('redact', () => {
  it.each([
    [`https://user:${secret.replaceAll('/', '')}@host/path`, 'https://***@host/path'],
    ['git clone https://token@github.com/a/b failed', 'git clone https://***@github.com/a/b failed'],
    [`ssh://git@host/x and postgres://u:p@db:5432/x`, 'ssh://***@host/x and postgres://***@db:5432/x'],
    [`Authorization: Bearer ${secret}`, 'Authorization: Bearer ***'],
    [`authorization=basic ${secret}`, 'authorization=basic ***'],
    [`{"authorization": "nothing"}`, `{"authorization": "nothing"}`],
    [`the header "Bearer ${secret}" was refused`, 'the header "Bearer ***" was refused'],
    ['a bearer of bad news', 'a bearer of bad news'],
    ['mail me@example.org', 'mail me@example.org'],
    ['https://host/path@version', 'https://host/path@version'],
  ])('%j becomes %j', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  // Each of these makes a pattern with nested or overlapping quantifiers take longer than a test may.
  it.each([
    ['a scheme that goes on', 'a'.repeat(500_000)],
    ['schemes without end', 'a://'.repeat(200_000)],
    ['user information that never ends', `https://${'u'.repeat(500_000)}`],
    ['many beginnings', 'http://a:'.repeat(100_000)],
    ['authorization and blanks', `authorization${' '.repeat(500_000)}`],
    ['authorization again and again', 'authorization: '.repeat(60_000)],
    ['bearers', 'bearer '.repeat(100_000)],
    ['a bearer without an end', `bearer ${'x'.repeat(1_000_000)}`],
    ['dots and plusses', 'a.+-'.repeat(200_000)],
  ])('is not slowed down by %s', (_what, text) => {
    expect(redact(text).length).toBeGreaterThan(0);
  });
});
