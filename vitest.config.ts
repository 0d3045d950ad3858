import { defineConfig } from 'vitest/config';

// Tests run the sources, never a build that may be stale: the rooms resolve through the condition below.
export default defineConfig({
  resolve: { conditions: ['colophon-source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['colophon-source', 'node', 'import', 'default'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--conditions=colophon-source'],
    server: { deps: { inline: [/@colophon\//] } },
  },
});
