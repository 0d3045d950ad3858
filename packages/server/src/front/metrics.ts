import type { Log } from '@colophon/log';

export interface MetricSources {
  readonly log: Log;
  readonly attestor: { readonly size: number };
}

/** Prometheus' text format (exposition format 0.0.4). */
export function createMetrics({ log, attestor }: MetricSources): () => Promise<string> {
  return async () => {
    const memory = process.memoryUsage();
    const lines: [name: string, type: 'gauge' | 'counter', help: string, value: number][] = [
      ['colophon_log_entries', 'gauge', 'Entries that the published checkpoint covers', log.head.size],
      ['colophon_attestor_waiting_builds', 'gauge', 'Finished builds that are not attested yet', attestor.size],
      ['process_resident_memory_bytes', 'gauge', 'Resident memory of the front process', memory.rss],
      ['process_start_time_seconds', 'gauge', 'Start of the front process since 1970', Math.floor(Date.now() / 1000 - process.uptime())],
    ];
    return lines.map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`).join('');
  };
}
