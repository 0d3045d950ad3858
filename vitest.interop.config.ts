import { mergeConfig, defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

// Tests that drive real clients and servers (scripts/clients fetches them).
const merged = mergeConfig(base, defineConfig({ test: { testTimeout: 300_000, hookTimeout: 300_000 } }));
merged.test.include = ['packages/*/test/**/*.interop.ts'];
export default merged;
