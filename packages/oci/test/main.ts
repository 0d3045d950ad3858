// A registry in a process of its own: for the test that kills it, and for scripts/conformance-oci. Prints its address, serves until it is ended.
import { ociErrors } from '../src/index.ts';
import { serveRegistry } from './serve.ts';

const [, , directory = '', credentials] = process.argv;
const { host } = await serveRegistry(directory, {
  authorize(request) {
    if (credentials === undefined || request.headers.get('authorization') === `Basic ${Buffer.from(credentials).toString('base64')}`)
      return 'tester';
    throw ociErrors.error('OCI_UNAUTHORIZED', 'log in first');
  },
});
process.stdout.write(`${host}\n`);
