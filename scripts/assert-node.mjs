// Every way in which the packaged Node can fail to be used is silent, so say it aloud.
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(`Colophon needs Node 24 or newer, but this is Node ${process.versions.node} (${process.execPath}).`);
  console.error('Run it through `npm run`, which finds the Node 24 that `npm ci` installs; `npm ci --omit=optional` leaves it out.');
  process.exit(1);
}
