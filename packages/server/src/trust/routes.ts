import { Hono } from 'hono';
import { signingConfig, trustedRoot } from './trusted-root.ts';

export interface TrustFacts {
  readonly publicUrl: () => URL;
  readonly provenanceKey: string;
  readonly logKey: string;
  /** RFC 3339: since when the log's key is used. */
  readonly validFrom: string;
  /** Signed description of the builder of a mode, or undefined if this machine has no such mode. */
  readonly builder: (mode: string) => Promise<object | undefined>;
}

/** What a verifier needs to know of this server: keys, trusted root, signing config, the builder's signed description. All public. */
export function createTrustRoutes(facts: TrustFacts): Hono {
  const app = new Hono();
  const base = () => facts.publicUrl().href.replace(/\/$/, '');
  app.get('/trust/trusted_root.json', (context) =>
    context.json(trustedRoot([{ baseUrl: base(), publicKey: facts.logKey, validFrom: facts.validFrom }])),
  );
  app.get('/trust/signing_config.json', (context) => context.json(signingConfig(base(), facts.validFrom)));
  app.get('/trust/provenance.pub', (context) => context.text(facts.provenanceKey));
  app.get('/trust/log.pub', (context) => context.text(facts.logKey));
  app.get('/builders/:mode', async (context) => {
    const description = await facts.builder(context.req.param('mode'));
    return description === undefined ? context.notFound() : context.json(description);
  });
  return app;
}
