import { fileURLToPath } from 'node:url';

/** The file that runs as the signer process, as source (.ts) or built (.js), whichever this is. */
export const signerModule = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url));
