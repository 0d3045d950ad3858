export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * `WWW-Authenticate` (RFC 9110, 11.6.1), which may hold several challenges: Bearer before Basic, since a registry that offers it wants no passwords.
 * Undefined if there is neither.
 */
export function parseChallenge(header: string | null): Challenge | undefined {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  // A scheme stands alone; a parameter has a `=`. Both are tokens, so what follows tells them apart.
  const pattern = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/g;
  for (const [, token = '', quoted, plain] of (header ?? '').slice(0, 8192).matchAll(pattern)) {
    if (quoted === undefined && plain === undefined) challenges.push({ scheme: token.toLowerCase(), parameters: {} });
    else {
      const current = challenges.at(-1);
      if (current !== undefined) current.parameters[token.toLowerCase()] = plain ?? (quoted ?? '').replace(/\\(.)/g, '$1');
    }
  }
  const found = challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'basic');
  return found as Challenge | undefined;
}
