interface Phase {
  readonly kind: 'shared' | 'exclusive';
  holders: number;
  readonly ended: Promise<void>;
  readonly end: () => void;
}

/** Many may hold a key together, or one alone. Within this process. */
export interface Gate {
  share<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
  exclude<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
}

export function createGate(): Gate {
  const phases = new Map<string, Phase>();

  async function enter<Result>(key: string, kind: Phase['kind'], work: () => Promise<Result>): Promise<Result> {
    for (let other = phases.get(key); other !== undefined; other = phases.get(key)) {
      if (kind === 'shared' && other.kind === 'shared') break;
      await other.ended;
    }
    // No await from the check to here: nobody came in between.
    let phase = phases.get(key);
    if (phase === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      phase = { kind, holders: 0, ended: promise, end: resolve };
      phases.set(key, phase);
    }
    phase.holders += 1;
    try {
      return await work();
    } finally {
      phase.holders -= 1;
      if (phase.holders === 0) {
        phases.delete(key);
        phase.end();
      }
    }
  }

  return { share: (key, work) => enter(key, 'shared', work), exclude: (key, work) => enter(key, 'exclusive', work) };
}
