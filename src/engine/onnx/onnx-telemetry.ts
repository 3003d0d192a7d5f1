/**
 * Has ONNX Runtime collect nothing. To be called before it is loaded, on the main thread: workers have a copy of the variables, which
 * C++ does not see.
 *
 * Since 1.30 it also does so on Linux: it keeps a database in ~/.cache/Microsoft, leaves a log of each process in /tmp, and
 * uploads what it has. Users who want that set ORT_DISABLE_TELEMETRY=0.
 */
export function withoutTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
}
