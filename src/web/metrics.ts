/** One metric in Prometheus's text format 0.0.4. */
export interface Metric {
  /** Without the prefix `tros_yolo_seg_`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly value: number;
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function prometheusText(metrics: readonly Metric[]): string {
  const lines: string[] = [];
  for (const { name, type, help, samples } of metrics) {
    if (samples.length === 0) continue;
    const full = `tros_yolo_seg_${name}`;
    lines.push(
      `# HELP ${full} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}`,
      `# TYPE ${full} ${type}`,
    );
    for (const { labels = {}, value } of samples) {
      const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
      lines.push(`${full}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${numberText(value)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
